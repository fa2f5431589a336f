"""Online Retail (UCI): a year of a British gift wholesaler, as it is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
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
    Customers,
    DemoShopper,
    Lines,
    Orders,
    Products,
    ShopData,
)
from example_shop.progress import Progress, silent

Ints = NDArray[np.int64]

SERVICE_CODES = frozenset(
    ["AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "PADS", "POST", "S"]
)
"""Item codes that stand for postage, fees and corrections: nobody puts them into a cart."""
VOUCHER = "GIFT_"

SHELVES = (
    ("Christmas", r"CHRISTMAS|XMAS|ADVENT|SANTA|REINDEER|BAUBLE"),
    ("Bags", r"BAG|BAGS|SHOPPER|RUCKSACK|PURSE"),
    ("Candles & lights", r"CANDLE|CANDLES|T-LIGHT|LIGHT|LIGHTS|LANTERN|LAMP"),
    ("Tea & coffee", r"TEA|TEACUP|TEAPOT|MUG|CUP|COFFEE"),
    (
        "Kitchen & baking",
        r"CAKE|CAKES|BAKING|KITCHEN|APRON|JAM|BOWL|PLATE|SPOON|LUNCH|TRAY",
    ),
    ("Cards & wrapping", r"CARD|CARDS|WRAP|PAPER|RIBBON|RIBBONS|STICKER|STICKERS|NAPKINS|TISSUES"),
    ("Party", r"PARTY|BUNTING|BALLOONS|GARLAND|DOILIES"),
    ("Jewellery", r"NECKLACE|BRACELET|EARRINGS|RING|BROOCH|HAIR"),
    ("Toys & games", r"TOY|TOYS|GAME|DOLL|PLAYHOUSE|PUZZLE|SKITTLES|CHILDRENS|GIRL|BOY"),
    ("Garden", r"GARDEN|PLANT|POT|WATERING|PARASOL|BIRD|HERB"),
    ("Clocks & signs", r"CLOCK|SIGN|METAL|PLAQUE"),
    ("Storage & frames", r"BOX|BOXES|TIN|TINS|DRAWER|DRAWERS|FRAME|CABINET|HOOK|HANGER|BASKET"),
    ("Cushions & textiles", r"CUSHION|COVER|RUG|TOWEL|QUILT|DOORMAT"),
)
"""Shelf and words of a title that put a product there; the data itself has no categories."""


def load(folder: Path, *, today: int, progress: Progress = silent) -> ShopData:
    """Products, customers and invoices; returns become refunds of what the customer bought."""
    table = read_columns(
        folder / "online_retail.csv.gz",
        ("user_id", "item_id", "event", "timestamp", "price", "quantity", "basket_id", "country"),
        progress=progress,
    )
    code = np.array([text.upper() for text in table["item_id"]], dtype=object)
    event = np.array(table["event"], dtype=object)
    service = np.array([one in SERVICE_CODES or one.startswith(VOUCHER) for one in code], bool)
    left_out: Counter[str] = Counter(
        {
            "postage, fees and vouchers": int(service.sum()),
            "write-offs and corrections": int(((event == "adjustment") & ~service).sum()),
        }
    )
    at = seconds(table["timestamp"])
    at += whole_weeks_until(int(at.max()), today - DAY)
    bought = np.flatnonzero((event == "purchase") & ~service)
    given_back = np.flatnonzero((event == "return") & ~service)
    codes, product = numbered(code[bought].tolist())
    users, customer = _customers([table["user_id"][row] for row in bought])
    baskets, order = numbered([table["basket_id"][row] for row in bought])
    quantity = np.abs(np.array(table["quantity"], dtype=np.int64))
    refunded, refunded_at, unmatched = match_returns(
        bought, given_back, code, np.array(table["user_id"], dtype=object), quantity, at
    )
    left_out["returns of something not bought in this year"] = unmatched
    first_line = np.unique(order, return_index=True)[1]
    price = cents(table["price"])[bought]
    return ShopData(
        title="Online Retail: a year of a British gift wholesaler",
        summary="Products, orders and returns come from a real wholesaler's year (Online Retail), "
        "with their dates moved; shelves, stock and pictures are invented.",
        products=_products(folder, codes, product, at[bought], price),
        customers=Customers.numbered("Customer", users),
        orders=Orders(
            customer=customer[first_line],
            at=at[bought][first_line],
            paid=[True] * len(baskets),
            country=[table["country"][row] for row in bought[first_line]],
        ),
        lines=Lines(
            order=order,
            product=product,
            quantity=quantity[bought],
            price=price,
            refunded=refunded,
            refunded_at=refunded_at,
        ),
        demo_shoppers=_demo_shoppers(np.bincount(customer[customer >= 0])),
        left_out=dict(left_out),
        notes=(
            "Dates are moved forward by whole weeks, so that the last order is a few days old.",
            "The data has no categories: shelves are made from words of the titles.",
            "Prices are pounds in the data; the shop shows its own currency sign.",
        ),
    )


def _customers(names: list[str]) -> tuple[list[str], Ints]:
    """Everybody by name, and the position of each row's customer; -1 for nobody known."""
    found, number = numbered(names)
    is_known = np.array([name != "" for name in found], dtype=bool)
    place = np.where(is_known, np.cumsum(is_known) - 1, -1)
    return [name for name in found if name], place[number]


