"""How long somebody looked, against how long people usually look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

LONGEST_LOOK = 600
"""Seconds; a tab left open overnight is ten minutes."""


def attention(item: IntArray, seconds: IntArray, *, prior: float) -> FloatArray:
    """The share of its full weight that each look has.

    Half of it for a look of the item's usual length, more for a longer one, little for a glance,
    which says next to nothing. The usual length is the item's own where many looked, and the
    shop's where few did. It is a mean of logarithms, so that a few tabs left open do not move it.

    Parameters
    ----------
    item : (n,) int64, 0 or more, any number that names the item
    seconds : (n,) int64, 0 or more, how long the page was visible
    prior : looks, above 0; with as many of its own an item's usual length is half its own

    Returns
    -------
    (n,) float64, 0 to below 1, growing with the seconds

    Raises
    ------
    ValueError : the columns differ in length, a look is shorter than nothing, or `prior` is not
        above 0

    References
    ----------
    Yi et al., "Beyond clicks: dwell time for personalization", RecSys 2014: dwell time is close
    to log-normal and must be normalised by what is looked at.

    >>> attention(np.array([1, 1]), np.array([20, 20]), prior=5.0)
    array([0.5, 0.5])
    """
    if item.shape != seconds.shape:
        raise ValueError("item and seconds must be equally long")
    if not prior > 0:
        raise ValueError(f"prior must be above 0 looks, got {prior}")
    if not len(seconds):
        return np.zeros(0)
    if seconds.min() < 0:
        raise ValueError("a look cannot be shorter than nothing")
    looked = np.minimum(seconds, LONGEST_LOOK).astype(np.float64)
    long = np.log1p(looked)
    items, code = np.unique(item, return_inverse=True)
    looks = np.bincount(code, minlength=len(items))
    total = np.bincount(code, weights=long, minlength=len(items))
    usual = np.expm1((total + prior * long.mean()) / (looks + prior))[code]
    return np.divide(looked, looked + usual, out=np.zeros(len(looked)), where=looked > 0)
