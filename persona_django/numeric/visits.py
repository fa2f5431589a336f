"""Where one visit ends and the next begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import coded, in_order

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Visits:
    """What happened, cut into visits.

    Parameters
    ----------
    number : (n,) int64, 0 to v - 1, the visit of each event, in the order the events were given
    shopper : (v,) int64, whose visit it is; all visits of one shopper stand together, in order
    start, end : (v,) int64, seconds since 1970 UTC, of its first and of its last event
    first : (v,) int64, position of its first event
    """

    number: IntArray
    shopper: IntArray
    start: IntArray
    end: IntArray
    first: IntArray

    def __len__(self) -> int:
        return len(self.start)


def visits_of(
    shopper: IntArray, at: IntArray, *, gap_seconds: int, tie: IntArray | None = None
) -> Visits:
    """Cut the events of each shopper wherever nothing happened for a while.

    Parameters
    ----------
    shopper : (n,) int64, any number that names the shopper
    at : (n,) int64, seconds since 1970 UTC, in any order
    gap_seconds : seconds, above 0; a silence as long as this begins a new visit
    tie : (n,) int64 or None, tells which of a shopper's events in one second came first, so that
        the order in which they were read makes no difference; None: the one given first

    Returns
    -------
    Visits, the same whatever the order of the events

    Raises
    ------
    ValueError : the columns differ in length, or the gap is not above 0

    References
    ----------
    A silence of 30 minutes is the usual cut since Catledge and Pitkow, "Characterizing browsing
    strategies in the World-Wide Web", 1995, who measured 25.5.

    >>> found = visits_of(np.array([7, 7, 7]), np.array([0, 60, 2000]), gap_seconds=1800)
    >>> found.number, found.end
    (array([0, 0, 1]), array([  60, 2000]))
    """
    if shopper.shape != at.shape or (tie is not None and tie.shape != at.shape):
        raise ValueError("shopper, at and tie must be equally long")
    if not gap_seconds > 0:
        raise ValueError(f"a gap must be longer than nothing, got {gap_seconds} seconds")
    n = len(at)
    order, begins = cut_into_visits(shopper, at, gap_seconds=gap_seconds)
    if tie is not None:
        # Those of one second belong to one visit, whatever their order.
        order = np.lexsort((tie, at, shopper))
    who, when = shopper[order], at[order]
    ends = np.append(begins[1:], True)[:n]
    number = np.empty(n, dtype=np.int64)
    number[order] = np.cumsum(begins) - 1
    return Visits(
        number=number,
        shopper=who[begins],
        start=when[begins],
        end=when[ends],
        first=order[begins],
    )


def cut_into_visits(
    shopper: IntArray, at: IntArray, *, gap_seconds: int
) -> tuple[IntArray, NDArray[np.bool_]]:
    """What happened in order of shopper and time, and where visits begin in it.

    Parameters
    ----------
    shopper, at, gap_seconds : as of `visits_of`, which refuses them

    Returns
    -------
    order : (n,) int64, positions of the events, those of one moment as they were given
    begins : (n,) bool, in that order, whether an event is the first of its visit

    >>> cut_into_visits(np.array([7, 7, 5]), np.array([2000, 0, 60]), gap_seconds=1800)
    (array([2, 1, 0]), array([ True,  True,  True]))
    """
    code, shoppers = coded(shopper)
    first = int(at.min(initial=np.iinfo(np.int64).max))
    # Shoppers stand so far apart that between two of them there is always a gap.
    apart = int(at.max(initial=first)) - first + gap_seconds
    begins = np.ones(len(at), dtype=bool)
    if len(shoppers) * apart < 2**62:
        code *= apart
        code += at
        code -= first
        moment, order = in_order(code)
        begins[1:] = np.diff(moment) >= gap_seconds
        return order, begins
    order = np.lexsort((at, code))
    who, when = code[order], at[order]
    begins[1:] = (np.diff(who) != 0) | (np.diff(when) >= gap_seconds)
    return order, begins
