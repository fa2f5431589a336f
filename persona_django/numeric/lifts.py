"""How much more something is wanted in one situation than in all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lifts(shoppers: NDArray[np.float64], *, prior: float) -> NDArray[np.float64]:
    """How many times as many shoppers came in each situation as if situations did not matter.

    With o the shoppers of an item in a situation, and e those that it would have if every item
    were spread over the situations as all of them together are,

        lift = (o + prior) / (e + prior)

    the mean of what is left possible after o was seen, where e was expected and lifts were held to
    be 1 with the certainty of `prior` shoppers. A situation to which t shoppers came in all moves
    none by more than 1 + t / prior times.

    Parameters
    ----------
    shoppers : (n, c) float64, 0 or more, may be parts of shoppers: n items in c situations of
        which one excludes the others
    prior : shoppers, above 0

    Returns
    -------
    (n, c) float64, above 0; 1: as everywhere, and for an item without any shoppers

    Raises
    ------
    ValueError : `shoppers` is no table, holds a number that is negative or not finite, or `prior`
        is not above 0

    References
    ----------
    DuMouchel, "Bayesian data mining in large frequency tables", The American Statistician 53(3),
    1999: the observed over the expected, shrunk by a gamma prior.

    >>> lifts(np.array([[90.0, 10.0], [10.0, 90.0], [0.0, 0.0]]), prior=50.0).round(2)
    array([[1.4, 0.6],
           [0.6, 1.4],
           [1. , 1. ]])
    """
    if shoppers.ndim != 2:
        raise ValueError(f"shoppers must be a table, but they have shape {shoppers.shape}")
    if not np.isfinite(shoppers).all() or (shoppers < 0).any():
        raise ValueError("shoppers must be finite numbers of 0 or more")
    if not prior > 0:
        raise ValueError(f"prior must be above 0 shoppers, got {prior}")
    total = shoppers.sum()
    if not total:
        return np.ones(shoppers.shape)
    share = shoppers.sum(axis=0) / total
    expected = shoppers.sum(axis=1)[:, None] * share
    lift: NDArray[np.float64] = (shoppers + prior) / (expected + prior)
    return lift
