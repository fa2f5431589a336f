"""Old evidence fades: how much an interaction still counts after a while."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def half_life_weight(
    age_days: NDArray[np.float64], *, half_life_days: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of its first weight that evidence keeps at a given age.

    Parameters
    ----------
    age_days : (n,) float64, days; a negative age (a clock that ran ahead) counts as 0
    half_life_days : days, above 0, one for all or one for each; infinity keeps for ever

    Returns
    -------
    (n,) float64, 0 to 1, halved with each half-life

    Raises
    ------
    ValueError : the half-life is not above 0, or an age is not a number

    References
    ----------
    Exponential forgetting, w(t) = 2 ** (-t / h).

    >>> half_life_weight(np.array([-1.0, 0.0, 30.0, 60.0]), half_life_days=30.0)
    array([1.  , 1.  , 0.5 , 0.25])
    """
    if not np.all(np.asarray(half_life_days) > 0):
        raise ValueError(f"half-life must be above 0 days, got {half_life_days}")
    if np.isnan(age_days).any():
        raise ValueError("every age must be a number of days")
    # In one column's memory: there are millions of ages.
    weight = np.array(age_days, dtype=np.float64)
    np.maximum(weight, 0.0, out=weight)
    weight /= -half_life_days
    return np.exp2(weight, out=weight)
