"""A rush on one thing counts, but only as far as a rush may: it can be bought, or sent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import coded

IntArray = NDArray[np.int64]

USUAL_DAYS = 14
"""Days before, whose median is what is usual."""
FEWEST_DAYS = 3
"""With fewer days before it nobody knows what is usual in this shop, and all counts."""
FEWEST = 10
"""Shoppers of one day who are usual for any item."""
BEST = 0.99
"""What is new has no usual of its own: it is measured against the best hundredth of all days of
all items, so that real news is not held back."""


def share_of_a_rush(item: IntArray, day: IntArray, *, most_times: float) -> NDArray[np.float64]:
    """The share of its weight that each interaction keeps on a day when too many came at once.

    Parameters
    ----------
    item : (n,) int64, any number that names the item; each shopper once an item
    day : (n,) int64, days since 1970 UTC. Not hours: what a day adds is bounded however it
        comes, and most items are looked at too seldom to have a usual hour
    most_times : no unit, 1 or more; how many times its usual a day of an item may count

    Returns
    -------
    (n,) float64, above 0 to 1; 1 on every usual day

    Raises
    ------
    ValueError : the columns differ in length, or `most_times` is below 1

    >>> days = np.append(np.repeat(np.arange(14), 20), np.full(1_000, 14))
    >>> share = share_of_a_rush(np.zeros(len(days), dtype=int), days, most_times=5)
    >>> int(share[days == 14].sum().round())
    100
    """
    if item.shape != day.shape:
        raise ValueError("item and day must be equally long")
    if not most_times >= 1:
        raise ValueError(f"a rush counts 1 time the usual or more, got {most_times}")
    if not len(item):
        return np.zeros(0)
    code, items = coded(item)
    # Days of two items stand so far apart that looking back from one never meets the other.
    first_day = int(day.min())
    apart = int(day.max()) - first_day + USUAL_DAYS + 1
    cell, cells = coded(code * apart + (day - first_day))
    n = np.bincount(cell)
    rush = np.flatnonzero(n > most_times * FEWEST)
    if not len(rush):
        return np.ones(len(item))
    begins = np.searchsorted(cells, np.arange(len(items)) * apart)
    days_before = cells % apart
    is_new = days_before[rush] - days_before[begins][cells[rush] // apart] < USUAL_DAYS
    usual = np.maximum(_usual(cells, n, cells[rush], days_before[rush]), FEWEST)
    usual = np.where(is_new, np.maximum(usual, np.quantile(n, BEST, method="lower")), usual)
    share = np.ones(len(n))
    share[rush] = np.minimum(most_times * usual / n[rush], 1.0)
    share[rush[days_before[rush] < FEWEST_DAYS]] = 1.0
    return share[cell]


def _usual(
    cells: IntArray, n: IntArray, wanted: IntArray, days_before: IntArray
) -> NDArray[np.float64]:
    """The median of the days before, as far back as the shop's history goes."""
    counts = np.full((len(wanted), USUAL_DAYS), np.nan)
    for back in range(1, USUAL_DAYS + 1):
        place = np.searchsorted(cells, wanted - back)
        there = cells[np.minimum(place, len(cells) - 1)] == wanted - back
        known = np.where(there, n[np.minimum(place, len(cells) - 1)], 0)
        counts[:, back - 1] = np.where(days_before >= back, known, np.nan)
    counts[np.isnan(counts).all(axis=1)] = 0
    return np.nanmedian(counts, axis=1)
