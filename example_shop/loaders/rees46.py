"""REES46: the first three hours of October 2019 of a large electronics shop, with its visits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from example_shop.loaders.public_sets import (
    DAY,
    cents,
    numbered,
    read_columns,
    seconds,
    whole_weeks_until,
)
from example_shop.loaders.shop_data import (
    Browsing,
    Customers,
    DemoShopper,
    Lines,
    Orders,
    Products,
    ShopData,
)
from example_shop.progress import Progress, silent

Ints = NDArray[np.int64]

KINDS = {"view": "view", "cart": "cart_add"}


def load(folder: Path, *, today: int, progress: Progress = silent) -> ShopData:
    """Views and carts become events, purchases of one visit become an order."""
    names = ("user_id", "session_id", "item_id", "event", "timestamp", "price")
    table = read_columns(folder / "rees46_oct2019_sample.csv.gz", names, progress=progress)
    rows = list(dict.fromkeys(zip(*(table[name] for name in names), strict=True)))
    repeated = len(table["event"]) - len(rows)
    user, session, item, event, stamp, price = (
        np.array(column, dtype=object) for column in zip(*rows, strict=True)
    )
    at = seconds(stamp.tolist())
    at += whole_weeks_until(int(at.max()), today - DAY)
    codes, product = numbered(item.tolist())
    bought = np.flatnonzero(event == "purchase")
    buyers, buyer = numbered(user[bought].tolist())
    _, order = numbered(session[bought].tolist())
    first_line = np.unique(order, return_index=True)[1]
    looked = np.flatnonzero(np.isin(event, list(KINDS)))
    number = {name: place for place, name in enumerate(buyers)}
    worth = cents(price.tolist())
    return ShopData(
        title="REES46: three hours of a large electronics shop",
        summary="Products, visits and orders come from three hours of a real shop (REES46), "
        "with their dates moved; stock and pictures are invented.",
        products=_products(folder, codes, product, worth, at),
        customers=Customers.numbered("Visitor", buyers),
        orders=Orders(
            customer=buyer[first_line],
            at=at[bought][first_line],
            paid=[True] * len(first_line),
            country=[""] * len(first_line),
        ),
        lines=Lines.single(
            order=order,
            product=product[bought],
            price=worth[bought],
        ),
        browsing=Browsing(
            customer=np.array([number.get(name, -1) for name in user[looked]], dtype=np.int64),
            visitor=user[looked].tolist(),
            kind=[KINDS[name] for name in event[looked]],
            product=product[looked],
            at=at[looked],
        ),
        demo_shoppers=_demo_shoppers(buyer),
        left_out={"exact repetitions of another row": repeated},
        notes=(
            "The set has no titles: products are called by brand, category and number.",
            "Three hours of one night are too little to learn what is bought together: hardly "
            "anybody bought two things.",
            "Dates are moved forward by whole weeks, so that the last look is a few days old.",
        ),
    )


def category_of(path: str) -> str:
    """`electronics.audio.headphone` as the shop writes it; bare numbers are not names."""
    if not path or path.replace(".", "").isdigit():
        return "Other"
    return " > ".join(part.replace("_", " ").capitalize() for part in path.split("."))


def _products(folder: Path, codes: list[str], product: Ints, worth: Ints, at: Ints) -> Products:
    items = read_columns(
        folder / "rees46_oct2019_sample.items.csv.gz", ("item_id", "category", "brand")
    )
    told = dict(
        zip(items["item_id"], zip(items["category"], items["brand"], strict=True), strict=True)
    )
    paths = [category_of(told.get(code, ("", ""))[0]) for code in codes]
    brands = [told.get(code, ("", ""))[1].capitalize() for code in codes]
    price = np.ones(len(codes), dtype=np.int64)
    np.maximum.at(price, product, worth)
    count = len(codes)
    kinds = ["Product" if path == "Other" else path.rpartition(" > ")[2] for path in paths]
    return Products.plain(
        name=[
            " ".join(filter(None, (brand, kind, code)))
            for brand, kind, code in zip(brands, kinds, codes, strict=True)
        ],
        sku=codes,
        description=["The data set gives numbers, not names."] * count,
        category=paths,
        brand=brands,
        price=price,
        created=np.full(count, int(at.min()) - 30 * DAY),
    )


def _demo_shoppers(buyer: Ints) -> tuple[DemoShopper, ...]:
    lines = np.bincount(buyer)
    best = int(lines.argmax())
    return (DemoShopper(customer=best, note=f"Bought {lines[best]} things that night"),)
