"""What truly goes together in the invented range, before anyone shops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.catalogue import Catalogue, Floats, Ints
from example_shop.simulator.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class Partners:
    """Pairs of which the second is truly bought because of the first, one row each."""

    product: Ints
    partner: Ints
    chance: Floats
    """Chance that a purchase of `product` brings one of `partner`, in the same order or soon."""
    first: Ints
    """First row of each product, and the number of rows at the end."""


def true_partners(
    catalogue: Catalogue, parameters: Parameters, rng: np.random.Generator
) -> Partners:
    """The few products of each matching kind that suit a product best, and how often they follow.

    What is made for a product is its partner; otherwise style, price and brand decide.
    """
    number = {kind.path: n for n, kind in enumerate(catalogue.kinds)}
    rows: list[tuple[int, int, float]] = []
    for own, kind in enumerate(catalogue.kinds):
        for path, chance in kind.goes_with.items():
            there = catalogue.of_kind(number[path])
            likeness = _likeness(catalogue, catalogue.of_kind(own), there, parameters)
            likeness += rng.normal(scale=parameters.catalogue.partner_chance, size=likeness.shape)
            fits = catalogue.kinds[number[path]].fits == kind.path
            for row, product in enumerate(range(*catalogue.of_kind(own).indices(catalogue.size))):
                if fits:
                    chosen = np.flatnonzero(catalogue.host[there] == product)
                else:
                    chosen = np.argsort(-likeness[row], kind="stable")
                chosen = chosen[: parameters.catalogue.partners_a_kind]
                # The best partner takes the most of the chance: 1, 1/2, 1/3...
                shares = 1.0 / np.arange(1, len(chosen) + 1)
                each = chance * parameters.habits.adds_complement * shares / max(shares.sum(), 1)
                rows += [
                    (product, there.start + int(to), float(p))
                    for to, p in zip(chosen, each, strict=True)
                ]
    table = np.array(sorted(rows), dtype=float).reshape(-1, 3)
    products = table[:, 0].astype(np.int64)
    return Partners(
        product=products,
        partner=table[:, 1].astype(np.int64),
        chance=table[:, 2],
        first=np.searchsorted(products, np.arange(catalogue.size + 1)),
    )


def true_substitutes(catalogue: Catalogue, parameters: Parameters) -> Ints:
    """(products, n) products of the same kind that would do instead, nearest first; -1: none."""
    wanted = parameters.catalogue.substitutes
    found = np.full((catalogue.size, wanted), -1, dtype=np.int64)
    for number in range(len(catalogue.kinds)):
        own = catalogue.of_kind(number)
        likeness = _likeness(catalogue, own, own, parameters)
        np.fill_diagonal(likeness, -np.inf)
        # A case for another telephone is no substitute.
        likeness[catalogue.host[own][:, None] != catalogue.host[own][None, :]] = -np.inf
        order = np.argsort(-likeness, axis=1, kind="stable")[:, :wanted]
        possible = np.isfinite(np.take_along_axis(likeness, order, axis=1))
        found[own, : order.shape[1]] = np.where(possible, order + own.start, -1)
    return found


def _likeness(
    catalogue: Catalogue, here: slice, there: slice, parameters: Parameters
) -> NDArray[np.float64]:
    """(here, there) how alike two products are in style, price position and brand."""
    looks = catalogue.look[here] @ catalogue.look[there].T / catalogue.look.shape[1]
    tiers = np.abs(catalogue.tier[here][:, None] - catalogue.tier[there][None, :])
    same_brand = catalogue.brand[here][:, None] == catalogue.brand[there][None, :]
    made = parameters.catalogue
    return looks - made.price_apart * tiers + made.brand_alike * same_brand
