"""How alike two items are, and how sure we may be of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def shrink_by_support(score: FloatArray, support: IntArray, *, prior: float) -> FloatArray:
    """Pull scores that rest on few shoppers towards zero.

    Parameters
    ----------
    score : (n,) float64, no unit; raw similarity of n item pairs
    support : (n,) int64, distinct shoppers, 0 or more
    prior : shoppers, above 0; the support at which a score keeps half its size

    Returns
    -------
    (n,) float64, never further from zero than `score`

    Raises
    ------
    ValueError : shapes differ, `prior` is not above 0, or a support is negative

    References
    ----------
    Koren, "Factorization meets the neighborhood", KDD 2008: the shrunk correlation.

    >>> shrink_by_support(np.array([0.8, 0.8]), np.array([100, 0]), prior=100.0)
    array([0.4, 0. ])
    """
    if score.shape != support.shape:
        raise ValueError(f"score has shape {score.shape} but support has {support.shape}")
    if not prior > 0:
        raise ValueError(f"prior must be above 0 shoppers, got {prior}")
    if (support < 0).any():
        raise ValueError("support counts shoppers, so it cannot be negative")
    return score * (support / (support + prior))


def norms(item: NDArray[np.int32], weight: NDArray[np.float32], *, n_items: int) -> FloatArray:
    """Length of each item's column of weights, the measure of its popularity in the cosine.

    Parameters
    ----------
    item : (nnz,) int32, item codes 0 to n_items - 1
    weight : (nnz,) float32, strength of each piece of evidence
    n_items : items there are

    Returns
    -------
    (n_items,) float64, 0 or more; 0 for an item without evidence

    >>> norms(np.array([0, 0, 2]), np.array([3.0, 4.0, 2.0]), n_items=3)
    array([5., 0., 2.])
    """
    weight = weight.astype(np.float64)
    return np.sqrt(np.bincount(item, weights=weight * weight, minlength=n_items))


def norm_scale(norm: FloatArray, *, discount: float) -> FloatArray:
    """What one item contributes to dividing a dot product: its norm ** (-2 * discount).

    Parameters
    ----------
    norm : (n,) float64, as of `norms`
    discount : no unit, 0 or more; 0 ranks by raw co-occurrence, 0.5 is the cosine, more holds
        popular items back harder

    Returns
    -------
    (n,) float64; 0 where the norm is 0, so that such an item is like no other

    Raises
    ------
    ValueError : `discount` is negative or not finite

    References
    ----------
    Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004.

    >>> norm_scale(np.array([4.0, 0.0]), discount=0.5)
    array([0.25, 0.  ])
    """
    if not 0 <= discount < np.inf:
        raise ValueError(f"the popularity discount must be 0 or more, got {discount}")
    found = np.zeros_like(norm)
    np.power(norm, -2.0 * discount, out=found, where=norm > 0)
    return found


def log_likelihood_ratio(
    both: IntArray, first: IntArray, second: IntArray, total: int
) -> FloatArray:
    """How surely two items share shoppers more often than chance would bring about.

    Parameters
    ----------
    both : (n,) int64, distinct shoppers who touched both items
    first, second : (n,) int64, distinct shoppers who touched the one and the other
    total : distinct shoppers there are; taken to be no fewer than the two items have together,
        for a shopper who bought both in separate orders stands on both sides without `both`

    Returns
    -------
    (n,) float64, 0 or more, distributed as chi-square with one degree of freedom when only chance
    is at work: 3.84 is passed by one pair of twenty then. 0 when the two meet no more often than
    chance, because Dunning's ratio itself does not say in which direction it surprises.

    Raises
    ------
    ValueError : `both` is negative, or more than either of the two

    References
    ----------
    Dunning, "Accurate methods for the statistics of surprise and coincidence", Computational
    Linguistics 1993.

    >>> log_likelihood_ratio(np.array([10, 1]), np.array([10, 10]), np.array([10, 10]), 100)
    array([65.01659468,  0.        ])
    """
    if (both < 0).any() or (both > np.minimum(first, second)).any():
        raise ValueError("shoppers of both items cannot be more than those of either")
    everyone = np.maximum(total, first + second - both)
    surprise = (
        _xlogx(everyone)
        + _xlogx(both)
        + _xlogx(first - both)
        + _xlogx(second - both)
        + _xlogx(everyone - first - second + both)
        - _xlogx(first)
        - _xlogx(second)
        - _xlogx(everyone - first)
        - _xlogx(everyone - second)
    )
    above_chance = both * everyone.astype(np.float64) > first * second.astype(np.float64)
    return np.where(above_chance, np.maximum(2.0 * surprise, 0.0), 0.0)


def _xlogx(count: IntArray) -> FloatArray:
    return np.asarray(count * np.log(np.maximum(count, 1)), dtype=np.float64)
