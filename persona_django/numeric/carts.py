"""What was put into a cart and left there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import paired

IntArray = NDArray[np.int64]


def left_alone(
    shopper: IntArray,
    item: IntArray,
    at: IntArray,
    *,
    closer: tuple[IntArray, IntArray, IntArray],
    emptier: tuple[IntArray, IntArray],
    after_seconds: int,
    now: int,
    tie: IntArray,
) -> IntArray:
    """Which additions to a cart were neither bought nor taken out for a while.

    Of several additions of one item, each less than that while after the one before, the last
    counts. Time and memory grow with the lines, never with their pairs, so that a cart of ten
    thousand of them is no burden.

    Parameters
    ----------
    shopper, item, at : (n,) int64 each, who put what into the cart, seconds since 1970 UTC
    closer : shopper, item and time of what settles one item, (m,) int64 each: bought, taken out
    emptier : shopper and time of what settles a whole cart, (k,) int64 each: an order
    after_seconds : seconds, above 0, after which what is still there counts as left alone
    now : seconds since 1970 UTC; what was added too short a while ago is not judged yet
    tie : (n,) int64, tells which of two additions in one second came first

    Returns
    -------
    (r,) int64, positions of those additions, ascending

    Raises
    ------
    ValueError : columns that belong together differ in length, or the while is not above 0

    >>> one = np.array([1])
    >>> none = (one[:0], one[:0])
    >>> left_alone(one, one, np.array([0]), closer=(one[:0], *none), emptier=none,
    ...            after_seconds=60, now=60, tie=one)
    array([0])
    """
    if not shopper.shape == item.shape == at.shape == tie.shape:
        raise ValueError("shopper, item, at and tie must be equally long")
    if len({len(column) for column in closer}) > 1 or len({len(column) for column in emptier}) > 1:
        raise ValueError("columns of what settles a cart must be equally long")
    if not after_seconds > 0:
        raise ValueError(f"the while must be longer than nothing, got {after_seconds} seconds")
    n = len(at)
    pair = paired(np.append(shopper, closer[0]), np.append(item, closer[1]))
    is_open = at + after_seconds <= now
    is_open &= _is_last_of_its_second(pair[:n], at, tie)
    is_open &= ~_follows(pair[:n], at, pair[:n], at, after_seconds, strictly=True)
    is_open &= ~_follows(pair[:n], at, pair[n:], closer[2], after_seconds)
    is_open &= ~_follows(shopper, at, emptier[0], emptier[1], after_seconds)
    return np.flatnonzero(is_open)


def _is_last_of_its_second(pair: IntArray, at: IntArray, tie: IntArray) -> NDArray[np.bool_]:
    order = np.lexsort((tie, at, pair))
    is_last = np.ones(len(order), dtype=bool)
    same = np.diff(pair[order]) | np.diff(at[order])
    is_last[order[:-1]] = same != 0
    return is_last


def _follows(
    key: IntArray,
    at: IntArray,
    other_key: IntArray,
    other_at: IntArray,
    within: int,
    *,
    strictly: bool = False,
) -> NDArray[np.bool_]:
    """Whether something of the same key happened at that time or later, but within a while."""
    if not len(other_key) or not len(key):
        return np.zeros(len(key), dtype=bool)
    order = np.lexsort((other_at, other_key))
    keys, code = np.unique(other_key[order], return_inverse=True)
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    low = min(int(at.min()), int(other_at.min()))
    # Key and time as one number: times are some years apart at most, in seconds.
    span = max(int(at.max()), int(other_at.max())) - low + within + 2
    known = code * span + (other_at[order] - low)
    wanted = place * span + (at - low) + strictly
    next_one = np.searchsorted(known, wanted)
    found = known[np.minimum(next_one, len(known) - 1)]
    is_soon = (next_one < len(known)) & (found - (place * span + (at - low)) <= within)
    return (keys[place] == key) & is_soon & (found // span == place)
