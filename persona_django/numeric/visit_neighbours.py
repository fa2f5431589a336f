"""What comes next in a visit, by earlier visits that are like it: for visitors without a history.

The index is a few arrays that a process maps and shares; an answer touches only the newest visits
of the items looked at, so its cost hangs on the options and not on how many visits are stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import (
    coded,
    count_distinct,
    distinct,
    places_within,
    ranges,
    sort_order,
)
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class VisitIndex:
    """Earlier visits, oldest first, and of each item the visits that hold it.

    Parameters
    ----------
    indptr : (n_visits + 1,) int64, where each visit begins in `item`
    item : (nnz,) int32, item codes, oldest first within a visit
    at : (n_visits,) int64, seconds since 1970 UTC when each visit ended, never falling
    item_indptr : (n_items + 1,) int64, where the visits of each item begin in `visit`
    visit : (m,) int32, visits that hold the item, the newest first, so many at most
    rarity : (n_items,) float32, log(visits there are / visits that hold the item); 0 for an item
        in none
    owner : (n_visits,) int32, codes of the visitors
    """

    indptr: IntArray
    item: NDArray[np.int32]
    at: IntArray
    item_indptr: IntArray
    visit: NDArray[np.int32]
    rarity: NDArray[np.float32]
    owner: NDArray[np.int32]

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by their names, as they are stored."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> VisitIndex:
        """The index that `as_arrays` made arrays of, others beside them or not.

        Raises
        ------
        KeyError : one is missing
        """
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How visits are compared, and what their items count for.

    Parameters
    ----------
    visits : neighbours that speak, 1 or more
    places : items; one so many places before the present visit's last counts 1/e of it
    days : a neighbour so much older counts 1/e
    reach : places; an item so far from what both visits have in common counts 1/e
    length : 0 to 1; 0 compares visits of any length alike, 0.5 is the cosine

    Raises
    ------
    ValueError : one is out of its range

    >>> Likeness(visits=100, places=2.0, days=30.0, reach=4.0, length=0.5).visits
    100
    """

    visits: int
    places: float
    days: float
    reach: float
    length: float

    def __post_init__(self) -> None:
        if self.visits < 1:
            raise ValueError(f"at least one visit must speak, got visits={self.visits}")
        for name in ("places", "days", "reach"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.length <= 1:
            raise ValueError(f"length must be 0 to 1, got {self.length}")


def index_visits(steps: Steps, *, most: int) -> VisitIndex:
    """An index of visits; of each item it finds the newest `most`, 1 or more.

    >>> steps = Steps(indptr=np.array([0, 2, 3]), item=np.array([0, 1, 0]), at=np.array([5, 6, 9]),
    ...     owner=np.array([0, 1]), n_items=2, n_owners=2)
    >>> index = index_visits(steps, most=10)
    >>> index.item_indptr, index.visit.tolist()
    (array([0, 2, 3]), [1, 0, 0])
    """
    if most < 1:
        raise ValueError(f"at least one visit of each item must be kept, got most={most}")
    sizes = np.diff(steps.indptr)
    filled = np.flatnonzero(sizes)
    ended = steps.ended()
    order = filled[sort_order(ended[filled])]
    sizes = sizes[order]
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    item = steps.item[ranges(steps.indptr[order], steps.indptr[order + 1])]
    visit = np.repeat(np.arange(len(order)), sizes)
    # Each item once a visit, the newest visit first.
    last = max(len(order), 1)
    held = distinct(item * last + (last - 1 - visit))
    of, newest = held // last, last - 1 - held % last
    times = np.bincount(of, minlength=steps.n_items)
    kept = places_within(times) < most
    rarity = np.log(last / np.maximum(times, 1)) * (times > 0)
    return VisitIndex(
        indptr=indptr,
        item=item.astype(np.int32),
        at=ended[order],
        item_indptr=np.concatenate([[0], np.cumsum(np.minimum(times, most))]),
        visit=newest[kept].astype(np.int32),
        rarity=rarity.astype(np.float32),
        owner=steps.owner[order].astype(np.int32),
    )


def visit_next(
    index: VisitIndex, seen: IntArray, *, now: int, likeness: Likeness, min_support: int = 1
) -> tuple[IntArray, FloatArray]:
    """What visits like this one went on to, and how much speaks for it.

    Parameters
    ----------
    index : earlier visits
    seen : (s,) item codes of the present visit, oldest first
    now : seconds since 1970 UTC
    likeness : how visits are compared
    min_support : distinct visitors among those whose visits speak that must have looked at an
        item, 1 or more

    Returns
    -------
    items : (m,) int64, ascending; those of the visit itself are among them
    score : (m,) float64, above 0

    References
    ----------
    Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 2018
    (V-SKNN); Garg et al., "Sequence and time aware neighborhood for session-based
    recommendations", SIGIR 2019 (STAN), for the three decays.

    >>> steps = Steps(indptr=np.array([0, 2, 4]), item=np.array([0, 1, 0, 2]), at=np.arange(4),
    ...     owner=np.array([0, 1]), n_items=4, n_owners=2)
    >>> index = index_visits(steps, most=10)
    >>> like = Likeness(visits=9, places=1.0, days=1.0, reach=1.0, length=0.0)
    >>> items, score = visit_next(index, np.array([3, 0]), now=4, likeness=like)
    >>> items.tolist(), bool(score[2] > score[1])
    ([0, 1, 2], True)
    """
    nothing = np.empty(0, np.int64), np.empty(0)
    if not len(seen):
        return nothing
    # The last time that each item was looked at says how present it is.
    seeds, from_end = np.unique(seen[::-1], return_index=True)
    presence = np.exp(-from_end / likeness.places) * (1.0 + index.rarity[seeds])
    begins, ends = index.item_indptr[seeds], index.item_indptr[seeds + 1]
    found = index.visit[ranges(begins, ends)]
    if not len(found):
        return nothing
    which, visit = coded(found)
    alike = np.bincount(which, weights=np.repeat(presence, ends - begins))
    starts, stops = index.indptr[visit], index.indptr[visit + 1]
    age_days = np.maximum(now - index.at[visit], 0) / 86_400
    alike *= np.exp(-age_days / likeness.days) / (stops - starts) ** likeness.length
    if len(visit) > likeness.visits:
        # Of equals the newest speaks: visits ascend in time.
        best = np.lexsort((-visit, -alike))[: likeness.visits]
        visit, alike, starts, stops = visit[best], alike[best], starts[best], stops[best]
    place = ranges(starts, stops)
    item = index.item[place].astype(np.int64)
    sizes = stops - starts
    first = np.cumsum(sizes) - sizes
    at = np.minimum(np.searchsorted(seeds, item), len(seeds) - 1)
    common = np.where(seeds[at] == item, np.arange(len(item)), -1)
    matched = np.repeat(np.maximum.reduceat(common, first), sizes)
    near = np.exp(-np.abs(np.arange(len(item)) - matched) / likeness.reach)
    weight = np.repeat(alike, sizes) * near * (1.0 + index.rarity[item])
    which, items = coded(item)
    score = np.bincount(which, weights=weight).astype(np.float64, copy=False)
    kept = score > 0
    if min_support > 1:
        by = np.repeat(index.owner[visit], sizes)
        kept &= count_distinct(which, by, n_items=len(items)) >= min_support
    return items[kept], score[kept]
