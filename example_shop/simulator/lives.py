"""The lives that the second family leads, and how they choose within a kind of goods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.people import People

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TIERS = 3


@dataclass(frozen=True, kw_only=True)
class Lives:
    """What the mechanism runs on, beside the range itself."""

    life: Ints
    """(persons,) number of the life, in the order of the parameters."""
    tier: Ints
    """(persons,) price tier: 0 basic, 1 middle, 2 premium."""
    step: Floats
    """(lives, errands, errands) chance of the next errand."""
    needs: Floats
    """(errands, kinds) chance that an errand takes one of the kind."""
    share: Floats
    """(tiers, products) share of each product within its kind, for people of a tier."""


def make_lives(
    catalogue: Catalogue, people: People, parameters: Parameters, rng: np.random.Generator
) -> Lives:
    """Give everybody a life and a price tier, and companies theirs."""
    persons = len(people.person)
    errands, ways = parameters.missions.errands, parameters.missions.lives
    life = rng.integers(0, len(ways) - 1, persons)
    life[np.flatnonzero(people.company >= 0)] = len(ways) - 1
    number = {kind.path: n for n, kind in enumerate(catalogue.kinds)}
    needs = np.zeros((len(errands), len(catalogue.kinds)))
    names = [errand.name for errand in errands]
    step = np.zeros((len(ways), len(errands), len(errands)))
    for row, weights in enumerate(ways.values()):
        usual = np.array([weights.get(name, 0.0) for name in names])
        step[row] = usual / usual.sum()
        for at, errand in enumerate(errands):
            for name, added in errand.then.items():
                step[row, at, names.index(name)] += added
    for at, errand in enumerate(errands):
        for path, chance in errand.needs.items():
            needs[at, number[path]] = chance
    return Lives(
        life=life,
        tier=rng.integers(0, TIERS, persons),
        step=step / step.sum(axis=2, keepdims=True),
        needs=needs,
        share=_shares(catalogue, parameters),
    )


def _shares(catalogue: Catalogue, parameters: Parameters) -> Floats:
    """Share of each product within its kind, for a person of each tier."""
    share = np.zeros((TIERS, catalogue.size))
    for number in range(len(catalogue.kinds)):
        own = catalogue.of_kind(number)
        weight = np.exp(catalogue.popularity[own])
        tier = np.minimum((catalogue.tier[own] * TIERS).astype(int), TIERS - 1)
        for usual in range(TIERS):
            loyal = np.where(tier == usual, weight, 0.0)
            anything = weight / weight.sum()
            stays = parameters.missions.tier_loyalty if loyal.any() else 0.0
            part = loyal / max(loyal.sum(), 1e-12)
            share[usual, own] = stays * part + (1 - stays) * anything
    return share
