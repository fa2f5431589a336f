"""Who came back to the same thing in another visit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def revisits(
    shopper: IntArray,
    family: IntArray,
    visit: IntArray,
    at: IntArray,
    *,
    within_seconds: int,
    tie: IntArray,
) -> IntArray:
    """The first look of each visit at something that an earlier visit looked at, too.

    Looking twice in one visit is no coming back: pages are loaded again and tabs are switched.

    Parameters
    ----------
    shopper : (n,) int64, any number that names the shopper
    family : (n,) int64, any number that names what was looked at
    visit : (n,) int64, number of the visit, no two shoppers' the same
    at : (n,) int64, seconds since 1970 UTC
    within_seconds : seconds, above 0; what was last looked at longer ago counts as new
    tie : (n,) int64, tells which of two looks in one second came first

    Returns
    -------
    (m,) int64, positions of those looks, ascending

    Raises
    ------
    ValueError : the columns differ in length, or the span is not above 0

    >>> one = np.ones(4, dtype=int)
    >>> revisits(one, one, np.array([0, 0, 1, 1]), np.array([0, 9, 5000, 5001]),
    ...          within_seconds=86_400, tie=one)
    array([2])
    """
    if not shopper.shape == family.shape == visit.shape == at.shape == tie.shape:
        raise ValueError("shopper, family, visit, at and tie must be equally long")
    if not within_seconds > 0:
        raise ValueError(f"the span must be longer than nothing, got {within_seconds} seconds")
    order = np.lexsort((tie, at, family, shopper))
    who, what, which, when = shopper[order], family[order], visit[order], at[order]
    same = (who[1:] == who[:-1]) & (what[1:] == what[:-1])
    again = same & (which[1:] != which[:-1]) & (when[1:] - when[:-1] <= within_seconds)
    return np.sort(order[1:][again])
