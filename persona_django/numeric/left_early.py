"""What was begun again and again and never gone on with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import firsts, paired

IntArray = NDArray[np.int64]


def times_running(
    shopper: IntArray,
    family: IntArray,
    at: IntArray,
    is_early: NDArray[np.bool_],
    *,
    within_seconds: int,
) -> IntArray:
    """How many times running each shopper had left the same thing early by then.

    Parameters
    ----------
    shopper, family : (n,) int64 each, any numbers that name who played what; one row a visit
    at : (n,) int64, seconds since 1970 UTC
    is_early : (n,) bool, whether it was left early in that visit
    within_seconds : seconds, above 0; what was left longer ago counts no more

    Returns
    -------
    (n,) int64, this time counted; 0 where it was not left early

    Raises
    ------
    ValueError : the columns differ in length, or the span is not above 0

    >>> one = np.ones(4, dtype=int)
    >>> times_running(one, one, np.arange(4), np.array([True, False, True, True]),
    ...               within_seconds=60)
    array([1, 0, 1, 2])
    """
    if not shopper.shape == family.shape == at.shape == is_early.shape:
        raise ValueError("shopper, family, at and is_early must be equally long")
    if not within_seconds > 0:
        raise ValueError(f"the span must be longer than nothing, got {within_seconds} seconds")
    n = len(at)
    if not n:
        return np.zeros(0, dtype=np.int64)
    pair = paired(shopper, family)
    order = np.lexsort((at, pair))
    place, early = np.arange(n), is_early[order]
    starts = firsts(pair[order])
    begins = np.repeat(starts, np.diff(np.append(starts, n)))
    gone_on = np.maximum.accumulate(np.where(early, -1, place))
    # Pair and time as one number: what was long ago of one never meets another.
    low = int(at.min())
    span = int(at.max()) - low + within_seconds + 1
    moment = pair[order] * span + (at[order] - low)
    recent = np.searchsorted(moment, moment - within_seconds)
    times = place - np.maximum(gone_on, np.maximum(begins, recent) - 1)
    found = np.empty(n, dtype=np.int64)
    found[order] = np.where(early, times, 0)
    return found
