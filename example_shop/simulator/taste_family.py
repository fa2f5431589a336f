"""Lets the first family shop for a year, and writes down what was true about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from example_shop.progress import Progress, silent
from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.habits import Cycles, regular_purchases
from example_shop.simulator.history import Reason
from example_shop.simulator.oracle import Expected, Oracle
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.people import People, visit_times
from example_shop.simulator.purchases import Wishes
from example_shop.simulator.tastes import Tastes, appeal_within, interest, looks, make_tastes
from example_shop.simulator.truth import Partners
from example_shop.simulator.year import Shopped, sale_temper

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]


def shop_by_taste(
    catalogue: Catalogue,
    people: People,
    partners: Partners,
    substitutes: Ints,
    parameters: Parameters,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> tuple[Shopped, Oracle]:
    """All visits with looks and carts, what was bought from them, and regular purchases."""
    days = parameters.days + parameters.held_out_days
    tastes = make_tastes(catalogue, people, parameters, rng)
    shopper, day, hour, person = visit_times(people, days, parameters, rng)
    visit, product = looks(person, day, tastes, catalogue, parameters, rng, progress)
    in_cart = rng.random(len(visit)) < parameters.taste.cart
    chance = parameters.taste.buy * sale_temper(
        shopper[visit], day[visit], product, catalogue, people, parameters
    )
    ready = rng.random(len(shopper)) < parameters.taste.ready
    bought = in_cart & ready[visit] & (rng.random(len(visit)) < chance)
    bought &= _first_of_kind(visit, catalogue.kind[product], bought)
    browsed = Wishes.because(
        Reason.BROWSED,
        shopper[visit[bought]],
        day[visit[bought]],
        hour[visit[bought]],
        product[bought],
    )
    who, what = _regular_things(catalogue, people, tastes, parameters, rng)
    cycles, regular = regular_purchases(who, what, catalogue, people, substitutes, parameters, rng)
    shopped = Shopped(
        shopper=shopper,
        day=day,
        hour=hour,
        visit=visit,
        product=product,
        in_cart=in_cart,
        wishes=Wishes.together(browsed, regular),
    )
    oracle = _oracle(catalogue, people, partners, substitutes, cycles, tastes, parameters)
    return shopped, oracle


def _first_of_kind(visit: Ints, kind: Ints, bought: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """One purchase of a kind a visit: nobody compares two tents and takes both."""
    rows = np.flatnonzero(bought)
    _, first = np.unique(np.stack([visit[rows], kind[rows]]), axis=1, return_index=True)
    kept = np.zeros(len(bought), dtype=bool)
    kept[rows[first]] = True
    return kept


def _regular_things(
    catalogue: Catalogue,
    people: People,
    tastes: Tastes,
    parameters: Parameters,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Which products become habits: what a person likes most among what is used up.

    The users of a company draw from one short list, the company's.
    """
    appetite = people.visits_a_year / parameters.shoppers.visits_a_year
    counts = rng.poisson(
        parameters.habits.regulars * np.clip(appetite, *parameters.habits.appetite)
    )
    faithful = rng.random(people.count) < parameters.habits.has_regulars
    counts[~faithful & (people.company < 0)] = 0
    used_up = np.flatnonzero([kind.cycle_days > 0 for kind in catalogue.kinds])
    if not len(used_up):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    shopper = np.repeat(np.arange(people.count), counts)
    appeal = tastes.kind[shopper][:, used_up]
    kind = used_up[(appeal + rng.gumbel(size=appeal.shape)).argmax(axis=1)]
    product = np.full(len(shopper), -1, dtype=np.int64)
    for number in used_up:
        rows = np.flatnonzero(kind == number)
        within = appeal_within(int(number), shopper[rows], tastes, catalogue, parameters)
        # Everybody of a company takes the best one, others what they happened to try.
        noise = rng.gumbel(size=within.shape) * (people.company[shopper[rows]] < 0)[:, None]
        product[rows] = catalogue.of_kind(int(number)).start + (within + noise).argmax(axis=1)
    pairs = np.unique(np.stack([shopper, product]), axis=1)
    return pairs[0], pairs[1]


