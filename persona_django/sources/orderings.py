"""Families put in one order, and that same order within each level of categories and a brand."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.families import Families
from persona_django.sources.levels import OF_THE_SHOP, Level

Among = NDArray[np.bool_] | None
"""By row of the families: which of them count; None: all do."""
_Grouped = tuple[NDArray[np.int64], NDArray[np.int32]]
"""Rows gathered by a code, and the sorted codes beside them."""


class Ordering:
    """Families on sale, best first, ready to be cut: overall, by level of category, by brand.

    Sensitive families are left out of the overall order and of a brand's: they may only appear
    beside their own kind, which the cuts by category serve.
    """

    def __init__(self, families: Families, rows: NDArray[np.int64]) -> None:
        """`rows` are rows of `families`, best first, each at most once; -1 are skipped."""
        known = rows[rows >= 0]
        self._families = families
        self._rows = known[families.on_sale[known]]
        self._levels: dict[int, _Grouped] = {}

    @cached_property
    def _public(self) -> NDArray[np.int64]:
        return self._rows[~self._families.sensitive[self._rows]]

    @cached_property
    def _by_brand(self) -> _Grouped:
        return _grouped(self._public, self._families.brand)

    def _by_level(self, depth: int) -> _Grouped:
        """By category at one level of the paths, 0 the top of the shop."""
        if depth not in self._levels:
            self._levels[depth] = _grouped(self._rows, self._families.above[:, depth])
        return self._levels[depth]

    def first(self, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best families of the whole shop, or of those `among` is true for."""
        rows = self._public if among is None else self._public[among[self._public]]
        return self._families.group_id[rows[:limit]]

    def near(
        self, row: int, limit: int, among: Among = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Group ids of the best of the same category, then of each category above it, and the
        depth in the path at which each was found."""
        above = self._families.above[row]
        found: dict[int, int] = {}
        for depth in range(int(np.count_nonzero(above >= 0)) - 1, -1, -1):
            # The wider cut repeats the narrower one, in which each keeps its place.
            for one in _cut(*self._by_level(depth), above[depth], limit, among).tolist():
                found.setdefault(one, depth)
            if len(found) >= limit:
                break
        rows = np.array([*found][:limit], dtype=np.int64)
        return self._families.group_id[rows], np.array([*found.values()][:limit], dtype=np.int64)

    def of_brand(self, row: int, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best of the same brand."""
        rows = _cut(*self._by_brand, self._families.brand[row], limit, among)
        return self._families.group_id[rows]

    def known_near(self, row: int) -> list[tuple[Level, int]]:
        """For each level that a family can back off to, from the nearest on, how many families of
        it stand in this order."""
        families, everything = self._families, len(self._rows)
        counts = [
            (level, len(_cut(*self._by_level(depth), families.above[row, depth], everything)))
            for depth, level in enumerate(families.levels_of(row))
        ][::-1]
        if (brand := families.brand_of(row)) is not None:
            counts.append((brand, len(self.of_brand(row, everything))))
        return [*counts, (OF_THE_SHOP, len(self._public))]


def _grouped(rows: NDArray[np.int64], codes: NDArray[np.int32]) -> _Grouped:
    """Rows gathered by code, in their order within each, with the sorted codes beside them."""
    code = codes[rows]
    order = np.argsort(code, kind="stable")
    return rows[order], code[order]


def _cut(
    rows: NDArray[np.int64],
    codes: NDArray[np.int32],
    code: np.int32,
    limit: int,
    among: Among = None,
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
