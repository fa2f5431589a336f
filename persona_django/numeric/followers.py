"""What comes after an item, in visits or in a customer's orders: relations that have a direction.

A case is bought after the phone and not before it, which no relation of sets can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.similarity import log_likelihood_ratio
from persona_django.numeric.sorting import (
    best_of_each,
    coded,
    count_distinct,
    distinct,
    firsts,
    ranges,
    sort_order,
)
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]
Progress = Callable[[int, int], None]
BLOCK_PAIRS = 4_000_000
"""Places within reach of another, looked at together, which bounds memory to some 600 MB; those
after one item are the least."""


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
    leads: NDArray[np.bool_] | None = None,
    follows: NDArray[np.bool_] | None = None,
    rows_seen: int = 0,
    progress: Progress | None = None,
) -> Neighbours:
    """The items that best follow each item, for reasons that more than a few shoppers gave.

    Within a row an item is followed by those of at most `reach` moments further on, the one d
    moments on with a strength of fade ** (d - 1); of several times in one row the nearest counts,
    and of equally near ones the first. With n the rows that hold an item, i where it may lead and
    j where it may follow, the score of j after i is

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
    leads : (nnz,) bool, the items of the rows that something may come after; how far two lie apart
        is still reckoned in all. None: all
    follows : (nnz,) bool, those that may come after something. None: all
    rows_seen : rows that chance is reckoned against, or those that hold what counts, where that is
        more; 0: all rows given
    progress : told the items done and all items; what it raises stops the work

    Returns
    -------
    Neighbours, with `gap`; those of an item are its followers, best first

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
    >>> found.indptr, found.item.tolist(), found.score.tolist()
    (array([0, 2, 3, 3]), [1, 2, 2], [1.0, 0.5, 1.0])
    >>> found.gap.tolist()
    [1.0, 2.0, 1.0]
    """
    _refuse(k=k, reach=reach, fade=fade, min_support=min_support, prior=prior, discount=discount)
    if not 0 <= min_llr < np.inf:
        raise ValueError(f"min_llr must be 0 or more, got {min_llr}")
    row = steps.row
    every = np.ones(len(steps.item), dtype=bool)
    leads, follows = (every if given is None else given for given in (leads, follows))
    rows_first, rows_next = (_rows_of(steps, chosen) for chosen in (leads, follows))
    owners_of = count_distinct(steps.item[leads], steps.owner[row[leads]], n_items=steps.n_items)
    if rows_seen:
        rows_seen = max(rows_seen, len(distinct(row[leads | follows])))
    else:
        rows_seen = len(steps)
    scale_first = np.power(np.maximum(rows_first, 1.0), discount - 1)
    scale_next = np.power(np.maximum(rows_next, 1.0), -discount)
    counts, parts = np.zeros(steps.n_items, np.int64), []
    for low, high, met in _blocks(steps, leads, follows, reach=reach, progress=progress):
        pairs = _pairs(steps, met, row, fade=fade, min_support=min_support)
        first, second = pairs.first, pairs.second
        with np.errstate(over="ignore"):
            score = pairs.strength * (scale_first[first] * scale_next[second])
            score = (score * (pairs.support / (pairs.support + prior))).astype(np.float32)
        llr = log_likelihood_ratio(pairs.rows, rows_first[first], rows_next[second], rows_seen)
        kept = (pairs.support >= min_support) & (llr >= min_llr) & (score > 0)
        # Followers of an item ascend already, so ties are left by item code.
        order = np.flatnonzero(kept)
        order = order[best_of_each(first[order] - low, score[order], k=k)]
        counts[low:high] = np.bincount(first[order] - low, minlength=high - low)
        parts.append(
            (second[order], score[order], pairs.support[order], llr[order], pairs.gap[order])
        )
    item, score, support, llr, gap = (
        (np.concatenate([np.empty(0), *column]) for column in zip(*parts, strict=True))
        if parts
        else (np.empty(0),) * 5
    )
    return Neighbours(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        item=item.astype(np.int32),
        score=score.astype(np.float32),
        support=support.astype(np.int32),
        llr=llr.astype(np.float32),
        item_support=owners_of.astype(np.int32),
        owners=steps.n_owners,
        gap=gap.astype(np.float32),
    )


def _rows_of(steps: Steps, chosen: NDArray[np.bool_]) -> IntArray:
    """(n_items,) int64, the rows that hold each item at a chosen place."""
    return count_distinct(steps.item[chosen], steps.row[chosen], n_items=steps.n_items)


def backed_steps(
    steps: Steps,
    *,
    reach: int,
    min_support: int,
    leads: NDArray[np.bool_] | None = None,
    follows: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> NDArray[np.bool_]:
    """The items of the rows that stand in a pair which a crowd of shoppers shares.

    One stays only if something of its row comes before or after it, within `reach` moments, such
    that rows of at least `min_support` distinct owners have the two in that order.

    Parameters
    ----------
    steps : rows in order of time
    reach : moments, 1 or more
    min_support : distinct owners behind a pair, 1 or more
    leads, follows : as of `followers`
    progress : told the items done and all items; what it raises stops the work

    Returns
    -------
    (nnz,) bool

    References
    ----------
    See `numeric.crowds.backed`, which does the same for rows without an order.

    >>> steps = Steps(indptr=np.array([0, 3, 5]), item=np.array([0, 1, 2, 0, 1]),
    ...     at=np.arange(5), owner=np.array([0, 1]), n_items=3, n_owners=2)
    >>> backed_steps(steps, reach=1, min_support=2)
    array([ True,  True, False,  True,  True])
    """
    if min_support < 1 or reach < 1:
        raise ValueError(f"at least 1 shopper and moment, got {min_support} and {reach}")
    row = steps.row
    kept = np.zeros(len(steps.item), dtype=bool)
    every = np.ones(len(steps.item), dtype=bool)
    leads, follows = (every if given is None else given for given in (leads, follows))
    for _, _, met in _blocks(steps, leads, follows, reach=reach, progress=progress):
        before, after, _ = met
        pair, pairs = coded(steps.item[before] * steps.n_items + steps.item[after])
        owners = count_distinct(pair, steps.owner[row[before]], n_items=len(pairs))
        shared = owners[pair] >= min_support
        kept[before[shared]] = True
        kept[after[shared]] = True
    return kept


Meetings = tuple[IntArray, IntArray, IntArray]
"""Places of an item and of one that comes after it, and how many moments lie between them."""


def _blocks(
    steps: Steps,
    leads: NDArray[np.bool_],
    follows: NDArray[np.bool_],
    *,
    reach: int,
    progress: Progress | None,
) -> Iterator[tuple[int, int, Meetings]]:
    """Ranges of items, and what comes after those that lead: by item, then as the rows stand."""
    counted, following = np.flatnonzero(leads), np.flatnonzero(follows)
    moment, items = steps.moments(), steps.item[counted]
    begins, ends = _after(steps, moment, follows, reach=reach)
    by_item = counted[sort_order(items)]
    stand = np.concatenate([[0], np.cumsum(np.bincount(items, minlength=steps.n_items))])
    done = np.concatenate([[0], np.cumsum((ends - begins)[by_item])])[stand]
    low = 0
    while low < steps.n_items:
        high = int(np.searchsorted(done, done[low] + BLOCK_PAIRS, side="right")) - 1
        high = min(max(high, low + 1), steps.n_items)
        places = by_item[stand[low] : stand[high]]
        before = np.repeat(places, (ends - begins)[places])
        after = following[ranges(begins[places], ends[places])]
        others = steps.item[before] != steps.item[after]
        before, after = before[others], after[others]
        yield low, high, (before, after, moment[after] - moment[before])
        if progress is not None:
            progress(high, steps.n_items)
        low = high


def _after(
    steps: Steps, moment: IntArray, follows: NDArray[np.bool_], *, reach: int
) -> tuple[IntArray, IntArray]:
    """From which to before which of the places that may follow, those within reach of each lie."""
    begins = np.searchsorted(moment, moment, side="right")
    ends = np.searchsorted(moment, moment + reach, side="right")
    ends = np.minimum(ends, steps.indptr[1:][steps.row])
    before = np.concatenate([[0], np.cumsum(follows)])
    return before[begins], before[ends]


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Each pair of items once, ascending."""

    first: IntArray
    second: IntArray
    strength: NDArray[np.float64]
    rows: IntArray
    support: IntArray
    gap: NDArray[np.float64]


