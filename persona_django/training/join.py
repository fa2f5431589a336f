"""One list of neighbours from several kinds of evidence, as what was looked at and bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.chance import People
from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.sorting import best_of_each, distinct, firsts, sort_order

BLOCK_ITEMS = 1_024
"""Items joined at a time, which bounds memory, and leaves room beside a score in one number."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Neighbours learnt from one kind of evidence, gated by that evidence's own crowd."""

    neighbours: Neighbours
    item_ids: NDArray[np.int64]
    squares: NDArray[np.float64]
    """(n_items,) sum of squared weights of each item: the square of its norm."""
    people: People
    """Who stands behind each item; of one kind of evidence."""


def join(*parts: Part, k: int, discount: float) -> tuple[Neighbours, NDArray]:
    """The `k` best neighbours over all parts, and the items they speak of.

    The score is the cosine over all kinds of evidence side by side. The norms are those of all
    of it, also of a part that found no pair. What a part adds to a pair's product counts only
    where that part passed its own gate, so that a single buyer behind a pair of viewers adds
    nothing at all. Supports are those of the strongest part, never their sum, because one shopper
    may be in several. Parts should bring more than `k` neighbours of an item: what is cut off
    from their lists is not added up. One part alone is taken as it is. Scores are told apart as
    far as they are kept, as float32.
    """
    parts = tuple(part for part in parts if len(part.item_ids))
    if not parts:
        return Neighbours.empty(n_items=0), np.empty(0, dtype=np.int64)
    if len(parts) == 1:
        return parts[0].neighbours, parts[0].item_ids
    item_ids = distinct(np.concatenate([part.item_ids for part in parts]))
    n = len(item_ids)
    squares = np.zeros(n)
    item_support = np.zeros(n, dtype=np.int32)
    for part in parts:
        place = np.searchsorted(item_ids, part.item_ids)
        squares[place] += part.squares
        item_support[place] = np.maximum(item_support[place], part.neighbours.item_support)
    lists = [_Pairs.of(part, item_ids, discount=discount) for part in parts]
    scale = squares**discount
    blocks = [
        _best_of(lists, low, min(low + BLOCK_ITEMS, n), scale, k=k)
        for low in range(0, n, BLOCK_ITEMS)
    ]
    row, item, score, support, llr = (
        np.concatenate(column) for column in zip(*blocks, strict=True)
    )
    joined = Neighbours(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]).astype(np.int64),
        item=item.astype(np.int32),
        score=score.astype(np.float32),
        support=support.astype(np.int32),
        llr=llr.astype(np.float32),
        item_support=item_support,
        owners=max(part.neighbours.owners for part in parts),
    )
    return joined, item_ids


def people_behind(*parts: Part, item_ids: NDArray[np.int64]) -> People:
    """Who stands behind the items of a joined list, each kind of evidence for itself."""
    if not parts:
        return People.none(n_items=len(item_ids))
    leading = np.zeros((len(parts), len(item_ids)), dtype=np.int32)
    for kind, part in enumerate(parts):
        leading[kind, np.searchsorted(item_ids, part.item_ids)] = part.people.leading[0]
    everyone = np.concatenate([part.people.everyone for part in parts])
    return People(leading=leading, everyone=everyone)


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """The pairs of one part by first item, each from both sides, before any norm.

    A pair that is in the list of one of its two items only is given to the other as well: the
    longer lists of other parts must not decide from which side it counts.
    """

    row: NDArray[np.int64]
    """First item of each listed pair, ascending."""
    item: NDArray[np.int64]
    by_item: NDArray[np.int64]
    """Pairs in order of the second item."""
    product: NDArray[np.float64]
    support: NDArray[np.int32]
    llr: NDArray[np.float32]

    @classmethod
    def of(cls, part: Part, item_ids: NDArray[np.int64], *, discount: float) -> _Pairs:
        found = part.neighbours
        place = np.searchsorted(item_ids, part.item_ids)
        row = np.repeat(np.arange(len(part.item_ids)), np.diff(found.indptr))
        norms = (part.squares[row] * part.squares[found.item]) ** discount
        item = place[found.item]
        return cls(
            row=place[row],
            item=item,
            by_item=sort_order(item),
            product=found.score * norms,
            support=found.support,
            llr=found.llr,
        )

    def between(self, low: int, high: int, n: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Pair number, product, support and likelihood where the first item is in a range."""
        own = np.arange(*np.searchsorted(self.row, [low, high]))
        turned = self.by_item[slice(*np.searchsorted(self.item, [low, high], sorter=self.by_item))]
        pair = np.concatenate(
            [self.row[own] * n + self.item[own], self.item[turned] * n + self.row[turned]]
        )
        order = sort_order(pair)
        pair = pair[order]
        first = firsts(pair)
        pair, at = pair[first], np.concatenate([own, turned])[order[first]]
        return pair, self.product[at], self.support[at], self.llr[at]


def _best_of(
    lists: Sequence[_Pairs], low: int, high: int, scale: NDArray[np.float64], *, k: int
) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """Row, item, score, support and likelihood of the best of some items, over all parts."""
    n = len(scale)
    columns = [pairs.between(low, high, n) for pairs in lists]
    pair, product, support, llr = (np.concatenate(column) for column in zip(*columns, strict=True))
    pair, product, support, llr = _summed(pair, product, support, llr)
    row, item = pair // n, pair % n
    score = (product / (scale[row] * scale[item])).astype(np.float32)
    best = best_of_each(row - low, score, k=k)
    return row[best], item[best], score[best], support[best], llr[best]


def _summed(
    pair: NDArray[np.int64], product: NDArray, support: NDArray, llr: NDArray
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    if not len(pair):
        return pair, product, support, llr
    order = sort_order(pair)
    pair = pair[order]
    starts = firsts(pair)
    return (
        pair[starts],
        np.add.reduceat(product[order].astype(np.float64), starts),
        np.maximum.reduceat(support[order], starts),
        np.maximum.reduceat(llr[order], starts),
    )
