"""The simulator's year as a shop: its range, its shoppers and what they did."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from example_shop.loaders.names_of_people import companies, first_names, last_names
from example_shop.loaders.shop_data import (
    Browsing,
    Customers,
    DemoShopper,
    Lines,
    Orders,
    Products,
    ShopData,
)
from example_shop.simulator.catalogue import Catalogue
from example_shop.simulator.history import DAY, History, Seen
from example_shop.simulator.people import People
from example_shop.simulator.world import World
from persona_django import conf

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def log_days() -> int:
    """How far back the shop's log of visits goes; orders are kept for ever. A day less than
    events are kept, so that on the day of filling none of them has to go."""
    return conf.current().events_kept.days - 1


def shop_of(world: World, *, seed: int, title: str = "an invented department store") -> ShopData:
    """Everything the simulated shop knows on its last day. The truth stays in the world."""
    people, history = world.oracle.people, world.history
    browsing, left_out = _browsing(world)
    return ShopData(
        title=title,
        summary="All products, customers and orders are invented.",
        products=_products(world),
        customers=_customers(people, seed),
        orders=Orders(
            customer=history.orders.shopper,
            at=history.orders.at,
            paid=history.orders.paid.tolist(),
            country=[""] * len(history.orders.at),
        ),
        lines=Lines(
            order=history.lines.order,
            product=history.lines.variant,
            quantity=history.lines.quantity,
            price=history.lines.price,
            refunded=history.lines.refunded,
            refunded_at=history.lines.refunded_at,
        ),
        browsing=browsing,
        demo_shoppers=demo_shoppers(world.catalogue, people, history),
        left_out=left_out,
        notes=("Every product, shopper and order is invented, by a seed; nobody real is in it.",),
    )


def _products(world: World) -> Products:
    range_, variants = world.catalogue, world.catalogue.variants
    family = variants.family
    last_day = world.parameters.days - 1
    paid = range_.paid_price(family, np.full(len(family), last_day))
    full = range_.price[family]
    published = range_.published_day
    seasons = [kind.season.capitalize() for kind in range_.kinds]
    several = np.diff(range_.first_variant)[family] > 1
    start = world.ends_at - world.parameters.days * DAY
    return Products(
        # The shop writes the brand above the name, so the name goes without it.
        name=[_without(range_.brands[row], range_.names[row]) for row in family],
        sku=[f"{row + 1:05d}-{n + 1:06d}" for n, row in enumerate(family.tolist())],
        description=[range_.descriptions[row] for row in family],
        category=[range_.kinds[range_.kind[row]].path for row in family],
        brand=[range_.brands[row] for row in family],
        price=paid,
        list_price=np.where(paid < full, full, 0),
        stock=variants.stock,
        is_active=(range_.is_active[family] & (published[family] <= last_day)).tolist(),
        created=start + published[family] * DAY + 9 * 3600,
        colour=[name.capitalize() for name in variants.colour],
        size=variants.size,
        season=[seasons[range_.kind[row]] for row in family],
        family=[
            f"f{row + 1}" if is_one else "" for row, is_one in zip(family, several, strict=True)
        ],
        picture_seed=family + 1,
    )


def _without(brand: str, name: str) -> str:
    """The name without its brand, beginning like any other: "Ridgeline 2-person tent"."""
    rest = name.removeprefix(brand).strip()
    return f"{rest[:1].upper()}{rest[1:]}" or name


def _customers(people: People, seed: int) -> Customers:
    first, last = first_names(people.count, seed), last_names(people.count, seed)
    return Customers(
        username=[
            f"{a}.{b}.{n + 1}@example.com".lower()
            for n, (a, b) in enumerate(zip(first, last, strict=True))
        ],
        first_name=first,
        last_name=last,
        company=people.company,
        companies=companies(int(people.company.max(initial=-1)) + 1),
    )


def _browsing(world: World) -> tuple[Browsing, dict[str, int]]:
    """Visits of those who agreed, and of robots that pretend to be people."""
    people, views = world.oracle.people, world.history.views
    is_robot = views.shopper >= people.count
    honest = np.concatenate([np.zeros(people.count, bool), world.history.robot_is_honest])
    agreed = np.concatenate([people.consents, np.ones(len(world.history.robot_is_honest), bool)])
    recent = views.at >= world.ends_at - log_days() * DAY
    says_so, refused = honest[views.shopper], ~agreed[views.shopper]
    kept = recent & ~says_so & ~refused
    left_out = {
        "looks of visitors who did not agree to be recorded": int(refused.sum()),
        "pages opened by robots that say so": int(says_so.sum()),
        f"looks older than {log_days()} days": int((~recent & ~says_so & ~refused).sum()),
    }
    shopper = views.shopper[kept]
    browsing = Browsing(
        customer=np.where(is_robot[kept], -1, shopper),
        visitor=[f"robot {n}" if n >= people.count else "" for n in shopper.tolist()],
        kind=["cart_add" if k == Seen.CART else "view" for k in views.kind[kept].tolist()],
        product=views.variant[kept],
        at=views.at[kept],
    )
    return browsing, left_out


def demo_shoppers(
    catalogue: Catalogue, people: People, history: History
) -> tuple[DemoShopper, ...]:
    """The clearest example of each sort of shopper: who buys most of what the sort is about."""
    shopper = history.orders.shopper[history.lines.order]
    department = np.array([kind.department for kind in catalogue.kinds])[catalogue.kind]
    bought = department[history.lines.product]
    cut = history.lines.price < history.lines.full_price
    private = people.company < 0
    chosen: list[DemoShopper] = []

    def choose(counts: Flags, among: Flags, note: str) -> None:
        lines = np.bincount(shopper[counts], minlength=people.count)
        taken = {one.customer for one in chosen}
        free = among & ~np.isin(np.arange(people.count), list(taken)) & (lines > 0)
        if free.any():
            best = int(np.argmax(np.where(free, lines, -1)))
            chosen.append(DemoShopper(customer=best, note=note))

    for name, note in (
        ("Fashion", "Buys clothes most of the time"),
        ("Grocery", "Buys the same groceries every fortnight"),
        ("Outdoor", "Goes camping and hiking"),
        ("Home & Kitchen", "Buys for kitchen and home"),
    ):
        choose(bought == name, private & ~people.is_household, note)
    anything = np.ones(len(shopper), dtype=bool)
    choose(cut, people.waits_for_sales, "Waits for sales")
    choose(anything, people.is_household, "Two people share this account")
    choose(anything, ~private, "Orders for the company")
    return tuple(chosen)
