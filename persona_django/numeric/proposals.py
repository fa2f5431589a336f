"""What is proposed to many cases at once, and the pool of what several ways propose to them.

A case is one question: somebody's history, for which items are wanted. A page asks one, an
evaluation thousands; both run through these columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import (
    best_of_each,
    distinct,
    firsts,
    places_within,
    sort_order,
)

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """Items proposed to cases, each once a case, by case and then by item.

    Parameters
    ----------
    case : (n,) int64, number of the case, ascending
    item : (n,) int64, item codes, ascending within a case
    score : (n,) float64, how much speaks for it; comparable only within one way of proposing
    """

    case: IntArray
    item: IntArray
    score: FloatArray

    def __len__(self) -> int:
        return len(self.case)

    def best(self, k: int) -> Proposals:
        """The k best of each case, still by item; of equal ones the lower item code.

        >>> some = Proposals(case=np.zeros(3, int), item=np.arange(3), score=np.array([1., 3, 2]))
        >>> some.best(2).item
        array([1, 2])
        """
        if np.bincount(self.case).max(initial=0) <= k:
            return self
        kept = np.sort(best_of_each(self.case, self.score, k=k))
        return Proposals(case=self.case[kept], item=self.item[kept], score=self.score[kept])


def summed(case: IntArray, item: IntArray, score: FloatArray, *, n_items: int) -> Proposals:
    """Proposals from votes in any order: what several votes say for one item is added up.

    Parameters
    ----------
    case, item : (n,) int64, aligned; item codes 0 to n_items - 1
    score : (n,) float64
    n_items : items there are

    >>> summed(np.array([0, 0]), np.array([5, 5]), np.array([1.0, 2.0]), n_items=9).score
    array([3.])
    """
    pair = case * n_items + item
    order = sort_order(pair)
    pair = pair[order]
    begins = firsts(pair)
    pair = pair[begins]
    total = np.add.reduceat(score[order], begins) if len(begins) else np.empty(0)
    case = pair // max(n_items, 1)
    return Proposals(case=case, item=pair - case * n_items, score=total)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """What several ways propose to the same cases, with a column of scores for each way.

    Parameters
    ----------
    case, item : (n,) int64, by case and then by item, each pair once
    scores : by name of the way, (n,) float64; 0 where it does not know the item
    n_cases : cases there are, also those to which nothing is proposed
    """

    case: IntArray
    item: IntArray
    scores: Mapping[str, FloatArray]
    n_cases: int

    def __len__(self) -> int:
        return len(self.case)


def pooled(
    proposals: Mapping[str, Proposals], limits: Mapping[str, int], *, n_cases: int, n_items: int
) -> Pool:
    """The best proposals of each way together, each with what every way says of it.

    Parameters
    ----------
    proposals : by name of the way; of all it knows, not only the best
    limits : by name, how many of its best come in for each case; 0 for a way that only speaks
        about what others propose
    n_cases, n_items : cases and items there are

    Raises
    ------
    KeyError : a way has no limit

    >>> one = Proposals(case=np.zeros(2, int), item=np.array([3, 4]), score=np.array([1.0, 2.0]))
    >>> pool = pooled({"a": one, "b": one.best(1)}, {"a": 1, "b": 0}, n_cases=1, n_items=9)
    >>> pool.item, pool.scores["a"]
    (array([4]), array([2.]))
    """
    keys = {name: part.case * n_items + part.item for name, part in proposals.items()}
    chosen = [np.empty(0, np.int64)]
    for name, part in proposals.items():
        if limits[name]:
            best = part.best(limits[name])
            chosen.append(best.case * n_items + best.item)
    pair = distinct(np.concatenate(chosen))
    scores = {name: looked_up(keys[name], part.score, pair) for name, part in proposals.items()}
    case = pair // max(n_items, 1)
    return Pool(case=case, item=pair - case * n_items, scores=scores, n_cases=n_cases)


def looked_up(keys: IntArray, values: NDArray[Any], wanted: IntArray) -> FloatArray:
    """The value of each wanted key, 0 where there is none.

    Parameters
    ----------
    keys : (m,) int64, ascending, each once
    values : (m,) numbers
    wanted : (n,) int64

    Returns
    -------
    (n,) float64

    >>> looked_up(np.array([3, 7]), np.array([0.5, 2.0]), np.array([7, 4]))
    array([2., 0.])
    """
    if not len(keys):
        return np.zeros(len(wanted))
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0.0)


def ranks(case: IntArray, score: FloatArray) -> IntArray:
    """The place, from 0, of each entry among those of its case by score; equal ones as they stand.

    Parameters
    ----------
    case : (n,) int64, ascending
    score : (n,) float64

    Returns
    -------
    (n,) int64

    >>> ranks(np.array([0, 0, 1]), np.array([1.0, 2.0, 1.0]))
    array([1, 0, 0])
    """
    order = np.lexsort((-score, case))
    place = np.empty(len(case), np.int64)
    place[order] = places_within(np.bincount(case))
    return place


def lists(case: IntArray, item: IntArray, score: FloatArray, *, k: int, n_cases: int) -> IntArray:
    """The k best items of each case, best first; of equal ones the lower item code.

    Parameters
    ----------
    case, item : (n,) int64, by case and then by item
    score : (n,) float64
    k : 0 or more
    n_cases : cases there are, also those with nothing to list

    Returns
    -------
    (n_cases, k) int64 item codes; -1 for an empty place

    >>> lists(np.array([0, 0]), np.array([3, 4]), np.array([1.0, 2.0]), k=3, n_cases=1)
    array([[ 4,  3, -1]])
    """
    best = best_of_each(case, score, k=k)
    out = np.full((n_cases, k), -1, dtype=np.int64)
    place = places_within(np.bincount(case[best], minlength=n_cases))
    out[case[best], place] = item[best]
    return out
