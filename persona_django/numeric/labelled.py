"""Cases to learn from: what was known of each, and whether it ended as one would have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SUREST = 1e-6
"""No share that was learnt is nearer to nothing or to all: its log-odds stay within 14."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Cases that count, made by `labelled`.

    Parameters
    ----------
    matrix : (n, f) float32, finite; a row is a case, a column what is known of it
    label : (n,) bool, whether it ended well
    weight : (n,) float64, above 0; None where all count alike
    """

    matrix: NDArray[np.float32]
    label: NDArray[np.bool_]
    weight: NDArray[np.float64] | None

    @property
    def has_both(self) -> bool:
        """Whether some ended well and some did not; else there is nothing to tell apart."""
        return bool(self.label.any() and not self.label.all())

    @property
    def log_odds(self) -> float:
        """Log-odds of a case of which nothing is known; 0 where there is no case at all.

        >>> labelled(np.zeros((3, 1), np.float32), [1, 0, 0], [2, 1, 1]).log_odds
        0.0
        """
        if not len(self.label):
            return 0.0
        share = np.clip(np.average(self.label, weights=self.weight), SUREST, 1 - SUREST)
        return float(np.log(share / (1 - share)))


def labelled(matrix: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None) -> Labelled:
    """Check cases, and leave out those that weigh nothing.

    Parameters
    ----------
    matrix : (n, f) numbers that are finite as float32
    label : (n,) bool, or 0 and 1
    weight : (n,) finite, 0 or more: as how many cases each counts; None for 1 each

    Raises
    ------
    ValueError : lengths differ, a label is neither 0 nor 1, or a number is not as said above

    >>> labelled([[1], [2]], [True, False], [1, 0]).matrix.tolist()
    [[1.0]]
    """
    with np.errstate(over="ignore"):
        cases = np.asarray(matrix, dtype=np.float32)
    given = np.asarray(label)
    if cases.ndim != 2:
        raise ValueError(f"the matrix has a row for each case, got {cases.ndim} dimensions")
    if given.shape != (len(cases),):
        raise ValueError(f"{len(cases)} cases need as many labels, got shape {given.shape}")
    if not np.isfinite(cases).all():
        raise ValueError("the matrix must be finite as float32")
    ended_well = given.astype(bool)
    if not np.array_equal(ended_well, given):
        raise ValueError("a label is 0 or 1")
    if weight is None:
        return Labelled(matrix=cases, label=ended_well, weight=None)
    counts = np.asarray(weight, dtype=np.float64)
    if counts.shape != (len(cases),):
        raise ValueError(f"{len(cases)} cases need as many weights, got shape {counts.shape}")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("a weight is a finite number of 0 or more")
    kept = counts > 0
    return Labelled(matrix=cases[kept], label=ended_well[kept], weight=counts[kept])
