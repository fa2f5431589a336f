"""What a version must pass before shoppers see it; each reason against it is a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.plurals import counted


def enough_shoppers(shoppers: int) -> list[str]:
    """Too few shoppers with two or more items teach chance, not taste."""
    least = conf.current().min_training_shoppers
    if shoppers >= least:
        return []
    return [
        f"Only {counted(shoppers, 'shopper')} with two or more items so far; from {least} on it "
        "goes live. Until then pages show their fallbacks."
    ]


def says_anything(figures: Mapping[str, Any]) -> bool:
    """Whether a version with these figures tells pages anything; also where it noted none."""
    return bool(figures.get("searches", figures.get("items", 1)))


def not_empty(items: int, *, crowd: str) -> list[str]:
    """A version without a single pair would only hide the fallbacks."""
    return [] if items else [f"Nothing reached {crowd} yet, so there is nothing to show."]


def coverage_kept(
    covered: NDArray[np.int64], live: NDArray[np.int64], sold: NDArray[np.int64]
) -> list[str]:
    """A version that forgets most of what the live one covers rests on broken input.

    Items that the shop no longer sells (not in `sold`) are no loss.
    """
    before = np.intersect1d(live, sold)
    kept = np.isin(before, covered).mean() if len(before) else 1.0
    least = conf.current().min_coverage_kept
    if kept >= least:
        return []
    return [
        f"It covers only {kept:.0%} of the {counted(len(before), 'item')} that the live version "
        f"covers; at least {least:.0%} is expected. Look for missing orders or events, or force "
        "it."
    ]


def overlap_kept(overlap: float) -> list[str]:
    """A version whose lists have next to nothing in common with the live ones rests on broken
    input; tastes do not change from one day to the next."""
    least = conf.current().min_overlap_kept
    if overlap >= least:
        return []
    return [
        f"The first ten beside the busiest items have only {overlap:.0%} in common with the live "
        f"version; at least {least:.0%} is expected (MIN_OVERLAP_KEPT). Look for missing orders "
        "or events, or force it."
    ]


def quality_kept(quality: float | None, live: float | None) -> list[str]:
    """A ranker that finds next to nothing of what the live one found was taught by broken input;
    None: too little was answered to say."""
    least = conf.current().min_quality_kept
    if quality is None or not live or quality >= least * live:
        return []
    return [
        f"Where shoppers showed what they wanted it finds {quality / live:.0%} of what the live "
        f"version found (nDCG {quality:.3f} and {live:.3f}); at least {least:.0%} is expected "
        "(MIN_QUALITY_KEPT). Look for missing events, or force it."
    ]


def all_finite(*columns: NDArray[np.floating]) -> bool:
    """True when every number is a number: one that is not would rank at random."""
    return all(bool(np.isfinite(column).all()) for column in columns)
