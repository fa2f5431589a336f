"""The simulated year: the same for a seed, and with the truth in it that was planted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from example_shop.simulator.goods.all import KINDS
from example_shop.simulator.history import DAY, Reason, Seen
from example_shop.simulator.parameters import Parameters, dates_of
from example_shop.simulator.world import Family, World, simulate

BOTH = pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(shoppers=600, products=400, seed=5)


@pytest.fixture(scope="module")
def errands() -> World:
    return simulate(shoppers=600, products=400, seed=5, family=Family.ERRAND)


def columns_of(world: World) -> dict[str, np.ndarray]:
    tables = {
        "orders": world.history.orders,
        "lines": world.history.lines,
        "views": world.history.views,
        "searches": world.history.searches,
    }
    return {
        f"{name}.{field.name}": getattr(table, field.name)
        for name, table in tables.items()
        for field in fields(table)
    }


@BOTH
def test_the_same_seed_gives_the_same_year_to_the_last_line(family):
    first = simulate(shoppers=150, products=200, seed=3, family=family)
    second = simulate(shoppers=150, products=200, seed=3, family=family)

    assert first.catalogue.names == second.catalogue.names
    for name, column in columns_of(first).items():
        np.testing.assert_array_equal(column, columns_of(second)[name], err_msg=name)


def test_another_seed_gives_another_year():
    first = simulate(shoppers=150, products=200, seed=3)
    second = simulate(shoppers=150, products=200, seed=4)

    assert first.catalogue.names != second.catalogue.names
    assert len(first.history.lines.order) != len(second.history.lines.order)


def test_more_shoppers_meet_the_same_shelves():
    few = simulate(shoppers=100, products=200, seed=3)
    many = simulate(shoppers=300, products=200, seed=3)

    assert few.catalogue.names == many.catalogue.names
    np.testing.assert_array_equal(few.catalogue.price, many.catalogue.price)
    np.testing.assert_array_equal(few.oracle.partners.partner, many.oracle.partners.partner)


def test_a_shop_needs_a_product_of_every_kind():
    with pytest.raises(ValueError, match="kinds of goods"):
        simulate(shoppers=50, products=len(KINDS) - 1)


@BOTH
def test_the_month_after_the_last_day_is_kept_apart(family, world, errands):
    made = world if family is Family.TASTE else errands

    assert made.history.orders.at.max() < made.ends_at <= made.held_out.orders.at.min()
    assert made.history.views.at.max() < made.ends_at <= made.held_out.views.at.min()
    assert made.history.lines.refunded_at.max() < made.ends_at
    assert len(made.held_out.orders.at) > 50


@BOTH
def test_lines_point_at_orders_and_variants_that_exist(family, world, errands):
    made = world if family is Family.TASTE else errands
    lines, variants = made.history.lines, made.catalogue.variants

    assert (np.bincount(lines.order, minlength=len(made.history.orders.at)) > 0).all()
    np.testing.assert_array_equal(variants.family[lines.variant], lines.product)
    assert (lines.quantity >= 1).all()
    assert (lines.price >= 1).all()
    assert (lines.refunded <= lines.quantity).all()


@BOTH
def test_nothing_is_bought_before_it_is_published(family, world, errands):
    made = world if family is Family.TASTE else errands
    start = made.ends_at - made.parameters.days * DAY
    bought = (made.history.orders.at[made.history.lines.order] - start) // DAY

    assert (made.catalogue.published_day[made.history.lines.product] <= bought).all()


@BOTH
def test_those_who_wait_for_sales_buy_at_cut_prices(family, world, errands):
    made = world if family is Family.TASTE else errands
    lines = made.history.lines
    waits = made.oracle.people.waits_for_sales[made.history.orders.shopper[lines.order]]
    chosen = lines.reason == Reason.BROWSED
    cut = lines.price < lines.full_price

    assert cut[chosen & waits].mean() > 3 * cut[chosen & ~waits].mean()


@BOTH
def test_true_partners_are_bought_together_far_more_often_than_chance(family, world, errands):
    made = world if family is Family.TASTE else errands
    lines = made.history.lines
    present = np.zeros((len(made.history.orders.at), made.catalogue.size), dtype=bool)
    present[lines.order, lines.product] = True
    share = present.mean(axis=0)
    partners = made.oracle.partners
    strong = partners.chance > 0.15

    both = (present[:, partners.product[strong]] & present[:, partners.partner[strong]]).mean(0)
    chance = share[partners.product[strong]] * share[partners.partner[strong]]

    assert both.sum() > 5 * chance.sum()


def test_partners_follow_at_about_the_planted_rate():
    without_gifts = replace(Parameters().shoppers, gifts_a_year=0.0)
    made = simulate(
        shoppers=800, products=200, seed=2, parameters=Parameters(shoppers=without_gifts)
    )
    lines, partners = made.history.lines, made.oracle.partners
    sold = np.bincount(lines.product[lines.reason == Reason.BROWSED], minlength=200)
    expected = (sold[partners.product] * partners.chance).sum()
    brought = (lines.reason == Reason.PARTNER).sum()

    # Some are bought twice over or too late to be in the year, none for no reason.
    assert 0.6 * expected < brought <= 1.1 * expected


def test_regular_things_come_back_at_their_owners_pace(world):
    cycles, history = world.oracle.cycles, world.history
    every = world.parameters.habits.shopping_every_days
    lines = history.lines
    shopper = history.orders.shopper[lines.order]
    day = history.orders.at[lines.order] // DAY
    off = []
    for row in np.flatnonzero(cycles.days > every)[:300]:
        mine = (shopper == cycles.shopper[row]) & (lines.product == cycles.product[row])
        days = np.sort(day[mine & (lines.reason == Reason.REGULAR)])
        if len(days) >= 4:
            off.append(np.median(np.diff(days)) / cycles.days[row])

    assert len(off) > 30
    assert 0.8 < np.median(off) < 1.4


def test_a_household_has_one_taste_by_day_and_another_in_the_evening(world):
    people, oracle = world.oracle.people, world.oracle
    shared = int(np.flatnonzero(people.is_household)[0])
    alone = int(np.flatnonzero(~people.is_household)[0])

    def likeness(shopper: int) -> float:
        morning, evening = (oracle.interest_at(shopper, 100, hour) for hour in (10.0, 21.0))
        return float(morning @ evening / np.linalg.norm(morning) / np.linalg.norm(evening))

    assert likeness(alone) == pytest.approx(1.0)
    assert likeness(shared) < 0.9


def test_interest_is_a_chance_that_follows_the_season(world):
    catalogue = world.catalogue
    tents = [kind.path for kind in catalogue.kinds].index("Outdoor > Camping > Tents")
    rows = catalogue.of_kind(tents)
    first = dates_of(world.parameters, 1)[0]
    june = int((np.datetime64("2026-06-15") - first).astype(int))
    january = int((np.datetime64("2026-01-15") - first).astype(int))

    summer, winter = (
        np.array([world.oracle.interest_at(shopper, day, 12.0) for shopper in range(40)])
        for day in (june, january)
    )

    np.testing.assert_allclose(summer.sum(axis=1), 1.0, rtol=1e-5)
    assert summer[:, rows].sum() > 1.5 * winter[:, rows].sum()


def test_what_people_look_at_is_what_the_oracle_says_they_like(world):
    people, views = world.oracle.people, world.history.views
    looks = np.zeros_like(world.oracle.expected.mean_interest)
    own = (views.shopper < people.count) & (views.kind == Seen.VIEW)
    np.add.at(looks, (views.shopper[own], views.product[own]), 1)

    busy = np.argsort(-looks.sum(axis=1))[:100]
    agreement = [np.corrcoef(looks[s], world.oracle.expected.mean_interest[s])[0, 1] for s in busy]

    assert np.median(agreement) > 0.6


def test_company_users_buy_for_the_office_and_in_numbers(world):
    people, lines = world.oracle.people, world.history.lines
    office = np.array([kind.department == "Office" for kind in world.catalogue.kinds])
    for_office = office[world.catalogue.kind[lines.product]]
    company = people.company[world.history.orders.shopper[lines.order]] >= 0

    assert for_office[company].mean() > 0.6 > 3 * for_office[~company].mean()
    assert lines.quantity[company].mean() > 3 * lines.quantity[~company].mean()


def test_presents_are_bought_before_christmas(world):
    lines = world.history.lines
    at = world.history.orders.at[lines.order[lines.reason == Reason.GIFT]]
    month = at.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12 + 1

    assert (np.isin(month, [11, 12])).mean() > 0.5


def test_robots_look_at_very_much_and_never_buy(world):
    people, views = world.oracle.people, world.history.views
    robots = views.shopper >= people.count

    assert len(world.history.robot_is_honest) == 6
    assert world.history.orders.shopper.max() < people.count
    assert not (views.kind[robots] == Seen.CART).any()
    assert robots.sum() / 6 > 50


def test_searches_name_the_kind_that_is_looked_at(world):
    words = {kind.path.rpartition(" > ")[2].lower() for kind in world.catalogue.kinds}

    assert len(world.history.searches.at) > 100
    assert set(world.history.searches.words.tolist()) <= words


def test_errands_never_hold_two_of_a_kind_by_choice(errands):
    lines = errands.history.lines
    chosen = lines.reason == Reason.BROWSED
    kind = errands.catalogue.kind[lines.product[chosen]]
    pairs = np.stack([lines.order[chosen], kind])
    counts = np.unique(pairs, axis=1, return_counts=True)[1]

    # Two errands of one day are one order, so a few do.
    assert (counts == 1).mean() > 0.97


def test_nothing_of_the_app_is_loaded_with_the_simulator():
    code = (
        "import sys; from example_shop.simulator.world import simulate; "
        "simulate(shoppers=30, products=200); "
        "sys.exit(any(name.startswith('persona_django') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_choices_are_drawn_for_whole_tables_at_once(monkeypatch):
    """The bound on speed, counted and not timed: four times the shoppers, hardly more calls."""
    calls = {"now": 0}

    class Counting(np.random.Generator):
        def gumbel(self, *args, **kwargs):
            calls["now"] += 1
            return super().gumbel(*args, **kwargs)

    def calls_for(shoppers: int) -> int:
        calls["now"] = 0
        simulate(shoppers=shoppers, products=200, seed=1)
        return calls["now"]

    monkeypatch.setattr(
        np.random, "default_rng", lambda seed=None: Counting(np.random.PCG64(seed))
    )

    assert 0 < calls_for(400) <= 2 * calls_for(100)


@BOTH
def test_it_says_how_far_it_is_and_is_done_at_the_end(family):
    said: list[tuple[str, int, int]] = []

    simulate(
        shoppers=150, products=200, seed=3, family=family,
        progress=lambda part, done, total: said.append((part, done, total)),
    )  # fmt: skip

    parts = {
        part: [(done, total) for one, done, total in said if one == part] for part, *_ in said
    }
    assert len(said) > 20
    for part, steps in parts.items():
        assert steps == sorted(steps), part
    assert said[-1] == ("orders", 1, 1)
