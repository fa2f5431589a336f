"""How many shoppers two items would have in common by chance, and how much more they have.

The table is that of the log-likelihood ratio, counted in people: those who have the one item,
those who have the other, and all there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class People:
    """How many stand behind each item, and how many there are, in each kind of evidence.

    Parameters
    ----------
    leading : (n_kinds, n_items) int32, people behind each item as the first of a pair; 0: too few
        to be told, or nobody
    everyone : (n_kinds,) int64, all people whom the kind of evidence is of
    following : (n_kinds, n_items) int32, the same of the second of a pair; None: as `leading`,
        because the pairs have no order

    >>> People.none(n_items=2).leading.shape
    (0, 2)
    """

    leading: NDArray[np.int32]
    everyone: NDArray[np.int64]
    following: NDArray[np.int32] | None = None

    @classmethod
    def none(cls, *, n_items: int) -> People:
        """Nobody stands behind anything, as behind what only texts have in common."""
        return cls(
            leading=np.empty((0, n_items), dtype=np.int32), everyone=np.empty(0, dtype=np.int64)
        )

    @classmethod
    def of_one_kind(
        cls,
        leading: NDArray[np.integer],
        everyone: int,
        *,
        crowd: int,
        following: NDArray[np.integer] | None = None,
    ) -> People:
        """Counts of one kind of evidence; what is below the crowd is not told.

        Parameters
        ----------
        leading, following : (n_items,) whole numbers of 0 or more
        everyone : 0 or more
        crowd : people, 1 or more

        >>> People.of_one_kind(np.array([4, 5]), 40, crowd=5).leading
        array([[0, 5]], dtype=int32)
        """

        def told(counts: NDArray[np.integer]) -> NDArray[np.int32]:
            return np.where(counts >= crowd, counts, 0).astype(np.int32)[np.newaxis]

        return cls(
            leading=told(leading),
            everyone=np.array([everyone], dtype=np.int64),
            following=None if following is None else told(following),
        )


def met_by_chance(
    both: IntArray, leading: IntArray, following: IntArray, everyone: IntArray
) -> FloatArray:
    """How many people would have an item and each of some others, were all spread alike.

    Parameters
    ----------
    both : (n,) whole numbers, people who have the item and the other
    leading : (n_kinds,) whole numbers, people who have the item, in each kind of evidence
    following : (n_kinds, n) whole numbers, people who have the other
    everyone : (n_kinds,) whole numbers, all people; taken to be no fewer than the two have
        together

    Returns
    -------
    (n,) float64, leading * following / everyone; of several kinds of evidence that could be what
    `both` was counted in, the one by which most would. 0 where there is none

    References
    ----------
    Brin et al., "Dynamic itemset counting and implication rules for market basket data", SIGMOD
    1997: the lift, there called interest.

    >>> met_by_chance(np.array([214]), np.array([3050]), np.array([[400]]), np.array([20_000]))
    array([61.])
    """
    first, second = leading[:, np.newaxis].astype(np.float64), following.astype(np.float64)
    all_ = np.maximum(everyone[:, np.newaxis], first + second - both)
    could = (np.minimum(first, second) >= both) & (all_ > 0)
    met = np.divide(first * second, all_, out=np.zeros_like(second), where=could)
    return np.asarray(met.max(axis=0, initial=0.0))


def lift(both: IntArray, by_chance: FloatArray) -> FloatArray:
    """How many times as many people have two items as would by chance.

    Parameters
    ----------
    both : (n,) whole numbers, people who have both items
    by_chance : (n,) float64, people who would, as of `met_by_chance`

    Returns
    -------
    (n,) float64; 0 where chance is not known

    >>> lift(np.array([214, 9]), np.array([61.0, 0.0])).round(2)
    array([3.51, 0.  ])
    """
    found = np.zeros(len(both))
    return np.divide(both, by_chance, out=found, where=by_chance > 0)
