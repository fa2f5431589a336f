"""Families put in one order, and that same order within each level of categories and a brand."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.families import Families
from persona_django.sources.levels import OF_THE_SHOP, Aisle, Level

Among = NDArray[np.bool_] | None
"""By row of the families: which of them count; None: all do."""
ScoreOf = Callable[[NDArray[Any]], NDArray[Any]]
"""Rows of the families to their scores, of which the highest is the best; what has none above 0
does not stand in the order."""

HEAD = 128
"""The best that are kept of a cut: a block asks for a hundred at most, unless it is told more."""
MOST_HEADS = 1_000
"""Cuts of which an order keeps the head, some hundred bytes each; the least used goes first. A cut
without one costs the more, the more families it has."""

_SHOP, _BRAND = -1, -2
"""Stand in the place of a level's depth."""
_PUBLIC = -3
"""And this less a level's depth for what of it may be shown anywhere."""


class Ordering:
    """Families on sale, best first, ready to be cut: overall, by level of category, by brand.

    No order of everything is ever made: a cut looks for the best among its own families, whose
    scores it asks for then. So one more order costs no time until it is cut, and little memory.

    Sensitive families are left out of the overall order, of a brand's and of an aisle's: they may
    only appear beside their own kind, which the cuts by the category of a row serve.
    """

    def __init__(self, families: Families, score_of: ScoreOf) -> None:
        self._families = families
        self._score_of = score_of
        # Not a method, by which each order would hold itself.
        self._head = lru_cache(maxsize=MOST_HEADS)(partial(_best_of, families, score_of))

    def ready(self) -> Ordering:
        """Itself, once the best of the whole shop are found: for whoever takes in what is new, so
        that no page has to look through everything."""
        self.first(HEAD)
        return self

    def first(self, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best families of the whole shop, or of those `among` is true for."""
        return self._families.group_id[self._cut(_SHOP, 0, limit, among)]

    def of_aisle(self, aisle: Aisle, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best of one category and of all below it."""
        if aisle.code < 0:
            return self._families.group_id[:0]
        return self._families.group_id[self._cut(_PUBLIC - aisle.depth, aisle.code, limit, among)]

    def near(
        self, row: int, limit: int, among: Among = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Group ids of the best of the same category, then of each category above it, and the
        depth in the path at which each was found."""
        above = self._families.above[row]
        found: dict[int, int] = {}
        for depth in range(int(np.count_nonzero(above >= 0)) - 1, -1, -1):
            # The wider cut repeats the narrower one, in which each keeps its place.
            for one in self._cut(depth, int(above[depth]), limit, among).tolist():
                found.setdefault(one, depth)
            if len(found) >= limit:
                break
        rows = np.array([*found][:limit], dtype=np.int64)
        return self._families.group_id[rows], np.array([*found.values()][:limit], dtype=np.int64)

    def of_brand(self, row: int, limit: int, among: Among = None) -> NDArray[np.int64]:
        """Group ids of the best of the same brand."""
        code = int(self._families.brand[row])
        return self._families.group_id[self._cut(_BRAND, code, limit, among)]

    def known_near(self, row: int) -> list[tuple[Level, int]]:
        """For each level that a family can back off to, from the nearest on, how many families of
        it stand in this order."""
        families = self._families
        counts = [
            (level, self._known(depth, int(families.above[row, depth])))
            for depth, level in enumerate(families.levels_of(row))
        ][::-1]
        if (brand := families.brand_of(row)) is not None:
            counts.append((brand, self._known(_BRAND, int(families.brand[row]))))
        return [*counts, (OF_THE_SHOP, self._known(_SHOP, 0))]

    def _known(self, depth: int, code: int) -> int:
        score = self._score_of(_rows_of(self._families, depth, code))
        return int(np.count_nonzero(_is_usable(score)))

    def _cut(self, depth: int, code: int, limit: int, among: Among) -> NDArray[Any]:
        if among is None:
            return self._head(depth, code, max(limit, HEAD))[:limit]
        rows = _rows_of(self._families, depth, code)
        rows = rows[among[rows]]
        return best(rows, self._score_of(rows), limit)


def _rows_of(families: Families, depth: int, code: int) -> NDArray[Any]:
    """All rows of a cut, ascending."""
    if depth == _SHOP:
        return families.public
    if depth == _BRAND:
        return families.of_brand(code)
    if depth > _PUBLIC:
        return families.at_level(depth, code)
    rows = families.at_level(_PUBLIC - depth, code)
    return rows[~families.sensitive[rows]]


def _best_of(
    families: Families, score_of: ScoreOf, depth: int, code: int, limit: int
) -> NDArray[Any]:
    rows = _rows_of(families, depth, code)
    return best(rows, score_of(rows), limit)


def best(rows: NDArray[Any], score: NDArray[Any], limit: int) -> NDArray[Any]:
    """Rows with the highest scores, best first, at most `limit`; rows come in ascending.

    Of equal scores the first row comes first, also where only some of them find a place, so that
    two processes agree. Scores that are no numbers or not above 0 are left out.
    """
    usable = np.flatnonzero(_is_usable(score))
    rows, score = rows[usable], score[usable]
    if len(rows) > limit:
        least = np.partition(score, len(score) - limit)[len(score) - limit]
        picked = score > least
        picked[np.flatnonzero(score == least)[: limit - np.count_nonzero(picked)]] = True
        rows, score = rows[picked], score[picked]
    return rows[np.argsort(-score, kind="stable")]


def _is_usable(score: NDArray[Any]) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = np.isfinite(score) & (score > 0)
    return usable


def ordering_by_score(
    families: Families, group_id: NDArray[np.int64], score: NDArray[np.float64]
) -> Ordering:
    """Best score first, equal scores by family so that two processes agree."""
    rows = families.rows_of(group_id)
    by_row = np.zeros(len(families))
    by_row[rows[rows >= 0]] = score[rows >= 0]
    return Ordering(families, by_row.__getitem__).ready()


def ordering_by_age(families: Families) -> Ordering:
    """Newest first; of those published together the last one added comes first."""
    rank = np.empty(len(families), dtype=np.int32)
    rank[np.argsort(families.published_at, kind="stable")] = np.arange(1, len(families) + 1)
    return Ordering(families, rank.__getitem__).ready()
