"""What is kept of too much: the largest of each group, or a sample that is always the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import firsts, places_within

IntArray = NDArray[np.int64]


def largest_of_each(group: IntArray, value: IntArray, *, cap: int) -> IntArray | None:
    """Positions, ascending, of the `cap` largest values of each group; None when that is all.

    Parameters
    ----------
    group : (n,) int64, ascending
    value : (n,) int64
    cap : 1 or more

    >>> largest_of_each(np.array([0, 0, 1]), np.array([5, 6, 5]), cap=1)
    array([1, 2])
    """
    # Only groups over the cap are sorted: they are few.
    first = firsts(group)
    size = np.diff(np.append(first, len(group)))
    if size.max(initial=0) <= cap:
        return None
    over = np.repeat(size > cap, size)
    position = np.flatnonzero(over)
    ranked = position[np.lexsort((position, -value[position], group[position]))]
    kept = ~over
    kept[ranked[places_within(size[size > cap]) < cap]] = True
    return np.flatnonzero(kept)


def lots(basket: IntArray, item: IntArray) -> IntArray:
    """A number for each line that looks drawn by lot and is always the same (SplitMix64).

    Parameters
    ----------
    basket, item : (n,) int64

    >>> lots(np.array([1, 1]), np.array([7, 7])).tolist()
    [3595544800446187243, 3595544800446187243]
    """
    mixed = basket.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + item.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
