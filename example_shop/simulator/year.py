"""What both families of shoppers leave behind, put together into one history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.habits import presents, robot_views
from example_shop.simulator.history import DAY, History, Reason, Searches, Seen, Views
from example_shop.simulator.parameters import Parameters, dates_of
from example_shop.simulator.people import People
from example_shop.simulator.purchases import Wishes, partners_of, put_into_orders, variant_for
from example_shop.simulator.truth import Partners

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Shopped:
    """Visits (shopper, day, hour), what was looked at in them, and what was decided."""

    shopper: Ints
    day: Ints
    hour: Floats
    visit: Ints
    """Visit of each look; `product` and `in_cart` go with it."""
    product: Ints
    in_cart: NDArray[np.bool_]
    wishes: Wishes


def sale_temper(
    shopper: Ints,
    day: Ints,
    product: Ints,
    catalogue: Catalogue,
    people: People,
    parameters: Parameters,
) -> Floats:
    """What a chance to buy is multiplied by: sale waiters want a cut price or hardly anything."""
    cut = catalogue.cut[product, day] > 0
    waits = people.waits_for_sales[shopper]
    joy = np.where(cut, parameters.taste.sale_joy, parameters.taste.patience)
    return np.where(waits, joy, 1.0)


def first_second_of(parameters: Parameters) -> int:
    """Midnight, UTC, of the first day of the history."""
    return int(dates_of(parameters, 1)[0].astype("datetime64[s]").astype(np.int64))


def write_history(
    shopped: Shopped,
    catalogue: Catalogue,
    people: People,
    partners: Partners,
    parameters: Parameters,
    rng: np.random.Generator,
) -> History:
    """Add presents, partners and robots, make orders of wishes, and set everything in time."""
    start = first_second_of(parameters)
    gifts = presents(catalogue, people, parameters, rng)
    # Whoever buys pasta every fortnight has the sauce at home, or among the regular things.
    sparking = shopped.wishes.some(shopped.wishes.reason == Reason.BROWSED)
    follow = partners_of(sparking, partners, parameters, rng)
    wishes = Wishes.together(shopped.wishes, gifts, follow)
    orders, lines = put_into_orders(wishes, catalogue, people, parameters, start, rng)
    # Presents and partners are looked at before they are bought, as everything else is.
    extra = Wishes.together(gifts, follow)
    extra = extra.some(extra.day < parameters.days + parameters.held_out_days)
    views, honest = _views(shopped, extra, catalogue, people, parameters, start, rng)
    searches = _searches(shopped, catalogue, parameters, start, rng)
    return History(
        orders=orders, lines=lines, views=views, searches=searches, robot_is_honest=honest
    )


def _views(
    shopped: Shopped,
    extra: Wishes,
    catalogue: Catalogue,
    people: People,
    parameters: Parameters,
    start: int,
    rng: np.random.Generator,
) -> tuple[Views, NDArray[np.bool_]]:
    robot, robot_day, robot_hour, robot_product, honest = robot_views(
        catalogue, people.count, parameters, rng
    )
    given = parameters.shoppers
    first_extra = len(shopped.shopper)
    first_robot = first_extra + len(extra.shopper)
    shopper = np.concatenate([shopped.shopper[shopped.visit], extra.shopper, robot])
    product = np.concatenate([shopped.product, extra.product, robot_product])
    day = np.concatenate([shopped.day[shopped.visit], extra.day, robot_day])
    hour = np.concatenate([shopped.hour[shopped.visit], extra.hour, robot_hour])
    visit = np.concatenate(
        [
            shopped.visit,
            first_extra + np.arange(len(extra.shopper)),
            # A robot's pages of one day are one visit.
            first_robot + np.unique(robot * 10_000 + robot_day, return_inverse=True)[1],
        ]
    )
    # Looks of one visit lie before the decision at its end.
    end = start + day * DAY + np.floor(hour * 3600).astype(np.int64)
    at = end - rng.integers(*given.look_seconds, len(day))
    in_cart = np.concatenate(
        [shopped.in_cart, np.ones(len(extra.shopper), bool), np.zeros(len(robot), bool)]
    )
    build = np.concatenate([people.build, np.full(len(honest), 0.5)])
    variant = variant_for(product, shopper, catalogue, build, rng)
    cart_at = end - rng.integers(*given.cart_seconds, len(day))
    columns = {
        "shopper": np.concatenate([shopper, shopper[in_cart]]),
        "visit": np.concatenate([visit, visit[in_cart]]),
        "kind": np.repeat([int(Seen.VIEW), int(Seen.CART)], [len(visit), int(in_cart.sum())]),
        "product": np.concatenate([product, product[in_cart]]),
        "variant": np.concatenate([variant, variant[in_cart]]),
        "at": np.concatenate([at, cart_at[in_cart]]),
    }
    by_time = np.argsort(columns["at"], kind="stable")
    return Views(**{name: column[by_time] for name, column in columns.items()}), honest


def _searches(
    shopped: Shopped,
    catalogue: Catalogue,
    parameters: Parameters,
    start: int,
    rng: np.random.Generator,
) -> Searches:
    """Some visits begin with the name of the kind of their first look: "sleeping mats"."""
    visits, first = np.unique(shopped.visit, return_index=True)
    typed = rng.random(len(visits)) < parameters.habits.searches
    visits, first = visits[typed], first[typed]
    words = np.array([kind.path.rpartition(" > ")[2].lower() for kind in catalogue.kinds])
    hour = np.floor(shopped.hour[visits] * 3600).astype(np.int64)
    at = start + shopped.day[visits] * DAY + hour - 1260
    by_time = np.argsort(at, kind="stable")
    return Searches(
        shopper=shopped.shopper[visits][by_time],
        visit=visits[by_time],
        at=at[by_time],
        words=words[catalogue.kind[shopped.product[first]]][by_time],
    )