def _oracle(
    catalogue: Catalogue,
    people: People,
    partners: Partners,
    substitutes: Ints,
    cycles: Cycles,
    tastes: Tastes,
    parameters: Parameters,
) -> Oracle:
    def interest_at(shopper: int, day: int, hour: float) -> Floats:
        person = people.person_at(np.array([shopper]), np.array([hour]))
        return interest(person, day, tastes, catalogue, parameters)[0].astype(float)

    return Oracle(
        people=people,
        partners=partners,
        substitutes=substitutes,
        cycles=cycles,
        interest_at=interest_at,
        expect=lambda: _expect(catalogue, people, partners, cycles, tastes, parameters),
    )


def _expect(
    catalogue: Catalogue,
    people: People,
    partners: Partners,
    cycles: Cycles,
    tastes: Tastes,
    parameters: Parameters,
) -> Expected:
    """Add up looks, habits and partners of a month."""
    taste, habits = parameters.taste, parameters.habits
    own = interest(people.person, None, tastes, catalogue, parameters)
    weight = np.where(people.is_household[people.person], 0.5, 1.0).astype(np.float32)
    mean = np.zeros((people.count, catalogue.size), dtype=np.float32)
    np.add.at(mean, people.person, own * weight[:, None])
    visits = people.visits_a_year / 12
    same_visit = _same_visit(own, visits[people.person] * weight, catalogue, parameters)
    looks_a_month = mean * (visits * np.mean(taste.views))[:, None].astype(np.float32)
    bought = taste.cart * taste.buy * taste.ready
    regular = _regular_rates(cycles, mean.shape, parameters)
    # Chance that a habit is due on one shopping day, and how many of those a month has.
    every = habits.shopping_every_days
    due = np.minimum(regular * np.float32(every / 30), 1)
    # One of a kind a visit: what is bought with it comes from wandering looks.
    apart = same_visit * (catalogue.kind[:, None] != catalogue.kind[None, :])
    together = np.float32(bought**2 / taste.ready) * apart + due.T @ due * np.float32(30 / every)
    wanted = looks_a_month + regular
    co_interest = wanted.T @ wanted + same_visit
    # A partner follows a purchase; most of them come in the same order.
    follows = bought * looks_a_month.sum(axis=0)[partners.product] * partners.chance
    for pair in ((partners.product, partners.partner), (partners.partner, partners.product)):
        np.add.at(co_interest, pair, follows.astype(np.float32))
        np.add.at(together, pair, (follows * (1 - habits.complement_later)).astype(np.float32))
    return Expected(mean_interest=mean, co_interest=co_interest, together=together)


def _same_visit(
    own: Matrix, visits: Floats, catalogue: Catalogue, parameters: Parameters
) -> Matrix:
    """(products, products) expected looks a month at both in one visit."""
    low, high = parameters.taste.views
    pairs = np.mean([n * (n - 1) for n in range(low, high + 1)])
    focus = parameters.taste.focus**2
    scale = np.sqrt(pairs * visits).astype(np.float32)[:, None]
    apart = (own * scale).T @ (own * scale) * np.float32(1 - focus)
    for number in range(len(catalogue.kinds)):
        rows = catalogue.of_kind(number)
        share = np.maximum(own[:, rows].sum(axis=1, keepdims=True), 1e-12)
        within = own[:, rows] * scale / np.sqrt(share)
        apart[rows, rows] += np.float32(focus) * (within.T @ within)
    return apart


def _regular_rates(cycles: Cycles, shape: tuple[int, ...], parameters: Parameters) -> Matrix:
    """(shoppers, products) purchases a month from habits that outlast the history."""
    rates = np.zeros(shape, dtype=np.float32)
    alive = cycles.ends_day >= parameters.days
    rows = (cycles.shopper[alive], cycles.product[alive])
    np.add.at(rates, rows, (30 * parameters.habits.keeps_product / cycles.days[alive]))
    return rates
