"""How far means over cases hang on which cases there were, where several are of one visit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import coded

FloatArray = NDArray[np.float64]
ROUNDS = 1_000
"""Samples drawn."""
AT_ONCE = 20
"""Of them, those that are reckoned together, which bounds memory."""


def intervals_of_groups(
    judged: Mapping[str, FloatArray], group: NDArray[np.int64], *, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Where the mean of all cases lies in 95 % of samples of as many groups.

    Twenty cases of one visit say hardly more than one: drawn one by one they would make a figure
    look far surer than it is.

    Parameters
    ----------
    judged : by name (n,) float64, one for each case; NaN for one that is not judged
    group : (n,) int64, the group of each case
    seed : the same gives the same intervals

    References
    ----------
    Davison and Hinkley, "Bootstrap methods and their application", 1997, section 3.8: of grouped
    data whole groups are drawn. The percentile interval, as of `inference.bootstrap_interval`.
    """
    code, groups = coded(group)
    n = len(groups)
    columns = []
    for values in judged.values():
        is_judged = ~np.isnan(values)
        weights = np.where(is_judged, values, 0.0)
        columns.append(np.bincount(code, weights=weights, minlength=n))
        columns.append(np.bincount(code, weights=is_judged, minlength=n))
    of_groups = np.stack(columns, axis=1) if columns else np.empty((n, 0))
    rng = np.random.default_rng(seed)
    sums = np.concatenate([_drawn(n, rng) @ of_groups for _ in range(ROUNDS // AT_ONCE)])
    found: dict[str, tuple[float, float]] = {}
    for place, name in enumerate(judged):
        total, cases = sums[:, 2 * place], sums[:, 2 * place + 1]
        # A sample without any judged case has no mean.
        low, high = np.quantile(total[cases > 0] / cases[cases > 0], [0.025, 0.975])
        found[name] = (float(low), float(high))
    return found


def _drawn(n: int, rng: np.random.Generator) -> FloatArray:
    """(AT_ONCE, n) float64, how often each of n groups is in each sample."""
    drawn = rng.integers(n, size=(AT_ONCE, n))
    return np.stack([np.bincount(sample, minlength=n) for sample in drawn]).astype(np.float64)
