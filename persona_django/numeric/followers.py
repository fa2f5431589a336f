"""What comes after an item, in visits or in a customer's orders: relations that have a direction.

A case is bought after the phone and not before it, which no relation of sets can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.similarity import log_likelihood_ratio
from persona_django.numeric.sorting import best_of_each, count_distinct, firsts, sort_order

IntArray = NDArray[np.int64]
Progress = Callable[[int, int], None]
BLOCK_PAIRS = 4_000_000
"""Places times reach looked at together, which bounds memory to some 300 MB where moments hold one
item each; one item is the least."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Rows of items in the order in which they came.

    Parameters
    ----------
    indptr : (n_rows + 1,) int64, where each row begins; starts with 0
    item : (nnz,) int64, item codes 0 to n_items - 1, oldest first within a row
    at : (nnz,) int64, seconds since 1970 UTC, never falling within a row; items of one moment,
        such as those of one order, do not follow each other
    owner : (n_rows,) int64, codes 0 to n_owners - 1 of the shopper behind each row
    n_items : items there are
    n_owners : distinct shoppers there are

    Raises
    ------
    ValueError : the columns do not fit together, or a time falls
    """

    indptr: IntArray
    item: IntArray
    at: IntArray
    owner: IntArray
    n_items: int
    n_owners: int

    def __post_init__(self) -> None:
        n = len(self.item)
        sound = len(self.indptr) == len(self.owner) + 1 and len(self.at) == n
        if not sound or self.indptr[0] != 0 or self.indptr[-1] != n:
            raise ValueError("rows must cover all items, with one time each and one owner a row")
        within = np.ones(n, dtype=bool)
        within[self.indptr[:-1][self.indptr[:-1] < n]] = False
        if (np.diff(self.at, prepend=0)[within] < 0).any():
            raise ValueError("within a row the oldest comes first")
        if n and not 0 <= self.item.min() <= self.item.max() < self.n_items:
            raise ValueError(f"items must be numbers from 0 to {self.n_items - 1}")


@dataclass(frozen=True, kw_only=True)
class Followers:
    """Neighbours that come afterwards, and how long afterwards they typically do.

    Parameters
    ----------
    neighbours : those that follow each item, best first
    gap : (nnz,) float32, seconds, the median over the rows
    """

    neighbours: Neighbours
    gap: NDArray[np.float32]


def followers(
    steps: Steps,
    *,
    k: int,
    reach: int,
    fade: float,
    min_support: int,
    min_llr: float,
    prior: float,
    discount: float,
    progress: Progress | None = None,
) -> Followers:
    """The items that best follow each item, for reasons that more than a few shoppers gave.

    Within a row an item is followed by those of at most `reach` moments further on, the one d
    moments on with a strength of fade ** (d - 1); of several times in one row the nearest counts.
    With
    n the rows that hold an item, the score of j after i is

        sum of the strengths / (n[i] ** (1 - discount) * n[j] ** discount) * s / (s + prior)

    where s is the support, the distinct owners of rows in which j follows i.

    Parameters
    ----------
    steps : rows in order of time
    k : followers kept for each item, 1 or more
    reach : moments, 1 or more: items of a visit looked at one after the other, or orders
    fade : above 0, to 1; 1 counts all within reach alike
    min_support : distinct owners behind a pair, 1 or more
    min_llr : log-likelihood ratio of j after i, against rows that hold each anywhere, 0 or more
    prior : owners, 0 or more; the support at which a score keeps half its size
    discount : 0 to 1; 0 is the chance that j comes next, more holds popular items back
    progress : told the items done and all items; what it raises stops the work

    Raises
    ------
    ValueError : an option is out of its range

    References
    ----------
    Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 2018, for
    sequential rules, whose strength fades with the distance.

    >>> steps = Steps(indptr=np.array([0, 3]), item=np.array([0, 1, 2]), at=np.arange(3),
    ...     owner=np.array([0]), n_items=3, n_owners=1)
    >>> found = followers(steps, k=5, reach=2, fade=0.5, min_support=1, min_llr=0.0, prior=0.0,
    ...     discount=0.0)
    >>> found.neighbours.indptr, found.neighbours.item.tolist(), found.neighbours.score.tolist()
    (array([0, 2, 3, 3]), [1, 2, 2], [1.0, 0.5, 1.0])
    >>> found.gap.tolist()
    [1.0, 2.0, 1.0]
    """
    _refuse(k=k, reach=reach, fade=fade, min_support=min_support, prior=prior, discount=discount)
    if not 0 <= min_llr < np.inf:
        raise ValueError(f"min_llr must be 0 or more, got {min_llr}")
    row = np.repeat(np.arange(len(steps.owner)), np.diff(steps.indptr))
    moment = np.cumsum(
        np.diff(row, prepend=0).astype(bool) | np.diff(steps.at, prepend=0).astype(bool)
    )
    rows_of = count_distinct(steps.item, row, n_items=steps.n_items)
    owners_of = count_distinct(steps.item, steps.owner[row], n_items=steps.n_items)
    scale_first = np.power(np.maximum(rows_of, 1.0), discount - 1)
    scale_next = np.power(np.maximum(rows_of, 1.0), -discount)
    by_item = sort_order(steps.item)
    ends = np.concatenate([[0], np.cumsum(np.bincount(steps.item, minlength=steps.n_items))])
    counts, parts = np.zeros(steps.n_items, np.int64), []
    low = 0
    while low < steps.n_items:
        high = int(np.searchsorted(ends, ends[low] + BLOCK_PAIRS // reach, side="right")) - 1
        high = min(max(high, low + 1), steps.n_items)
        pairs = _pairs(steps, by_item[ends[low] : ends[high]], row, moment, reach=reach, fade=fade)
        first, second = pairs.first, pairs.second
        with np.errstate(over="ignore"):
            score = pairs.strength * (scale_first[first] * scale_next[second])
            score = (score * (pairs.support / (pairs.support + prior))).astype(np.float32)
        llr = log_likelihood_ratio(pairs.rows, rows_of[first], rows_of[second], len(steps.owner))
        kept = (pairs.support >= min_support) & (llr >= min_llr) & (score > 0)
        # Followers of an item ascend already, so ties are left by item code.
        order = np.flatnonzero(kept)
        order = order[best_of_each(first[order] - low, score[order], k=k)]
        counts[low:high] = np.bincount(first[order] - low, minlength=high - low)
        parts.append(
            (second[order], score[order], pairs.support[order], llr[order], pairs.gap[order])
        )
        if progress is not None:
            progress(high, steps.n_items)
        low = high
    item, score, support, llr, gap = (
        (np.concatenate([np.empty(0), *column]) for column in zip(*parts, strict=True))
        if parts
        else (np.empty(0),) * 5
    )
    return Followers(
        neighbours=Neighbours(
            indptr=np.concatenate([[0], np.cumsum(counts)]),
            item=item.astype(np.int32),
            score=score.astype(np.float32),
            support=support.astype(np.int32),
            llr=llr.astype(np.float32),
            item_support=owners_of.astype(np.int32),
            owners=steps.n_owners,
        ),
        gap=gap.astype(np.float32),
    )


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Each pair of items once, ascending."""

    first: IntArray
    second: IntArray
    strength: NDArray[np.float64]
    rows: IntArray
    support: IntArray
    gap: NDArray[np.float64]


