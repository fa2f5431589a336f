"""Knows the truth of a simulated shop; methods are measured against what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.habits import Cycles
from example_shop.simulator.people import People
from example_shop.simulator.truth import Partners

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the truth makes of products and pairs of them, as large tables."""

    mean_interest: NDArray[np.float32]
    """(shoppers, products) chance that a look falls on each, for whoever of a household looks."""
    co_interest: NDArray[np.float32]
    """(products, products) expected number of times one shopper wants both in a month."""
    together: NDArray[np.float32]
    """(products, products) expected number of orders a month that hold both."""


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """What was planted, and the probabilities that shoppers really acted on."""

    people: People
    partners: Partners
    substitutes: Ints
    """(products, n) true substitutes, nearest first; -1: none."""
    cycles: Cycles
    interest_at: Callable[[int, int, float], Floats]
    """(shopper, day, hour) -> (products,) chance that a look of that moment falls on each."""
    expect: Callable[[], Expected]
    """Adds up the large tables; read them from `expected`, which asks once."""

    @cached_property
    def expected(self) -> Expected:
        return self.expect()

    def nearest_in_taste(self, k: int) -> Ints:
        """(products, k) the products that the same people like most, by the cosine of interest."""
        mean = self.expected.mean_interest
        liking = mean / np.maximum(np.linalg.norm(mean, axis=0), 1e-12)
        return best(liking.T @ liking, k)

    def partners_of(self, product: int) -> Ints:
        """True partners of a product, the likeliest first."""
        rows = slice(int(self.partners.first[product]), int(self.partners.first[product + 1]))
        order = np.argsort(-self.partners.chance[rows], kind="stable")
        return self.partners.partner[rows][order]


def best(score: NDArray[np.float32], k: int) -> Ints:
    """(n, k) columns with the highest score of each row, never the row itself."""
    score = score.copy()
    np.fill_diagonal(score, -np.inf)
    return np.argsort(-score, axis=1, kind="stable")[:, :k].astype(np.int64)
