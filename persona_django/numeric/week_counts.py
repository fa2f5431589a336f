"""What shoppers did in one week, as one row for each shopper, item and kind.

On how many of its days it happened is kept as the days themselves, a bit each: so two counts of
the same events are one, whichever was made first, and each day fades by its own age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.durations import DAY_SECONDS

IntArray = NDArray[np.int64]

WEEK_DAYS = 7
WEEK_SECONDS = WEEK_DAYS * DAY_SECONDS
MOST_VALUE = 65_535
_NOON = DAY_SECONDS // 2
_KIND_BITS, _BASIS_BITS = 7, 3
_SMALL_BITS = _KIND_BITS + _BASIS_BITS
"""Kind and basis stand below the item in one number that is sorted."""


@dataclass(frozen=True, kw_only=True)
class WeekCounts:
    """Counts of one week, in order of shopper, item, kind and basis; each of them once.

    Parameters
    ----------
    shopper : (n,) int64
    item : (n,) int64, 0 to 2**52
    kind : (n,) uint8, below 128
    basis : (n,) uint8, below 8
    days : (n,) uint8, above 0: bit 0 for the first day of the week, bit 6 for its last
    value : (n,) uint16, what the events of a day said beside that they happened, on average over
        the days
    """

    shopper: IntArray
    item: IntArray
    kind: NDArray[np.uint8]
    basis: NDArray[np.uint8]
    days: NDArray[np.uint8]
    value: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.shopper)

    def take(self, rows: slice | NDArray[np.bool_] | IntArray) -> WeekCounts:
        """Some of them, in the order in which they stand."""
        return WeekCounts(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def times(self) -> NDArray[np.uint8]:
        """(n,) uint8, on how many days of the week it happened, 1 to 7."""
        return _BITS_SET[self.days]


def no_counts() -> WeekCounts:
    """A week in which nothing happened."""
    none = np.empty(0, dtype=np.int64)
    return _of(none, none, np.empty(0, dtype=np.uint8), none)


_BITS_SET = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)
_LOWEST_BIT = np.array([max((byte & -byte).bit_length() - 1, 0) for byte in range(256)])


def week_of(seconds: int) -> int:
    """The week of a moment in seconds since 1970: weeks begin where the first of them did.

    >>> week_of(0), week_of(604_799), week_of(604_800)
    (0, 0, 1)
    """
    return seconds // WEEK_SECONDS


def counted(
    shopper: IntArray,
    item: IntArray,
    kind: NDArray[np.integer],
    basis: NDArray[np.integer],
    at: IntArray,
    value: NDArray[np.integer],
    *,
    adds_up: Sequence[int] = (),
) -> WeekCounts:
    """Events of one week, counted.

    The value of a day is the largest of its events, of the kinds in `adds_up` their sum; that of a
    count is what its days have on average, cut off at 65,535.

    Parameters
    ----------
    shopper, item, at : (n,) int64, aligned, in any order; `at` in seconds since 1970 UTC
    kind, basis, value : (n,) whole numbers of 0 or more

    Returns
    -------
    WeekCounts, the same whatever the order of the events

    Raises
    ------
    ValueError : the events are of more than one week

    >>> one = counted(np.array([5, 5]), np.array([9, 9]), np.array([3, 3]), np.array([1, 1]),
    ...     np.array([10, 90_000]), np.array([0, 0]))
    >>> one.days.tolist(), one.times.tolist()
    ([3], [2])
    """
    if len(at) and week_of(int(at.min())) != week_of(int(at.max())):
        raise ValueError("events of one week are counted together, these are of several")
    if not len(at):
        return no_counts()
    day = (at // DAY_SECONDS) % WEEK_DAYS
    small = _small(item, kind, basis)
    order = np.lexsort((day, small, shopper))
    shopper, small, day = shopper[order], small[order], day[order]
    told = value[order].astype(np.int64)
    first = _begins(shopper, small, day)
    of_day = np.maximum.reduceat(told, first)
    if len(adds_up):
        sums = np.isin(_kind(small[first]), list(adds_up))
        of_day[sums] = np.add.reduceat(told, first)[sums]
    shopper, small, day = shopper[first], small[first], day[first]
    first = _begins(shopper, small)
    days = np.bitwise_or.reduceat(np.left_shift(1, day).astype(np.uint8), first)
    mean = np.add.reduceat(of_day, first) / _BITS_SET[days]
    return _of(shopper[first], small[first], days, np.rint(mean).astype(np.int64))


def joined(parts: Sequence[WeekCounts]) -> WeekCounts:
    """Parts of one count, one after the other as they stand."""
    if not parts:
        return no_counts()
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(WeekCounts)
    }
    return WeekCounts(**columns)


def merged(one: WeekCounts, other: WeekCounts) -> WeekCounts:
    """Two counts of the same week as one: the days of both, and the larger value.

    Parts of the same events may be in both: they count once.

    >>> one = counted(*(np.array([x]) for x in (5, 9, 3, 1, 10, 0)))
    >>> len(merged(one, one))
    1
    """
    both = joined([one, other])
    if not len(both):
        return both
    small = _small(both.item, both.kind, both.basis)
    order = np.lexsort((small, both.shopper))
    shopper, small = both.shopper[order], small[order]
    first = _begins(shopper, small)
    days = np.bitwise_or.reduceat(both.days[order], first)
    value = np.maximum.reduceat(both.value[order].astype(np.int64), first)
    return _of(shopper[first], small[first], days, value)


def spread(counts: WeekCounts, week: int) -> tuple[IntArray, IntArray]:
    """One event for each day that was counted: the counts as they stand, each by the first of its
    days, and after them those with further days once more for each.

    Returns
    -------
    further : (m,) int64, positions of the counts that come again
    at : (n + m,) int64, seconds since 1970 UTC, noon of each day

    >>> two_days = counted(*(np.array([x, x]) for x in (5, 9, 3, 1)), np.array([0, 90_000]),
    ...     np.array([0, 0]))
    >>> further, at = spread(two_days, 0)
    >>> further.tolist(), at.tolist()
    ([0], [43200, 129600])
    """
    begins = week * WEEK_SECONDS + _NOON
    # Without the lowest bit: most things are done on one day of a week alone.
    left = counts.days & (counts.days - np.uint8(1))
    several = np.flatnonzero(left)
    further = [several[(left[several] >> day) & 1 == 1] for day in range(WEEK_DAYS)]
    day = np.repeat(np.arange(WEEK_DAYS), list(map(len, further)))
    return np.concatenate(further), begins + DAY_SECONDS * np.concatenate(
        [_LOWEST_BIT[counts.days], day]
    )


def _small(item: IntArray, kind: NDArray[np.integer], basis: NDArray[np.integer]) -> IntArray:
    """Item, kind and basis as one number, in this order."""
    small = item.astype(np.int64) << _SMALL_BITS
    small |= kind.astype(np.int64) << _BASIS_BITS
    small |= basis.astype(np.int64)
    return small


def _kind(small: IntArray) -> IntArray:
    return (small >> _BASIS_BITS) & (2**_KIND_BITS - 1)


def _begins(*ascending: IntArray) -> IntArray:
    """Where each group of rows begins that agree in all of these columns."""
    new = np.zeros(len(ascending[0]), dtype=bool)
    new[:1] = True
    for column in ascending:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new)


def _of(
    shopper: IntArray, small: IntArray, days: NDArray[np.uint8], value: IntArray
) -> WeekCounts:
    return WeekCounts(
        shopper=shopper,
        item=small >> _SMALL_BITS,
        kind=_kind(small).astype(np.uint8),
        basis=(small & (2**_BASIS_BITS - 1)).astype(np.uint8),
        days=days,
        value=np.minimum(value, MOST_VALUE).astype(np.uint16),
    )
