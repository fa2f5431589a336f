"""Seeded histories of shops that never existed, shared by every benchmark here.

Two kinds, because methods that shine on flat data suffer on skewed data and the other way round:
`skewed` has a few items that nearly everyone touches and a few shoppers who touch nearly
everything, `mild` is closer to a specialist shop. Item numbers carry no hint of popularity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import distinct


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How uneven a history is."""

    zipf: float
    """Exponent of item popularity: the item of rank r is drawn in proportion to r ** -zipf."""
    sigma: float
    """Spread of the log-normal activity of shoppers."""


SHAPES = {"skewed": Shape(zipf=1.0, sigma=1.2), "mild": Shape(zipf=0.7, sigma=0.8)}


def interactions(
    kind: str,
    *,
    shoppers: int = 200_000,
    items: int = 50_000,
    pairs: int = 3_600_000,
    seed: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who touched what: exactly `pairs` distinct pairs, in random order.

    Returns the shopper of each pair, 0 to `shoppers` - 1, and its item, 0 to `items` - 1.

    >>> shopper, item = interactions("mild", shoppers=50, items=40, pairs=300, seed=7)
    >>> len(set(zip(shopper.tolist(), item.tolist())))
    300
    """
    if pairs > shoppers * items // 2:
        raise ValueError(f"{pairs} distinct pairs do not fit {shoppers} shoppers × {items} items")
    shape = SHAPES[kind]
    rng = np.random.default_rng(seed)
    activity = np.cumsum(rng.lognormal(0.0, shape.sigma, shoppers))
    popularity = np.cumsum(np.arange(1, items + 1, dtype=np.float64) ** -shape.zipf)
    number_of_rank = rng.permutation(items)
    found = np.empty(0, dtype=np.int64)
    drawn = 0
    while len(found) < pairs:
        # Repeats are thrown away, ever more of them, so each round draws by what the last kept.
        kept = max(len(found) / drawn if drawn else 0.9, 0.05)
        draw = int((pairs - len(found)) / kept * 1.5) + 1000
        who = np.searchsorted(activity, rng.random(draw) * activity[-1], side="right")
        rank = np.searchsorted(popularity, rng.random(draw) * popularity[-1], side="right")
        found = distinct(np.concatenate([found, who * items + number_of_rank[rank]]))
        drawn += draw
    found = rng.permutation(found)[:pairs]
    return found // items, found % items
