"""What more people look at now than they used to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.sorting import count_distinct, paired

IntArray = NDArray[np.int64]


def trending(
    shopper: IntArray,
    item: IntArray,
    at: IntArray,
    *,
    now: int,
    n_items: int,
    recent_days: float,
    usual_days: int,
    floor: int,
    most_times: float,
) -> NDArray[np.float64]:
    """How far the shoppers of an item in the last days go beyond what is usual for it.

    Of each shopper one visit to an item a day counts. With r those of the last `recent_days` and
    u what the `usual_days` before make for as long a time, the score is

        (min(r, most_times * max(u, 1)) - u) / sqrt(u + 1) * log(1 + r)

    where an item that fewer than `floor` shoppers came to, or no more than usual, has 0. The root
    is how far such a count strays by itself; the logarithm puts what moves many before what moves
    a few. Nothing counts more than `most_times` its usual: a flood can be sent.

    Parameters
    ----------
    shopper, item, at : (n,) int64, aligned: who, item codes 0 to n_items - 1, and seconds since
        1970 UTC; what is later than `now` counts as now
    now : seconds since 1970 UTC
    n_items : items there are
    recent_days : days, above 0
    usual_days : days before them, 1 or more
    floor : distinct shoppers of the recent days, 1 or more
    most_times : above 1

    Returns
    -------
    (n_items,) float64, 0 or more

    Raises
    ------
    ValueError : the columns differ in length, or an option is out of its range

    >>> who = np.array([1, 2, 3, 1, 2, 3])
    >>> what = np.array([0, 0, 0, 1, 1, 1])
    >>> when = np.array([99, 99, 99, 10, 10, 10]) * 86_400
    >>> trending(who, what, when, now=100 * 86_400, n_items=2, recent_days=2.0, usual_days=90,
    ...     floor=3, most_times=5.0).round(2)
    array([4.16, 0.  ])
    """
    if not len(shopper) == len(item) == len(at):
        raise ValueError("shopper, item and at must be equally long")
    for name, value, least in (
        ("recent_days", recent_days, 0),
        ("usual_days", usual_days, 0),
        ("floor", floor, 0),
        ("most_times", most_times, 1),
    ):
        if not value > least:
            raise ValueError(f"{name} must be above {least}, got {value}")
    age_days = (now - np.minimum(at, now)) / DAY_SECONDS
    recent = age_days < recent_days
    before = ~recent & (age_days < recent_days + usual_days)
    recently = count_distinct(item[recent], shopper[recent], n_items=n_items)
    day = np.floor(age_days[before] - recent_days).astype(np.int64)
    days = count_distinct(item[before], paired(shopper[before], day), n_items=n_items)
    usual = days * (recent_days / usual_days)
    counted = np.minimum(recently, most_times * np.maximum(usual, 1.0))
    score = (counted - usual) / np.sqrt(usual + 1.0) * np.log1p(recently)
    return np.where((recently >= floor) & (counted > usual), score, 0.0)
