"""What figures of a few say about many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CONFIDENT = 1.96
"""Standard deviations that nineteen of twenty samples stay within."""


def share_at_least(some: NDArray[np.integer], total: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share that is exceeded as good as surely, by what a sample of it shows.

    Parameters
    ----------
    some : (n,) int64, how many of the sample it is true of, 0 to `total`
    total : (n,) int64, size of the sample, 0 or more

    Returns
    -------
    (n,) float64, 0 to below 1: the lower end of the 95 % interval; 0 where nothing was seen

    Raises
    ------
    ValueError : shapes differ, or `some` is negative or more than `total`

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.

    >>> share_at_least(np.array([5, 500, 0]), np.array([5, 500, 0])).round(3)
    array([0.566, 0.992, 0.   ])
    """
    if some.shape != total.shape:
        raise ValueError("some and total must be equally long")
    if len(some) and (some.min() < 0 or (some > total).any()):
        raise ValueError("some must lie between nothing and the total")
    n = np.maximum(total, 1).astype(np.float64)
    share, spread = some / n, CONFIDENT**2 / n
    centre = share + spread / 2
    margin = np.sqrt(spread * (share * (1 - share) + spread / 4))
    # At nothing both are the same but for the last bit.
    low: NDArray[np.float64] = np.maximum(centre - margin, 0.0) / (1 + spread)
    return np.where(some > 0, low, 0.0)


def bootstrap_interval(
    values: NDArray[np.float64], *, rounds: int = 1_000, seed: int = 0
) -> tuple[float, float]:
    """Where the mean of all cases lies in 95 % of samples like this one.

    Parameters
    ----------
    values : (n,) float64, one for each case; NaN for a case that is not judged
    rounds : samples drawn, 1 or more
    seed : the same gives the same interval

    Returns
    -------
    its lower and upper end; both the mean where all cases are alike, and 0 without a case

    Raises
    ------
    ValueError : fewer than one round

    References
    ----------
    Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 1979; the
    percentile interval.

    >>> bootstrap_interval(np.array([0.5, 0.5, np.nan]))
    (0.5, 0.5)
    """
    if rounds < 1:
        raise ValueError(f"at least one sample must be drawn, got {rounds}")
    judged = values[~np.isnan(values)]
    if not len(judged):
        return 0.0, 0.0
    # How often each distinct value is drawn is all that matters: hits are 0 or 1.
    distinct, times = np.unique(judged, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(judged), times / len(judged), size=rounds)
    low, high = np.quantile(drawn @ distinct / len(judged), [0.025, 0.975])
    return float(low), float(high)
