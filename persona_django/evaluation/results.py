"""What an evaluation found out: how good each method was on one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How good one method was, and how long it took."""

    seconds: float
    """To learn, and to answer all cases."""
    values: Mapping[str, float]
    """By name and length of the list, as in "hr@10" or "gini@10"; NaN where nothing was judged."""
    intervals: Mapping[str, tuple[float, float]]
    """Where the value lies in 95 % of samples like this one; only of what is averaged over
    cases."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """What came of one protocol on one file. What each case gave is not kept.

    Written by the protocols, read by `report`.
    """

    protocol: str
    file: str
    header: Mapping[str, str]
    """What was used, label and words; printed on top in this order."""
    cases: int
    """Lists that each method was asked for."""
    unknown_targets: int
    """Wanted items that nobody had met before the test began: only what is said about them can
    find them."""
    default: str
    """Name of the method that is the whole pipeline, as the shop's pages ask it."""
    methods: Mapping[str, Figures]
    """By name, in the order in which they are shown."""
