"""What it says that something was seen on screen and not chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

BEFORE_THE_CHOSEN = 0.6
"""Eyes go from the first slot on: who chose a later one has most likely considered this one."""
AFTER_THE_CHOSEN = 0.4
NONE_CHOSEN = 0.1
"""The visit went on without any of them: attention was elsewhere, as likely as not."""


def doubt(
    slate: IntArray,
    position: IntArray,
    *,
    is_seen: NDArray[np.bool_],
    is_chosen: NDArray[np.bool_],
    went_on: NDArray[np.bool_],
) -> FloatArray:
    """How sure it is that each slot was looked at and not wanted.

    Parameters
    ----------
    slate : (n,) int64, 0 to the number of slates - 1, the slate of each slot
    position : (n,) int64, place in its slate from 0
    is_seen, is_chosen : (n,) bool, on screen for a moment; clicked
    went_on : (n,) bool, whether the visit went on after the slate

    Returns
    -------
    (n,) float64, 0 to 1; 0 for what was chosen, was not seen, or ended the visit

    Raises
    ------
    ValueError : the columns differ in length

    References
    ----------
    Joachims et al., "Accurately interpreting clickthrough data as implicit feedback", SIGIR 2005:
    what stands above a click was passed over, what stands below it may not have been looked at.

    >>> doubt(np.zeros(3, int), np.arange(3), is_seen=np.ones(3, bool),
    ...       is_chosen=np.array([False, True, False]), went_on=np.ones(3, bool))
    array([0.6, 0. , 0.4])
    """
    columns = (position, is_seen, is_chosen, went_on)
    if any(column.shape != slate.shape for column in columns):
        raise ValueError("the columns of slots must be equally long")
    if not len(slate):
        return np.zeros(0)
    last_chosen = np.full(int(slate.max()) + 1, -1, dtype=np.int64)
    np.maximum.at(last_chosen, slate[is_chosen], position[is_chosen])
    chosen_at = last_chosen[slate]
    sure = np.where(position < chosen_at, BEFORE_THE_CHOSEN, AFTER_THE_CHOSEN)
    sure = np.where(chosen_at < 0, np.where(went_on, NONE_CHOSEN, 0.0), sure)
    return np.where(is_seen & ~is_chosen, sure, 0.0)


def together(group: IntArray, sure: FloatArray, *, n_groups: int) -> FloatArray:
    """How sure several independent sightings make one, none of them being certain.

    Parameters
    ----------
    group : (n,) int64, 0 to `n_groups` - 1
    sure : (n,) float64, 0 to below 1
    n_groups : groups there are

    Returns
    -------
    (n_groups,) float64, 1 - the product of (1 - sure), never below the surest of its group

    Raises
    ------
    ValueError : the columns differ in length, or something is certain

    >>> together(np.array([0, 0]), np.array([0.5, 0.5]), n_groups=1)
    array([0.75])
    """
    if group.shape != sure.shape:
        raise ValueError("group and sure must be equally long")
    if len(sure) and not (sure.min() >= 0 and sure.max() < 1):
        raise ValueError("a sighting is sure from 0 to below 1")
    return -np.expm1(np.bincount(group, weights=np.log1p(-sure), minlength=n_groups))


def surest(visit: IntArray, sure: FloatArray, tie: IntArray, *, most: int) -> IntArray:
    """Positions, ascending, of the surest few of each visit, the lowest `tie` among equals.

    >>> surest(np.array([0, 0, 1]), np.array([0.1, 0.4, 0.1]), np.arange(3), most=1)
    array([1, 2])
    """
    order = np.lexsort((tie, -sure, visit))
    first = np.searchsorted(visit[order], visit[order])
    return np.sort(order[np.arange(len(order)) - first < most])
