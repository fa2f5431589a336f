"""What was bought once, by somebody who never took an interest in its like, as gifts are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import paired

IntArray = NDArray[np.int64]

ALONE, ACTIVE_BEFORE, ACTIVE_AFTER = 0.3, 0.25, 0.25
"""Silence about one category says little of somebody who was silent altogether: a first order, or
the last one. It says more of those who looked at other things meanwhile."""


def bought_once(shopper: IntArray, category: IntArray, order: IntArray) -> NDArray[np.bool_]:
    """Whether each line is of a category in which its shopper placed one order only.

    Parameters
    ----------
    shopper, category, order : (n,) int64 each, any numbers that name them

    Returns
    -------
    (n,) bool

    >>> bought_once(np.array([1, 1, 1]), np.array([5, 5, 6]), np.array([1, 2, 2]))
    array([False, False,  True])
    """
    if not len(shopper):
        return np.zeros(0, dtype=bool)
    pair = paired(shopper, category)
    in_order = paired(pair, order)
    # Each pair and order once, whatever the lines in it.
    once = np.zeros(int(in_order.max()) + 1, dtype=np.int64)
    once[in_order] = pair
    return np.bincount(once)[pair] == 1


def gift_like(
    bought: tuple[IntArray, IntArray, IntArray],
    interest: tuple[IntArray, IntArray, IntArray],
    *,
    span_seconds: int,
    occasion_seconds: int,
) -> NDArray[np.float64]:
    """How sure it is that each purchase was for somebody else.

    Parameters
    ----------
    bought : shopper, category and time of each purchase, (n,) int64 each
    interest : shopper, category and time of each sign of interest, (m,) int64 each
    span_seconds : seconds before and after the purchase that are looked at
    occasion_seconds : seconds, at most `span_seconds`, around the purchase that belong to it:
        whoever buys a present has looked for it

    Returns
    -------
    (n,) float64, 0 where interest in the category was shown, else 0.3 to 0.8

    Raises
    ------
    ValueError : columns that belong together differ in length, or the spans do not fit

    >>> one = np.array([1])
    >>> gift_like((one, one, np.array([100])), (one, one * 2, np.array([120])),
    ...           span_seconds=50, occasion_seconds=10)
    array([0.55])
    """
    if len({len(column) for column in bought}) > 1 or len({len(one) for one in interest}) > 1:
        raise ValueError("shopper, category and time must be equally long")
    if not 0 < occasion_seconds <= span_seconds:
        raise ValueError("the occasion is longer than nothing and no longer than the span")
    shopper, category, at = bought
    before = (at - span_seconds, at - occasion_seconds)
    after = (at + occasion_seconds + 1, at + span_seconds + 1)
    nobody = (np.zeros_like(shopper), np.zeros_like(interest[0]))
    seen_before = _happened((shopper, nobody[0]), (interest[0], nobody[1]), interest[2], before)
    seen_after = _happened((shopper, nobody[0]), (interest[0], nobody[1]), interest[2], after)
    same = (shopper, category), (interest[0], interest[1]), interest[2]
    is_liked = _happened(*same, before) | _happened(*same, after)
    sure = ALONE + ACTIVE_BEFORE * seen_before + ACTIVE_AFTER * seen_after
    return np.where(is_liked, 0.0, sure)


def _happened(
    wanted: tuple[IntArray, IntArray],
    known: tuple[IntArray, IntArray],
    known_at: IntArray,
    window: tuple[IntArray, IntArray],
) -> NDArray[np.bool_]:
    """Whether something of the same two names happened from one time to before the other."""
    n = len(wanted[0])
    if not n or not len(known_at):
        return np.zeros(n, dtype=bool)
    both = (np.concatenate(columns) for columns in zip(wanted, known, strict=True))
    code = paired(*both)
    low = min(int(known_at.min()), int(window[0].min()))
    apart = max(int(known_at.max()), int(window[1].max())) - low + 1
    place = np.sort(code[n:] * apart + (known_at - low))
    mine = code[:n] * apart - low
    return np.searchsorted(place, mine + window[0]) < np.searchsorted(place, mine + window[1])
