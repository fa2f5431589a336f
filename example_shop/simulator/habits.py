"""What is bought without looking around: regular things, presents, and what robots look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.history import Reason
from example_shop.simulator.parameters import Parameters, dates_of
from example_shop.simulator.people import People, about_usual
from example_shop.simulator.purchases import Wishes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """Who buys what again and again, one row a habit: the truth behind reordering."""

    shopper: Ints
    product: Ints
    days: Floats
    """The person's own mean days between two purchases."""
    ends_day: Ints
    """Day of the last purchase the habit brings."""


def regular_purchases(
    shopper: Ints,
    product: Ints,
    catalogue: Catalogue,
    people: People,
    substitutes: Ints,
    parameters: Parameters,
    rng: np.random.Generator,
) -> tuple[Cycles, Wishes]:
    """Repeat each habit at its person's own pace, on the person's shopping day."""
    habits, n = parameters.habits, len(shopper)
    days = parameters.days + parameters.held_out_days
    usual = np.array([kind.cycle_days for kind in catalogue.kinds])[catalogue.kind[product]]
    pace = usual * rng.lognormal(0.0, habits.pace_spread, n)
    steps = int(np.ceil(2 * days / max(pace.min(), 3.0))) + 1 if n else 1
    gaps = np.maximum(pace[:, None] * (1 + habits.jitter * rng.normal(size=(n, steps))), 1.0)
    gaps[:, 0] = rng.random(n) * pace
    due = np.floor(np.cumsum(gaps, axis=1)).astype(np.int64)
    lasting = np.arange(steps)[None, :] < rng.geometric(habits.gives_up, n)[:, None]
    # Regular things wait for the next shopping day, which is what makes one basket of them.
    due += (people.shopping_day[shopper][:, None] - due) % habits.shopping_every_days
    happens = lasting & (due < days)
    habit, step = np.nonzero(happens)
    bought = product[habit]
    other = substitutes[bought, rng.integers(0, substitutes.shape[1], len(bought))]
    changes = (rng.random(len(bought)) >= habits.keeps_product) & (other >= 0)
    hour = about_usual(shopper[habit], habits.hour_spread, people, parameters, rng)
    wishes = Wishes.because(
        Reason.REGULAR, shopper[habit], due[habit, step], hour, np.where(changes, other, bought)
    )
    ends = np.where(happens, due, -1).max(axis=1, initial=-1)
    return Cycles(shopper=shopper, product=product, days=pace, ends_day=ends), wishes


def presents(
    catalogue: Catalogue, people: People, parameters: Parameters, rng: np.random.Generator
) -> Wishes:
    """One-off gifts: popular things outside all tastes, most of them before Christmas."""
    given = parameters.shoppers
    days = parameters.days + parameters.held_out_days
    counts = rng.poisson(given.gifts_a_year * days / 365, people.count)
    counts[people.company >= 0] = 0
    shopper = np.repeat(np.arange(people.count), counts)
    appeal = np.array([kind.gift for kind in catalogue.kinds])[catalogue.kind]
    appeal = appeal * np.exp(catalogue.popularity)
    product = rng.choice(catalogue.size, size=len(shopper), p=appeal / appeal.sum())
    dates = dates_of(parameters, days)
    in_year = (dates - dates.astype("datetime64[Y]")).astype(int)
    first, last = given.gift_days
    advent = np.flatnonzero((in_year >= first) & (in_year <= last))
    day = rng.integers(0, days, len(shopper))
    if len(advent):
        early = rng.random(len(shopper)) < given.gift_peak
        day = np.where(early, rng.choice(advent, len(shopper)), day)
    hour = about_usual(shopper, given.hour_spread, people, parameters, rng)
    return Wishes.because(Reason.GIFT, shopper, day, hour, product)


def robot_views(
    catalogue: Catalogue, shoppers: int, parameters: Parameters, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats, Ints, NDArray[np.bool_]]:
    """Robot (numbered after the shoppers), day, hour and product of each page; who is honest."""
    given = parameters.shoppers
    robots = round(shoppers * given.bots)
    low, high = given.bot_views
    counts = rng.integers(low, high + 1, robots)
    robot = np.repeat(np.arange(robots), counts)
    days = parameters.days + parameters.held_out_days
    return (
        shoppers + robot,
        rng.integers(0, days, len(robot)),
        rng.uniform(0, 24, len(robot)),
        # Robots follow links, not tastes.
        rng.integers(0, catalogue.size, len(robot)),
        np.arange(robots) < round(robots * given.honest_bots),
    )
