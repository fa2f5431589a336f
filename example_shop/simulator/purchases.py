"""Turns wishes into orders: what is bought on one day by one shopper is one order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.history import DAY, Lines, Orders, Reason
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.people import People
from example_shop.simulator.truth import Partners

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Things somebody decided to buy, one row each, before they are put into orders."""

    shopper: Ints
    day: Ints
    hour: Floats
    product: Ints
    reason: Ints

    @classmethod
    def because(
        cls, reason: Reason, shopper: Ints, day: Ints, hour: Floats, product: Ints
    ) -> Wishes:
        return cls(
            shopper=shopper,
            day=day,
            hour=hour,
            product=product,
            reason=np.full(len(shopper), int(reason), dtype=np.int64),
        )

    def some(self, kept: NDArray[np.bool_] | Ints) -> Wishes:
        """The rows that are kept, by mask or by number."""
        return Wishes(
            shopper=self.shopper[kept],
            day=self.day[kept],
            hour=self.hour[kept],
            product=self.product[kept],
            reason=self.reason[kept],
        )

    @classmethod
    def together(cls, *many: Wishes) -> Wishes:
        return cls(
            shopper=np.concatenate([w.shopper for w in many]),
            day=np.concatenate([w.day for w in many]),
            hour=np.concatenate([w.hour for w in many]),
            product=np.concatenate([w.product for w in many]),
            reason=np.concatenate([w.reason for w in many]),
        )


def partners_of(
    wishes: Wishes, partners: Partners, parameters: Parameters, rng: np.random.Generator
) -> Wishes:
    """What is bought because of what was bought: mostly in one order, sometimes days later."""
    habits = parameters.habits
    counts = partners.first[wishes.product + 1] - partners.first[wishes.product]
    source = np.repeat(np.arange(len(wishes.product)), counts)
    within = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    row = partners.first[wishes.product[source]] + within
    taken = rng.random(len(row)) < partners.chance[row]
    source, row = source[taken], row[taken]
    soonest, latest = habits.later_days
    later = rng.random(len(row)) < habits.complement_later
    delay = np.where(later, rng.integers(soonest, latest + 1, len(row)), 0)
    return Wishes.because(
        Reason.PARTNER,
        wishes.shopper[source],
        wishes.day[source] + delay,
        wishes.hour[source],
        partners.partner[row],
    )


def put_into_orders(
    wishes: Wishes,
    catalogue: Catalogue,
    people: People,
    parameters: Parameters,
    first_second: int,
    rng: np.random.Generator,
) -> tuple[Orders, Lines]:
    """Make orders and lines, with prices of the day, sizes that fit and what came back."""
    wishes = wishes.some(_possible(wishes, catalogue, parameters))
    wishes = _each_once(wishes, catalogue)
    days = parameters.days + parameters.held_out_days
    key = wishes.shopper * days + wishes.day
    found, first, order = np.unique(key, return_index=True, return_inverse=True)
    at = first_second + wishes.day[first] * DAY + (wishes.hour[first] * 3600).astype(np.int64)
    by_time = np.argsort(at, kind="stable")
    position = np.empty(len(found), dtype=np.int64)
    position[by_time] = np.arange(len(found))
    orders = Orders(
        shopper=wishes.shopper[first][by_time],
        at=at[by_time],
        paid=rng.random(len(found)) >= parameters.habits.unpaid,
    )
    order = position[order]
    sorting = np.argsort(order, kind="stable")
    lines = _lines(
        wishes.some(sorting), order[sorting], orders, catalogue, people, parameters, rng
    )
    return orders, lines


def variant_for(
    product: Ints, shopper: Ints, catalogue: Catalogue, build: Floats, rng: np.random.Generator
) -> Ints:
    """The variant a shopper takes: the size that fits, in any of the product's colours."""
    sizes = np.array([max(len(kind.sizes), 1) for kind in catalogue.kinds])[catalogue.kind]
    rows = np.diff(catalogue.first_variant)
    fitting = np.floor(build[shopper] * sizes[product]).astype(np.int64)
    colour = np.floor(rng.random(len(product)) * (rows // sizes)[product]).astype(np.int64)
    return catalogue.first_variant[product] + colour * sizes[product] + fitting


def _possible(wishes: Wishes, catalogue: Catalogue, parameters: Parameters) -> NDArray[np.bool_]:
    days = parameters.days + parameters.held_out_days
    published = catalogue.published_day[wishes.product] <= wishes.day
    return (wishes.day >= 0) & (wishes.day < days) & published


def _each_once(wishes: Wishes, catalogue: Catalogue) -> Wishes:
    """One line a product and day, and what lasts is bought once by one shopper."""
    lasts = np.array([kind.cycle_days == 0 for kind in catalogue.kinds])[catalogue.kind]
    order = np.lexsort((wishes.reason, wishes.hour, wishes.day))
    wishes = wishes.some(order)
    day = np.where(lasts[wishes.product] & (wishes.reason != Reason.GIFT), 0, wishes.day + 1)
    keys = np.stack([wishes.shopper, wishes.product, day])
    _, first = np.unique(keys, axis=1, return_index=True)
    # Two reasons on one day would make two lines of one product in one order.
    wishes = wishes.some(np.sort(first))
    keys = np.stack([wishes.shopper, wishes.product, wishes.day])
    _, first = np.unique(keys, axis=1, return_index=True)
    return wishes.some(np.sort(first))


def _lines(
    wishes: Wishes,
    order: Ints,
    orders: Orders,
    catalogue: Catalogue,
    people: People,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Lines:
    habits, n = parameters.habits, len(order)
    kind = catalogue.kind[wishes.product]
    grocery = np.array([k.is_food for k in catalogue.kinds])[kind]
    low, high = habits.company_pieces
    quantity = np.where(grocery, rng.geometric(1 - habits.grocery_pieces, n), 1)
    for_company = people.company[wishes.shopper] >= 0
    quantity = np.where(for_company, rng.integers(low, high + 1, n), quantity)
    sized = np.array([k.has_to_fit for k in catalogue.kinds])[kind]
    chance = np.where(sized, habits.refunds_sized, habits.refunds)
    comes_back = (rng.random(n) < chance) & ~grocery & orders.paid[order]
    soonest, latest = habits.returned_days
    returned_at = orders.at[order] + rng.integers(soonest * DAY, latest * DAY, n)
    return Lines(
        order=order,
        product=wishes.product,
        variant=variant_for(wishes.product, wishes.shopper, catalogue, people.build, rng),
        quantity=quantity,
        price=catalogue.paid_price(wishes.product, wishes.day),
        full_price=catalogue.price[wishes.product],
        refunded=np.where(comes_back, quantity, 0),
        refunded_at=np.where(comes_back, returned_at, 0),
        reason=wishes.reason,
    )
