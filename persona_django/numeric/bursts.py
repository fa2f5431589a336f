"""How much one shopper did in a short while."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def busiest(
    shopper: IntArray, at: IntArray, *, span_seconds: int
) -> tuple[IntArray, IntArray, IntArray]:
    """The most events of each shopper within any span of this length, and when that began.

    Parameters
    ----------
    shopper : (n,) int64, any number that names the shopper
    at : (n,) int64, seconds since 1970 UTC
    span_seconds : seconds, above 0; two events this far apart are in two spans

    Returns
    -------
    (s,) int64 three times: the shoppers, ascending; the most events; when the earliest such span
    began

    Raises
    ------
    ValueError : the columns differ in length, or the span is not above 0

    >>> busiest(np.array([7, 7, 7]), np.array([0, 59, 60]), span_seconds=60)
    (array([7]), array([2]), array([0]))
    """
    if shopper.shape != at.shape:
        raise ValueError("shopper and at must be equally long")
    if not span_seconds > 0:
        raise ValueError(f"the span must be longer than nothing, got {span_seconds} seconds")
    if not len(at):
        return shopper, at, at
    order = np.lexsort((at, shopper))
    shoppers, code = np.unique(shopper[order], return_inverse=True)
    when = at[order] - at.min()
    # Shoppers stand so far apart that no span reaches from one to the next.
    apart = int(when.max()) + span_seconds + 1
    place = code.astype(np.int64) * apart + when
    within = np.searchsorted(place, place + span_seconds) - np.arange(len(place))
    fullest = np.lexsort((when, -within, code))
    first = fullest[np.searchsorted(code, np.arange(len(shoppers)))]
    return shoppers, within[first], at[order][first]