def _pairs(
    steps: Steps, places: IntArray, row: IntArray, moment: IntArray, *, reach: int, fade: float
) -> _Pairs:
    """What follows the items at some places, every row counted once a pair."""
    n = steps.n_items
    found: list[tuple[IntArray, IntArray, NDArray[np.float64]]] = [
        (places[:0],) * 2 + (np.empty(0),)
    ]
    before, after = places, places + 1
    while len(before):
        inside = after < len(steps.item)
        before, after = before[inside], after[inside]
        distance = moment[after] - moment[before]
        inside = (row[before] == row[after]) & (distance <= reach)
        before, after, distance = before[inside], after[inside], distance[inside]
        follows = (distance > 0) & (steps.item[before] != steps.item[after])
        strength = fade ** (distance[follows] - 1.0)
        found.append((before[follows], after[follows], strength))
        after = after + 1
    before, after, strength = (np.concatenate(column) for column in zip(*found, strict=True))
    pair = steps.item[before] * n + steps.item[after]
    # The nearest of each row and pair stands first, because places further on came later.
    order = np.lexsort((row[before], pair))
    pair, of_row = pair[order], row[before][order]
    once = np.ones(len(pair), dtype=bool)
    once[1:] = (pair[1:] != pair[:-1]) | (of_row[1:] != of_row[:-1])
    pair, of_row, order = pair[once], of_row[once], order[once]
    gap = (steps.at[after] - steps.at[before])[order]
    begins = firsts(pair)
    owners = steps.owner[of_row]
    by_owner = np.lexsort((owners, pair))
    new = np.ones(len(pair), dtype=bool)
    new[1:] = (np.diff(pair) != 0) | (np.diff(owners[by_owner]) != 0)
    return _Pairs(
        first=pair[begins] // n,
        second=pair[begins] % n,
        strength=_sums(strength[order], begins),
        rows=np.diff(np.append(begins, len(pair))),
        support=_sums(new.astype(np.float64), begins).astype(np.int64),
        gap=_medians(gap[np.lexsort((gap, pair))], begins),
    )


def _sums(values: NDArray[np.float64], begins: IntArray) -> NDArray[np.float64]:
    return np.add.reduceat(values, begins) if len(begins) else np.empty(0)


def _medians(ascending: IntArray, begins: IntArray) -> NDArray[np.float64]:
    """Of each run of values, which ascend within it."""
    sizes = np.diff(np.append(begins, len(ascending)))
    return (ascending[begins + (sizes - 1) // 2] + ascending[begins + sizes // 2]) / 2.0


def _refuse(
    *, k: int, reach: int, fade: float, min_support: int, prior: float, discount: float
) -> None:
    for name, value in (("k", k), ("reach", reach), ("min_support", min_support)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if not 0 < fade <= 1:
        raise ValueError(f"fade must be above 0 and at most 1, got {fade}")
    if not 0 <= prior < np.inf:
        raise ValueError(f"prior must be 0 shoppers or more, got {prior}")
    if not 0 <= discount <= 1:
        raise ValueError(f"discount must be 0 to 1, got {discount}")
