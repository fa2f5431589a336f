"""How likely a candidate is to be wanted, by adding up what each of its features speaks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persona_django.numeric.labelled import labelled

FloatArray = NDArray[np.float64]

CONSTANT = 1e-7
"""A column that varies by no more than this share of itself is constant, as float32 rounds so."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A weight for each column, once it was squashed, centred and scaled.

    Squashed is sign(x) * log(1 + |x|): a count of thousands then says a little more than one of
    hundreds, and not ten times as much.

    Parameters
    ----------
    centre : (f,) float64, finite, mean of the squashed column
    scale : (f,) float64, finite, above 0, its standard deviation; 1 for a constant column
    weight : (f,) float64, finite, log-odds that one standard deviation adds; 0 for a constant one
    base : finite, log-odds of a row that is wholly average

    Raises
    ------
    ValueError : lengths differ, or a number is not as said above

    >>> line = Linear(centre=np.array([0.0]), scale=np.array([1.0]), weight=np.array([2.0]),
    ...     base=0.5)
    >>> line.score(np.array([[0.0], [np.e - 1]], np.float32)).round(3)
    array([0.5, 2.5])
    """

    centre: FloatArray
    scale: FloatArray
    weight: FloatArray
    base: float

    def __post_init__(self) -> None:
        for name in ("centre", "scale", "weight"):
            array = getattr(self, name)
            if array.ndim != 1 or array.dtype != np.float64 or len(array) != len(self.weight):
                raise ValueError(
                    f"{name} must be one float64 for each of {len(self.weight)} columns, "
                    f"got {array.dtype} of shape {array.shape}"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")
        if not (self.scale > 0).all():
            raise ValueError("scale must be above 0")
        if not np.isfinite(self.base):
            raise ValueError("base must be finite")

    @property
    def columns(self) -> int:
        """Columns that a matrix must have."""
        return len(self.weight)

    def score(self, matrix: NDArray[np.float32]) -> FloatArray:
        """Log-odds of each row; rows that are alike score alike to the last bit.

        Parameters
        ----------
        matrix : (n, f) float32, finite, columns as those the line was fitted on

        Returns
        -------
        (n,) float64

        Raises
        ------
        ValueError : the matrix has more or fewer columns
        """
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.columns:
            raise ValueError(
                f"the line has weights of {self.columns} columns, got a matrix of {rows.shape}"
            )
        said = squashed(rows)
        said -= self.centre
        said /= self.scale
        said *= self.weight
        # A product of matrices would add up a row in an order that hangs on its place.
        return said.sum(axis=1) + self.base


def squashed(matrix: NDArray[np.float32]) -> FloatArray:
    """Numbers on a scale that grows ever more slowly, on both sides of 0.

    Parameters
    ----------
    matrix : of any shape

    Returns
    -------
    float64 of the same shape, sign(x) * log(1 + |x|)

    >>> squashed(np.array([0.0, np.e - 1, 1 - np.e], np.float32)).round(3)
    array([ 0.,  1., -1.])
    """
    size = np.abs(matrix, dtype=np.float64)
    return np.copysign(np.log1p(size, out=size), matrix, out=size)


def fit_linear(
    matrix: ArrayLike,
    label: ArrayLike,
    *,
    penalty: float = 1.0,
    weight: ArrayLike | None = None,
) -> Linear:
    """Learn from cases how much each feature speaks for a good end.

    Parameters
    ----------
    matrix : (n, f) float32, finite; a row is a case
    label : (n,) bool, or 0 and 1: whether it ended well
    penalty : above 0; half of it times the squared weights is what they cost, in log-likelihood
    weight : (n,) 0 or more, as how many cases each counts; None for 1 each

    Returns
    -------
    Linear; weights are all 0 where nothing can be told apart

    Raises
    ------
    ValueError : the cases are malformed, or the penalty is not above 0

    References
    ----------
    le Cessie and van Houwelingen, "Ridge estimators in logistic regression", Applied Statistics
    1992.

    >>> x = np.array([[0, 7], [1, 7], [10, 7], [50, 7]], np.float32)
    >>> line = fit_linear(x, [False, False, True, True])
    >>> bool(line.weight[0] > 0), line.weight[1:].tolist(), line.scale[1:].tolist()
    (True, [0.0], [1.0])
    """
    if not 0 < penalty < np.inf:
        raise ValueError(f"the penalty must be above 0, got {penalty}")
    cases = labelled(matrix, label, weight)
    columns = cases.matrix.shape[1]
    centre, scale, weights = np.zeros(columns), np.ones(columns), np.zeros(columns)
    base = cases.log_odds
    if cases.has_both and columns:
        said = squashed(cases.matrix)
        centre = np.average(said, axis=0, weights=cases.weight)
        said -= centre
        spread = np.sqrt(np.average(said**2, axis=0, weights=cases.weight))
        varies = spread > CONSTANT * np.abs(centre)
        scale[varies] = spread[varies]
        if varies.any():
            from sklearn.linear_model import LogisticRegression
            from threadpoolctl import threadpool_limits

            said = said[:, varies] / scale[varies]
            # Newton's steps are few, and dear only where columns are many.
            model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-9)
            # With so few columns threads wait for each other longer than they work.
            with threadpool_limits(1, user_api="blas"):
                model.fit(said, cases.label, sample_weight=cases.weight)
            weights[varies] = model.coef_[0]
            base = float(model.intercept_[0])
    return Linear(centre=centre, scale=scale, weight=weights, base=base)
