"""Which items were found useful after which search: the best of each, by what a crowd did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.similarity import shrink_by_support
from persona_django.numeric.sorting import best_of_each, coded

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best items of each search, those of one search together, best first.

    Parameters
    ----------
    query, item : (n,) int64, codes as they were given
    score : (n,) float64, above 0; comparable within one search
    visitors : (n,) int64, distinct visitors behind it: those of its strongest evidence, never the
        sum, because one visitor may have looked and bought
    """

    query: IntArray
    item: IntArray
    score: FloatArray
    visitors: IntArray

    def __len__(self) -> int:
        return len(self.item)


def best_finds(
    query: IntArray,
    item: IntArray,
    weight: FloatArray,
    visitors: IntArray,
    *,
    k: int,
    prior: float,
    discount: float,
) -> Found:
    """Add up what is known of each pair of search and item, and keep the best of each search.

    Parameters
    ----------
    query, item : (n,) int64, codes from 0; a pair may stand several times, once for each kind of
        evidence of it
    weight : (n,) float64, 0 or more, what one visitor of that kind counts, age included
    visitors : (n,) int64, 1 or more, distinct visitors behind that kind of evidence
    k : items kept of each search, 1 or more
    prior : visitors, above 0, at which a score keeps half its size
    discount : 0 or more, how hard an item is held back that is found after everything; 0.5 is
        the cosine

    Returns
    -------
    Found; ties are broken by the item's code, so the same evidence gives the same lists

    Raises
    ------
    ValueError : columns differ in length, a weight is negative, or `k` is below 1

    References
    ----------
    The cosine and its shrinkage as in `numeric.similarity`, over the graph of queries and clicks
    of Craswell and Szummer, "Random walks on the click graph", SIGIR 2007.

    >>> found = best_finds(
    ...     np.array([0, 0, 0]), np.array([7, 8, 8]), np.array([1.0, 1.0, 5.0]),
    ...     np.array([10, 10, 10]), k=1, prior=10.0, discount=0.5,
    ... )
    >>> found.item, found.visitors
    (array([8]), array([10]))
    """
    if not len(query) == len(item) == len(weight) == len(visitors):
        raise ValueError("query, item, weight and visitors must be equally long")
    if k < 1:
        raise ValueError(f"at least one item must be kept of each search, got {k}")
    if (weight < 0).any():
        raise ValueError("what was done after a search cannot weigh less than nothing")
    counted = np.flatnonzero(weight * visitors > 0)
    if not len(counted):
        nothing = np.empty(0, dtype=np.int64)
        return Found(query=nothing, item=nothing, score=np.empty(0), visitors=nothing)
    query, item, visitors = query[counted], item[counted], visitors[counted]
    said = weight[counted] * visitors
    width = int(item.max()) + 1
    pair, pairs = coded(query * width + item)
    total = np.bincount(pair, weights=said)
    support = np.zeros(len(pairs), dtype=np.int64)
    np.maximum.at(support, pair, visitors)
    of_query = np.bincount(query, weights=said)[pairs // width]
    of_item = np.bincount(item, weights=said)[pairs % width]
    score = shrink_by_support(total / (of_query * of_item) ** discount, support, prior=prior)
    best = best_of_each(pairs // width, score, k=k)
    return Found(
        query=pairs[best] // width,
        item=pairs[best] % width,
        score=score[best],
        visitors=support[best],
    )