def _pairs(steps: Steps, met: Meetings, row: IntArray, *, fade: float, min_support: int) -> _Pairs:
    """Each pair of items that met in so many rows at least, every row counted once a pair."""
    pair, of_row, nearest = _once_a_row(steps, met, row, fewest=min_support)
    before, after, distance = (column[nearest] for column in met)
    gap = steps.at[after] - steps.at[before]
    begins = firsts(pair)
    rows = np.diff(np.append(begins, len(pair)))
    which = np.repeat(np.arange(len(begins)), rows)
    owned = distinct(which * steps.n_owners + steps.owner[of_row])
    ascending = sort_order(gap)
    ascending = ascending[sort_order(which[ascending])]
    return _Pairs(
        first=pair[begins] // steps.n_items,
        second=pair[begins] % steps.n_items,
        strength=_sums(np.power(fade, distance - 1.0).astype(np.float64, copy=False), begins),
        rows=rows,
        support=np.bincount(owned // steps.n_owners, minlength=len(begins)),
        gap=_medians(gap[ascending], begins),
    )


def _once_a_row(
    steps: Steps, met: Meetings, row: IntArray, *, fewest: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Pair and row of what met in so many rows at least, ascending, and which was its nearest
    meeting there."""
    before, after, distance = met
    pair = steps.item[before] * steps.n_items + steps.item[after]
    # Those of one pair stay in the order of the rows.
    order = sort_order(pair)
    pair, of_row = pair[order], row[before[order]]
    once = np.ones(len(pair), dtype=bool)
    once[1:] = (pair[1:] != pair[:-1]) | (of_row[1:] != of_row[:-1])
    begins = np.flatnonzero(once)
    pair, of_row = pair[begins], of_row[begins]
    # By moments: how many places lie between says nothing, for all of a large order is one moment.
    nearest = order[_first_smallest(distance[order], begins)]
    # A crowd has as many rows at least, which most pairs have not.
    of_pair = np.diff(np.append(firsts(pair), len(pair)))
    enough = np.repeat(of_pair >= fewest, of_pair)
    return pair[enough], of_row[enough], nearest[enough]


def _first_smallest(values: IntArray, begins: IntArray) -> IntArray:
    """Of each run of values the position of the smallest, and of equal ones the first."""
    n = len(values)
    return np.minimum.reduceat(values * n + np.arange(n), begins) % n if n else begins


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
