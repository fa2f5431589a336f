"""Pairs that a person vouches for: shoppers made up for them, whom real ones outweigh in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.sorting import places_within, sort_order

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TAKES_BACK = 0.01
"""What each shopper who met the first item takes off the strength. Without it the root of a cosine
would keep a pair that nobody wants in a short list for ever."""


@dataclass(frozen=True, kw_only=True)
class SuggestedPairs:
    """What shall stand beside what, and as if how many shoppers had shown so.

    Parameters
    ----------
    first : (m,) int64, item code in whose list the other shall stand
    second : (m,) int64, item code of the other
    strength : (m,) float64, shoppers, above 0 and finite
    first_met, second_met : (m,) int64, real shoppers who met the one and the other, 0 or more

    Raises
    ------
    ValueError : the columns differ in length, a pair stands twice or is an item with itself, or a
        strength is out of its range

    >>> SuggestedPairs(first=np.array([0]), second=np.array([0]), strength=np.array([9.0]),
    ...     first_met=np.array([0]), second_met=np.array([0]))
    Traceback (most recent call last):
    ...
    ValueError: no item is suggested beside itself
    """

    first: IntArray
    second: IntArray
    strength: FloatArray
    first_met: IntArray
    second_met: IntArray

    def __post_init__(self) -> None:
        if len({len(column) for column in vars(self).values()}) > 1:
            raise ValueError("each pair has two items, who met them, and a strength")
        if (self.first == self.second).any():
            raise ValueError("no item is suggested beside itself")
        if not ((self.strength > 0) & (self.strength < np.inf)).all():
            raise ValueError("a strength is a number of shoppers above 0")
        order = np.lexsort((self.second, self.first))
        again = (np.diff(self.first[order]) == 0) & (np.diff(self.second[order]) == 0)
        if again.any():
            raise ValueError("each pair is suggested once")

    def __len__(self) -> int:
        return len(self.first)


def suggested_score(
    score: NDArray[np.floating],
    support: NDArray[np.integer],
    *,
    strength: FloatArray,
    first: IntArray,
    second: IntArray,
    prior: float,
    tilt: float = 0.5,
) -> FloatArray:
    """What pairs are worth when made-up shoppers stand beside the real ones.

    With N and M the shoppers who met the first and the second item, m the strength, of which each
    of the N takes back a hundredth, t the tilt, and c the pair's similarity before it was pulled
    towards zero,

        m' = max(m - N / 100, 0)
        x  = min(c * N ** (1 - t) * M ** t, N, M)

        x + m'                                     s + m'
        ------------------------------------  *  ------------
        (N + m') ** (1 - t) * (M + m') ** t      s + m' + p

    and never less than the score of the evidence alone: x is how many of N and M share both, were
    all alike, and the first fraction is the same similarity with m' more who do. It lies between c
    and 1, which is what those m' alone would give; the second is `shrink_by_support` of them all.
    So it rises with the strength and with every shopper who takes both, and falls with every one
    who takes the first without the second, until evidence alone is left.

    Parameters
    ----------
    score : (n,) of the evidence, shrunk; 0 where it shows nothing
    support : (n,) distinct shoppers behind the score; 0 where it is 0
    strength : (n,) float64, shoppers, above 0
    first, second : (n,) int64, shoppers who met the one and the other item, 0 or more
    prior : shoppers, 0 or more, that the evidence was shrunk by
    tilt : 0 to 1; ½ for the cosine, the popularity discount for followers

    Returns
    -------
    (n,) float64, 0 to 1 where the scores are, and never below them

    Raises
    ------
    ValueError : an option or a count is out of its range

    References
    ----------
    A conjugate prior counts as that many observations made before: Gelman et al., "Bayesian data
    analysis", 3rd ed., 2013, chapter 2.4. How fast evidence outweighs it is the shrinkage of Efron
    and Morris, "Stein's estimation rule and its competitors", JASA 68, 1973.

    >>> met = np.array([0, 20, 500, 2_000])
    >>> suggested_score(np.zeros(4), np.zeros(4, int), strength=np.full(4, 20.0), first=met,
    ...     second=np.zeros(4, int), prior=10.0).round(3)
    array([0.667, 0.469, 0.102, 0.   ])
    """
    if not 0 <= tilt <= 1:
        raise ValueError(f"tilt must be 0 to 1, got {tilt}")
    if not 0 <= prior < np.inf:
        raise ValueError(f"prior must be 0 shoppers or more, got {prior}")
    if min(first.min(initial=0), second.min(initial=0), support.min(initial=0)) < 0:
        raise ValueError("shoppers are counted, so they cannot be fewer than 0")
    score = score.astype(np.float64)
    left = np.maximum(strength - TAKES_BACK * first, 0.0)
    whole = score * (support + prior) / np.maximum(support, 1)
    together = whole * np.power(first, 1 - tilt, dtype=float) * np.power(second, tilt, dtype=float)
    together = np.minimum(together, np.minimum(first, second))
    sure = np.zeros_like(score)
    np.divide(support + left, support + left + prior, out=sure, where=left > 0)
    # Where nothing is left of the word nobody may have met either item.
    everyone = np.power(first + left, 1 - tilt) * np.power(second + left, tilt)
    found = np.zeros_like(score)
    np.divide((together + left) * sure, everyone, out=found, where=left > 0)
    return np.maximum(found, score)


def with_suggested(
    found: Neighbours,
    pairs: SuggestedPairs,
    *,
    k: int,
    prior: float,
    tilt: float = 0.5,
    scale: FloatArray | None = None,
) -> Neighbours:
    """The same neighbours, with what is suggested put in its place in the lists concerned.

    Supports, likelihoods and gaps stay those of real shoppers: all 0 for a pair that only the
    word holds there. Lists of which nothing is suggested stay as they are.

    Parameters
    ----------
    found : of the evidence alone
    pairs : in the item codes of `found`
    k : neighbours kept for each item, 1 or more
    prior, tilt : as of `suggested_score`
    scale : (m,) float64 above 0, by which the scores of the evidence of each pair's items are a
        multiple of a similarity from 0 to 1; None: they are such similarities

    Raises
    ------
    ValueError : k is below 1, or as of `suggested_score`

    >>> pairs = SuggestedPairs(first=np.array([1]), second=np.array([0]),
    ...     strength=np.array([30.0]), first_met=np.array([0]), second_met=np.array([0]))
    >>> found = with_suggested(Neighbours.empty(n_items=2), pairs, k=5, prior=10.0)
    >>> found.indptr, found.item.tolist(), found.score.tolist(), found.support.tolist()
    (array([0, 0, 1]), [0], [0.75], [0])
    """
    if k < 1:
        raise ValueError(f"at least one neighbour must be kept, got k={k}")
    n = len(found.item_support)
    row = np.repeat(np.arange(n), np.diff(found.indptr))
    is_concerned = np.zeros(n, dtype=bool)
    is_concerned[pairs.first] = True
    own = np.flatnonzero(is_concerned[row])
    # Where each pair stands in the lists already; one past the end: nowhere.
    at = _places(row[own] * n + found.item[own], pairs.first * n + pairs.second)
    is_there = at < len(own)
    score = np.concatenate([found.score[own], np.zeros(len(pairs), np.float32)])
    support = np.concatenate([found.support[own], np.zeros(len(pairs), np.int32)])
    at = np.where(is_there, at, len(own) + np.arange(len(pairs)))
    times = np.ones(len(pairs)) if scale is None else scale
    score[at] = times * suggested_score(
        score[at] / times,
        support[at],
        strength=pairs.strength,
        first=pairs.first_met,
        second=pairs.second_met,
        prior=prior,
        tilt=tilt,
    )
    rows = np.concatenate([row[own], pairs.first])
    items = np.concatenate([found.item[own], pairs.second]).astype(np.int32)
    best = np.lexsort((items, -score, rows))
    best = best[score[best] > 0]
    best = best[places_within(np.bincount(rows[best], minlength=n)) < k]
    others = np.flatnonzero(~is_concerned[row])
    every = np.concatenate([row[others], rows[best]])
    order = sort_order(every)

    def column(values: NDArray, ours: NDArray | None = None) -> NDArray:
        if ours is None:
            ours = np.concatenate([values[own], np.zeros(len(pairs), values.dtype)])
        return np.concatenate([values[others], ours[best]])[order]

    return replace(
        found,
        indptr=np.concatenate([[0], np.cumsum(np.bincount(every, minlength=n))]).astype(np.int64),
        item=column(found.item, items),
        score=column(found.score, score),
        support=column(found.support),
        llr=column(found.llr),
        gap=None if found.gap is None else column(found.gap),
    )


def widened(found: Neighbours, place: IntArray, *, n_items: int) -> Neighbours:
    """The same neighbours among more items.

    Parameters
    ----------
    place : (n,) int64, ascending, the new code of each item
    n_items : items there are then

    >>> widened(Neighbours.empty(n_items=1), np.array([2]), n_items=4).indptr
    array([0, 0, 0, 0, 0])
    """
    counts = np.zeros(n_items, dtype=np.int64)
    counts[place] = np.diff(found.indptr)
    item_support = np.zeros(n_items, dtype=np.int32)
    item_support[place] = found.item_support
    return replace(
        found,
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        item=place[found.item].astype(np.int32),
        item_support=item_support,
    )


def _places(keys: IntArray, wanted: IntArray) -> IntArray:
    """Where each wanted number stands among distinct keys in any order; their count: nowhere."""
    order = sort_order(keys)
    place = np.searchsorted(keys[order], wanted)
    order = np.append(order, len(keys))
    is_there = np.append(keys[order[:-1]], -1)[place] == wanted
    return np.where(is_there, order[place], len(keys))
