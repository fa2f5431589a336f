"""The first family of shoppers: latent tastes, and choices among what they like.

A person comes for one kind of goods, chosen by taste and season, looks at some of it and a little
around it, and picks within a kind by style, brand, price and popularity. The chance that a look
falls on a product is therefore exactly kind share times share within the kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.progress import Progress, silent
from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.parameters import Parameters, dates_of
from example_shop.simulator.people import People

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Tastes:
    """What each person likes, one row a person; two persons in a household."""

    kind: Floats
    """(persons, kinds) log interest, season left out."""
    look: Floats
    """(persons, traits) style."""
    tier: Floats
    """(persons,) usual price position, 0 to 1."""
    brand: Floats
    """(persons, brands) log preference."""


def make_tastes(
    catalogue: Catalogue, people: People, parameters: Parameters, rng: np.random.Generator
) -> Tastes:
    """Draw everybody's tastes; the users of a company share one."""
    taste, persons = parameters.taste, len(people.person)
    middling = parameters.shoppers.middling
    department = catalogue.department_of_kind
    base = np.array([kind.demand for kind in catalogue.kinds])
    base += taste.grocery_appeal * np.array([kind.is_food for kind in catalogue.kinds])
    liking = rng.normal(scale=taste.department, size=(persons, len(catalogue.departments)))
    kind = base + liking[:, department]
    kind += rng.normal(scale=taste.kind, size=kind.shape)
    made = Tastes(
        kind=kind,
        look=rng.normal(size=(persons, catalogue.look.shape[1])),
        tier=rng.beta(middling, middling, persons),
        brand=rng.normal(scale=taste.brand, size=(persons, len(catalogue.brand_names))),
    )
    office = np.array([kind.department == "Office" for kind in catalogue.kinds])
    for number in range(int(people.company.max(initial=-1)) + 1):
        users = np.flatnonzero(people.company == number)
        for column in (made.kind, made.look, made.tier, made.brand):
            column[users] = column[users[0]]
        made.kind[users] += np.where(office, taste.company_pull, -taste.company_pull)
    return made


def season_of(catalogue: Catalogue, parameters: Parameters) -> Floats:
    """(days, kinds) added log interest by the time of the year."""
    days = parameters.days + parameters.held_out_days
    dates = dates_of(parameters, days)
    month = (dates - dates.astype("datetime64[Y]")).astype(int) / 30.44 + 0.5
    peak = np.array([kind.peak_month for kind in catalogue.kinds])
    wave = 0.5 * np.cos(2 * np.pi * (month[:, None] - peak[None, :]) / 12)
    return parameters.taste.season * np.where(peak[None, :] > 0, wave, 0.0)


def appeal_within(
    kind: int, person: Ints, tastes: Tastes, catalogue: Catalogue, parameters: Parameters
) -> Floats:
    """(rows, products of the kind) log appeal to persons, price cuts and dates left out."""
    taste, own = parameters.taste, catalogue.of_kind(kind)
    traits = catalogue.look.shape[1]
    style = tastes.look[person] @ catalogue.look[own].T / np.sqrt(traits)
    away = tastes.tier[person][:, None] - catalogue.tier[own][None, :]
    return (
        taste.look * style
        + tastes.brand[person][:, catalogue.brand[own]]
        - taste.price * 4.0 * away**2
        + catalogue.popularity[own]
    )


def looks(
    person: Ints,
    visit_day: Ints,
    tastes: Tastes,
    catalogue: Catalogue,
    parameters: Parameters,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> tuple[Ints, Ints]:
    """Visit and product of every look, for visits given by person and day."""
    taste = parameters.taste
    season = season_of(catalogue, parameters)
    low, high = taste.views
    counts = rng.integers(low, high + 1, len(person))
    visit = np.repeat(np.arange(len(person)), counts)
    focus = _draw_kinds(person, visit_day, tastes, season, rng, progress)
    wandering = np.flatnonzero(rng.random(len(visit)) >= taste.focus)
    kind = focus[visit]
    kind[wandering] = _draw_kinds(
        person[visit[wandering]], visit_day[visit[wandering]], tastes, season, rng
    )
    product = np.full(len(visit), -1, dtype=np.int64)
    for number in range(len(catalogue.kinds)):
        of_kind, own = np.flatnonzero(kind == number), catalogue.of_kind(number)
        for piece in _in_pieces(len(of_kind), own.stop - own.start):
            rows = of_kind[piece]
            day = visit_day[visit[rows]]
            appeal = appeal_within(number, person[visit[rows]], tastes, catalogue, parameters)
            appeal += taste.on_sale * (catalogue.cut[own][:, day].T > 0)
            appeal[catalogue.published_day[own][None, :] > day[:, None]] = -np.inf
            appeal += rng.gumbel(size=appeal.shape)
            picked = own.start + appeal.argmax(axis=1)
            is_there = np.isfinite(appeal.max(axis=1, initial=-np.inf))
            product[rows] = np.where(is_there, picked, -1)
        progress("looks", number + 1, len(catalogue.kinds))
    kept = product >= 0
    pairs = np.unique(np.stack([visit[kept], product[kept]]), axis=1)
    return pairs[0], pairs[1]


def _draw_kinds(
    person: Ints,
    day: Ints,
    tastes: Tastes,
    season: Floats,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Ints:
    """What each visit comes for. Adding Gumbel noise and taking the largest draws by softmax."""
    drawn = np.empty(len(person), dtype=np.int64)
    for rows in _in_pieces(len(person), len(season[0])):
        appeal = tastes.kind[person[rows]] + season[day[rows]]
        drawn[rows] = (appeal + rng.gumbel(size=appeal.shape)).argmax(axis=1)
        progress("visits", rows.stop, len(person))
    return drawn


def _in_pieces(rows: int, columns: int, most: int = 2_000_000) -> Iterator[slice]:
    """Bounds memory: noise for all visits at once would be hundreds of megabytes."""
    size = max(most // max(columns, 1), 1)
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def interest(
    persons: Ints,
    day: int | None,
    tastes: Tastes,
    catalogue: Catalogue,
    parameters: Parameters,
) -> NDArray[np.float32]:
    """(rows, products) the chance that a look falls on each product.

    On one day, with its season and prices; without a day for an average one, everything published.
    """
    own = tastes.kind[persons].copy()
    if day is not None:
        own += season_of(catalogue, parameters)[day]
    share = np.exp(own - own.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    found = np.zeros((len(persons), catalogue.size), dtype=np.float32)
    for number in range(len(catalogue.kinds)):
        rows = catalogue.of_kind(number)
        appeal = np.exp(appeal_within(number, persons, tastes, catalogue, parameters))
        if day is not None:
            appeal *= np.exp(parameters.taste.on_sale * (catalogue.cut[rows, day] > 0))
            appeal *= catalogue.published_day[rows] <= day
        total = np.maximum(appeal.sum(axis=1, keepdims=True), 1e-30)
        found[:, rows] = share[:, number : number + 1] * appeal / total
    return found
