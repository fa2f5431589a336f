"""Families put in one order, and that same order within a category and a department."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.families import Families

Among = NDArray[np.bool_] | None
"""By row of the families: which of them count; None: all do."""


class Ordering:
    """Families on sale, best first, ready to be cut: overall, by department, by category.

    Sensitive families are left out of the overall order: they may only appear beside their own
    kind, which the cuts by category serve.
    """

    def __init__(self, families: Families, rows: NDArray[np.int64]) -> None:
        """`rows` are rows of `families`, best first, each at most once; -1 are skipped."""
        known = rows[rows >= 0]
        self._families = families
        self._rows = known[families.on_sale[known]]

    @cached_property
    def _public(self) -> NDArray[np.int64]:
        return self._rows[~self._families.sensitive[self._rows]]

    @cached_property
    def _by_category(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        return _grouped(self._rows, self._families.category)

    @cached_property
    def _by_department(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        return _grouped(self._rows, self._families.department)

    def first(self, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best families of the whole shop, or of those `among` is true for."""
        rows = self._public if among is None else self._public[among[self._public]]
        return self._families.group_id[rows[:limit]]

    def near(self, row: int, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best of the same category, then of the same department."""
        families = self._families
        same = _cut(*self._by_category, families.category[row], limit, among)
        if len(same) < limit:
            wider = _cut(*self._by_department, families.department[row], limit + len(same), among)
            # The wider cut repeats the narrower one; keys of a dictionary keep the first place.
            same = np.array([*dict.fromkeys([*same.tolist(), *wider.tolist()])][:limit], np.int64)
        return families.group_id[same]


def _grouped(
    rows: NDArray[np.int64], codes: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows gathered by code, in their order within each, with the sorted codes beside them."""
    code = codes[rows]
    order = np.argsort(code, kind="stable")
    return rows[order], code[order]


def _cut(
    rows: NDArray[np.int64], codes: NDArray[np.int32], code: np.int32, limit: int, among: Among
) -> NDArray[np.int64]:
    if code < 0:
        return rows[:0]
    start, end = np.searchsorted(codes, [code, code + 1])
    if among is None:
        return rows[start : min(end, start + limit)]
    here = rows[start:end]
    return here[among[here]][:limit]


def ordering_by_score(
    families: Families, group_id: NDArray[np.int64], score: NDArray[np.float64]
) -> Ordering:
    """Best score first, equal scores by family so that two processes agree."""
    usable = np.isfinite(score) & (score > 0)
    group_id, score = group_id[usable], score[usable]
    return Ordering(families, families.rows_of(group_id[np.lexsort((group_id, -score))]))


def ordering_by_age(families: Families) -> Ordering:
    """Newest first; of those published together the last one added comes first."""
    return Ordering(families, np.lexsort((-families.group_id, -families.published_at)))
