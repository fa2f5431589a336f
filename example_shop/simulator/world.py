"""One call that makes a whole shop's year: the range, the shoppers, their deeds, the truth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from example_shop.progress import Progress, silent
from example_shop.simulator.catalogue import Catalogue, build_catalogue
from example_shop.simulator.errand_family import shop_by_errand
from example_shop.simulator.history import DAY, History
from example_shop.simulator.oracle import Oracle
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.people import make_people
from example_shop.simulator.taste_family import shop_by_taste
from example_shop.simulator.truth import true_partners, true_substitutes
from example_shop.simulator.year import first_second_of, write_history


class Family(Enum):
    """By which mechanism shoppers act."""

    TASTE = "taste"
    """Latent tastes; methods may be developed on it."""
    ERRAND = "errand"
    """People on errands; for final figures only, so that no method learns our first mechanism."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A simulated shop: what it may know, what comes after, and what was true all along."""

    catalogue: Catalogue
    history: History
    """What the shop knows on its last day."""
    held_out: History
    """The month after it, which no method may see."""
    oracle: Oracle
    parameters: Parameters
    ends_at: int
    """Midnight after the last day, in seconds since 1970."""


def simulate(
    *,
    shoppers: int = 2_000,
    products: int = 1_000,
    seed: int = 1,
    family: Family = Family.TASTE,
    parameters: Parameters | None = None,
    catalogue: Catalogue | None = None,
    progress: Progress = silent,
) -> World:
    """Make a shop's year. The same arguments give the same year, to the last line.

    The range depends on the seed and the number of products only, so that more shoppers meet the
    same shelves; or a `catalogue` from elsewhere is given, and `products` has no meaning.
    """
    parameters = parameters or Parameters()
    for_range, for_people, for_year = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)
    )
    if catalogue is None:
        catalogue = build_catalogue(products, parameters, for_range)
    partners = true_partners(catalogue, parameters, for_range)
    substitutes = true_substitutes(catalogue, parameters)
    people = make_people(shoppers, parameters, for_people)
    shop = shop_by_taste if family is Family.TASTE else shop_by_errand
    shopped, oracle = shop(
        catalogue, people, partners, substitutes, parameters, for_year, progress
    )
    progress("orders", 0, 1)
    everything = write_history(shopped, catalogue, people, partners, parameters, for_year)
    progress("orders", 1, 1)
    start = first_second_of(parameters)
    ends_at = start + parameters.days * DAY
    return World(
        catalogue=catalogue,
        # A visit that began before midnight of the first day belongs to nobody's record.
        history=everything.between(start, ends_at),
        held_out=everything.between(ends_at, ends_at + parameters.held_out_days * DAY),
        oracle=oracle,
        parameters=parameters,
        ends_at=ends_at,
    )
