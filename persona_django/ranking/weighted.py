"""The ranker of a shop in which too little was answered to learn from: fixed weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.ranking.features import SHARE_OF_BEST, columns_of


@dataclass(frozen=True, kw_only=True)
class Weighted:
    """Adds up what was set beforehand for each feature, and learns nothing.

    Parameters
    ----------
    weight : (f,) float64, finite, what a unit of each column speaks for a candidate

    Raises
    ------
    ValueError : the weights are not one finite float64 for each column

    >>> Weighted(weight=np.array([1.0, -1.0])).score(np.array([[3, 1], [0, 0]], np.float32))
    array([2., 0.])
    """

    weight: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.weight.ndim != 1 or self.weight.dtype != np.float64:
            raise ValueError(
                f"weight must be one float64 for each column, got {self.weight.dtype} of shape "
                f"{self.weight.shape}"
            )
        if not np.isfinite(self.weight).all():
            raise ValueError("weight must be finite")

    @classmethod
    def of_sources(cls, sources: Sequence[str]) -> Weighted:
        """Each source says what share of its own best a candidate is, and all are added up.

        Parameters
        ----------
        sources : names, as of `columns_of`

        >>> Weighted.of_sources(["popular"]).weight[:4]
        array([0., 1., 0., 0.])
        """
        shares = {f"{name}{SHARE_OF_BEST}" for name in sources}
        return cls(weight=np.array([name in shares for name in columns_of(sources)], np.float64))

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """What speaks for each row; rows that are alike score alike to the last bit.

        Parameters
        ----------
        matrix : (n, f) float32, columns as the weights

        Returns
        -------
        (n,) float64

        Raises
        ------
        ValueError : the matrix has more or fewer columns
        """
        if matrix.ndim != 2 or matrix.shape[1] != len(self.weight):
            raise ValueError(
                f"there are weights of {len(self.weight)} columns, got a matrix of {matrix.shape}"
            )
        # A product of matrices would add up a row in an order that hangs on its place.
        return (matrix * self.weight).sum(axis=1)
