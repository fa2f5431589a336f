"""Who shops: traits that both families of shoppers share, and that the oracle knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.parameters import Parameters

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class People:
    """Shoppers by number, one row each, and the persons behind them, two in a household."""

    visits_a_year: Floats
    waits_for_sales: Flags
    company: Ints
    """Number of the company, or -1."""
    consents: Flags
    """May visits be recorded? Orders are the shop's own records either way."""
    shopping_day: Ints
    """Day of each round (a fortnight, by the parameters) on which regular things are bought."""
    usual_hour: Floats
    build: Floats
    """Between 0 and 1: which size fits, from the smallest to the largest."""
    person: Ints
    """Shopper behind each person; the first persons are the shoppers themselves."""
    second_person: Ints
    """Person who shops in the evening, or -1 where nobody else does."""
    evening: float
    """Hour from which it is the second person of a household who shops."""

    @property
    def count(self) -> int:
        return len(self.visits_a_year)

    @property
    def is_household(self) -> Flags:
        return self.second_person >= 0

    def person_at(self, shopper: Ints, hour: Floats) -> Ints:
        """Who of a household holds the telephone at that hour."""
        second = self.second_person[shopper]
        return np.where((second >= 0) & (hour >= self.evening), second, shopper)


def make_people(count: int, parameters: Parameters, rng: np.random.Generator) -> People:
    """Draw everybody's traits; companies come last, so that their users stand together."""
    given = parameters.shoppers
    company = _companies(count, parameters, rng)
    # Company users shop for the office, so there is no second person to consider.
    household = (rng.random(count) < given.households) & (company < 0)
    second = np.full(count, -1, dtype=np.int64)
    second[household] = count + np.arange(int(household.sum()))
    return People(
        visits_a_year=given.visits_a_year * rng.lognormal(0.0, given.activity_spread, count),
        waits_for_sales=(rng.random(count) < given.waits_for_sales) & (company < 0),
        company=company,
        consents=rng.random(count) < given.consenting,
        shopping_day=rng.integers(0, parameters.habits.shopping_every_days, count),
        usual_hour=np.clip(rng.normal(*given.usual_hour, count), *given.usual_hours),
        build=rng.beta(given.middling, given.middling, count),
        person=np.concatenate([np.arange(count), np.flatnonzero(household)]),
        second_person=second,
        evening=given.evening,
    )


def _companies(count: int, parameters: Parameters, rng: np.random.Generator) -> Ints:
    """Group the last few shoppers into companies of two to four users."""
    company = np.full(count, -1, dtype=np.int64)
    low, high = parameters.shoppers.company_size
    start, number = count - round(count * parameters.shoppers.in_company), 0
    while count - start >= low:
        size = min(int(rng.integers(low, high + 1)), count - start)
        company[start : start + size] = number
        start, number = start + size, number + 1
    return company


def visit_times(
    people: People, days: int, parameters: Parameters, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Ints]:
    """Shopper, day, hour and person of every visit of everybody, in the order of shoppers."""
    visits = rng.poisson(people.visits_a_year * days / 365)
    shopper = np.repeat(np.arange(people.count), visits)
    day = rng.integers(0, days, len(shopper))
    hour = hours_of(shopper, people, parameters, rng)
    return shopper, day, hour, people.person_at(shopper, hour)


def hours_of(
    shopper: Ints, people: People, parameters: Parameters, rng: np.random.Generator
) -> Floats:
    """Hour of one visit of each: in a household one shops by day and the other after dinner, half
    of the visits each."""
    given, n = parameters.shoppers, len(shopper)
    hour = about_usual(shopper, given.hour_spread, people, parameters, rng)
    late = rng.random(n) < 0.5
    apart = np.where(late, rng.uniform(*given.evening_hours, n), rng.uniform(*given.day_hours, n))
    return np.where(people.is_household[shopper], apart, hour)


def about_usual(
    shopper: Ints, spread: float, people: People, parameters: Parameters, rng: np.random.Generator
) -> Floats:
    """An hour around everybody's usual one, while people are awake."""
    return np.clip(rng.normal(people.usual_hour[shopper], spread), *parameters.shoppers.awake)