def match_returns(
    bought: Ints,
    given_back: Ints,
    code: NDArray[np.object_],
    user: NDArray[np.object_],
    quantity: Ints,
    at: Ints,
) -> tuple[Ints, Ints, int]:
    """Pieces of each purchase that came back, when, and how many returns match no purchase.

    A return belongs to the customer's latest earlier purchase of the product, then to the one
    before. What nobody can be named for matches nothing.
    """
    lines: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in np.argsort(at[bought], kind="stable").tolist():
        row = bought[place]
        if user[row]:
            lines[user[row], code[row]].append(place)
    refunded = np.zeros(len(bought), dtype=np.int64)
    refunded_at = np.zeros(len(bought), dtype=np.int64)
    unmatched = 0
    for row in given_back[np.argsort(at[given_back], kind="stable")].tolist():
        left = int(quantity[row])
        for place in reversed(lines.get((user[row], code[row]), [])):
            if left == 0:
                break
            free = int(quantity[bought[place]] - refunded[place])
            if at[bought[place]] > at[row] or free == 0:
                continue
            taken = min(free, left)
            refunded[place] += taken
            refunded_at[place] = at[row]
            left -= taken
        unmatched += left > 0
    return refunded, refunded_at, unmatched


def shelf_of(title: str) -> str:
    """The shelf a title's words put it on: its last such word says best what it is."""
    best, where = "Everything else", -1
    for name, words in _PATTERNS:
        for found in words.finditer(title.upper()):
            if found.start() > where:
                best, where = name, found.start()
    return f"Gifts > {best}"


_PATTERNS = tuple((name, re.compile(rf"\b({words})\b")) for name, words in SHELVES)


def _products(folder: Path, codes: list[str], product: Ints, at: Ints, price: Ints) -> Products:
    items = read_columns(folder / "online_retail.items.csv.gz", ("item_id", "title", "price"))
    told = {
        code.upper(): (title.strip(), worth)
        for code, title, worth in zip(
            items["item_id"], items["title"], cents(items["price"]).tolist(), strict=True
        )
    }
    first_sold = np.full(len(codes), np.iinfo(np.int64).max)
    np.minimum.at(first_sold, product, at)
    highest = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(highest, product, price)
    titles = [told.get(code, ("", 0))[0] for code in codes]
    worth = np.array([told.get(code, ("", 0))[1] for code in codes], dtype=np.int64)
    return Products.plain(
        name=[
            title.capitalize() if title else f"Product {code}"
            for code, title in zip(codes, titles, strict=True)
        ],
        sku=codes,
        description=[f"Stock code {code}." for code in codes],
        category=[shelf_of(title) for title in titles],
        price=np.maximum(np.where(worth > 0, worth, highest), 1),
        created=first_sold,
    )


def _demo_shoppers(lines: Ints) -> tuple[DemoShopper, ...]:
    """A very regular buyer and a usual one. The busiest few are warehouses, not people."""
    by_lines = np.argsort(-lines, kind="stable")
    if len(by_lines) < 2:
        return ()
    busy, usual = by_lines[len(by_lines) // 50], by_lines[len(by_lines) // 4]
    return (
        DemoShopper(customer=int(busy), note=f"Orders often: {lines[busy]} lines in a year"),
        DemoShopper(customer=int(usual), note=f"Orders now and then: {lines[usual]} lines"),
    )
