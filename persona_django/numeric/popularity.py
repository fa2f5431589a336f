"""What many shoppers want now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.decay import half_life_weight
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.rushes import share_of_a_rush
from persona_django.numeric.sorting import coded, firsts, sort_order


def popularity(
    shopper: NDArray[np.int64],
    item: NDArray[np.int64],
    at: NDArray[np.int64],
    *,
    now: int,
    half_life_days: float,
    n_items: int,
    most_times: float,
) -> NDArray[np.float64]:
    """How much each item is wanted, counting every shopper once, by their latest interest.

    Parameters
    ----------
    shopper : (n,) int64, any number that names the shopper
    item : (n,) int64, item codes 0 to n_items - 1
    at : (n,) int64, seconds since 1970 UTC; later than `now` counts as now
    now : seconds since 1970 UTC
    half_life_days : days, above 0; age at which a shopper's interest counts half
    n_items : items there are
    most_times : no unit, 1 or more; how many times its usual a day of an item may count

    Returns
    -------
    (n_items,) float64, log(1 + decayed shoppers), 0 or more; the logarithm keeps one runaway
    item from making all others look alike, and of a day on which many times more came than the
    days before, only so many count (see `numeric.rushes`)

    Raises
    ------
    ValueError : shapes differ, an item code is out of range, the half-life is not above 0, or
        `most_times` is below 1

    >>> popularity(np.array([7, 7, 8]), np.array([0, 0, 0]), np.array([0, 0, 0]), now=0,
    ...     half_life_days=1.0, n_items=2, most_times=5).round(3)
    array([1.099, 0.   ])
    """
    if not shopper.shape == item.shape == at.shape:
        raise ValueError("shopper, item and at must be equally long")
    if len(item) == 0:
        return np.zeros(n_items)
    if item.min() < 0 or item.max() >= n_items:
        raise ValueError(f"item codes must lie between 0 and {n_items - 1}")
    who, people = coded(shopper)
    pair = item.astype(np.int64, copy=False) * len(people) + who
    order = sort_order(pair)
    pair = pair[order]
    begins = firsts(pair)
    what, newest = pair[begins] // len(people), np.maximum.reduceat(at[order], begins)
    weight = half_life_weight((now - newest) / DAY_SECONDS, half_life_days=half_life_days)
    day = np.minimum(newest, now) // DAY_SECONDS
    weight *= share_of_a_rush(what, day, most_times=most_times)
    return np.log1p(np.bincount(what, weights=weight, minlength=n_items))
