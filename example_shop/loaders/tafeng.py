"""Ta-Feng: four months of grocery baskets without names, prices or dates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from example_shop.loaders.public_sets import DAY, WEEK, numbered, read_columns
from example_shop.loaders.shop_data import (
    Customers,
    DemoShopper,
    Lines,
    Orders,
    Products,
    ShopData,
)
from example_shop.progress import Progress, silent

Ints = NDArray[np.int64]

AISLE = 1_000
NOTE = (
    "Ta-Feng publishes numbers, not names: the title, the price, the aisle and the dates of this "
    "page are invented, the baskets are real."
)


def load(folder: Path, *, today: int, progress: Progress = silent) -> ShopData:
    """Baskets become orders a week apart, the last of everybody in the week before today."""
    table = read_columns(
        folder / "tafeng.csv.gz",
        ("user_id", "item_id", "basket_id", "basket_no", "part"),
        progress=progress,
    )
    # The last baskets are the test of a published comparison; no shop should have learnt them.
    kept = np.array([part != "future" for part in table["part"]])
    rows = np.flatnonzero(kept)
    users, customer = numbered([table["user_id"][row] for row in rows])
    codes, product = numbered([table["item_id"][row] for row in rows])
    _, order = numbered([table["basket_id"][row] for row in rows])
    number = np.array([int(table["basket_no"][row]) for row in rows], dtype=np.int64)
    first_line = np.unique(order, return_index=True)[1]
    last = np.zeros(len(users), dtype=np.int64)
    np.maximum.at(last, customer, number)
    # Spread over the week and over the day, so that not everybody stands at the till at once.
    moment = (np.arange(len(users)) * 7_919) % (6 * DAY)
    weeks_ago = (last[customer] - number)[first_line]
    at = today - WEEK + moment[customer[first_line]] - weeks_ago * WEEK
    price = 60 + (np.array([int(code) for code in codes], dtype=np.int64) * 137) % 940
    return ShopData(
        title="Ta-Feng: four months of grocery baskets",
        summary="The baskets come from a real grocer (Ta-Feng); titles, prices, aisles, dates, "
        "stock and pictures are invented.",
        products=_products(codes, price, int(at.min())),
        customers=Customers.numbered("Member", users),
        orders=Orders(
            customer=customer[first_line],
            at=at,
            paid=[True] * len(first_line),
            country=[""] * len(first_line),
        ),
        lines=Lines.single(
            order=order,
            product=product,
            price=price[product],
        ),
        demo_shoppers=_demo_shoppers(customer),
        left_out={"lines of everybody's last basket, kept for comparisons": int((~kept).sum())},
        notes=(NOTE,),
    )


def _products(codes: list[str], price: Ints, oldest: int) -> Products:
    count = len(codes)
    return Products.plain(
        name=[f"Grocery no. {code}" for code in codes],
        sku=codes,
        description=[NOTE] * count,
        category=[f"Groceries > Aisle {int(code) // AISLE + 1}" for code in codes],
        price=price,
        created=np.full(count, oldest - DAY),
    )


def _demo_shoppers(customer: Ints) -> tuple[DemoShopper, ...]:
    lines = np.bincount(customer)
    best = int(lines.argmax())
    return (DemoShopper(customer=best, note=f"Has the longest history: {lines[best]} lines"),)
