"""What a loader hands over: a whole shop as columns, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


USUAL_STOCK = 100


@dataclass(frozen=True, kw_only=True)
class Products:
    """What is sold, one row a variant. Money is in cents, times in seconds since 1970."""

    name: Sequence[str]
    sku: Sequence[str]
    description: Sequence[str]
    category: Sequence[str]
    """Path from the top, as `Outdoor > Camping > Tents`."""
    brand: Sequence[str]
    """Empty: none."""
    price: Ints
    list_price: Ints
    """Price before a sale; 0: it is not on sale."""
    stock: Ints
    is_active: Sequence[bool]
    created: Ints
    colour: Sequence[str]
    size: Sequence[str]
    season: Sequence[str]
    family: Sequence[str]
    """Same for all variants; empty: it stands alone."""
    picture_seed: Ints

    def __len__(self) -> int:
        return len(self.name)

    @classmethod
    def plain(
        cls,
        *,
        name: Sequence[str],
        sku: Sequence[str],
        description: Sequence[str],
        category: Sequence[str],
        price: Ints,
        created: Ints,
        brand: Sequence[str] = (),
    ) -> Products:
        """Products of a set that knows no variants, stock, seasons or sales: all of them sold."""
        count = len(name)
        nothing = [""] * count
        return cls(
            name=name,
            sku=sku,
            description=description,
            category=category,
            brand=brand or nothing,
            price=price,
            list_price=np.zeros(count, dtype=np.int64),
            stock=np.full(count, USUAL_STOCK),
            is_active=[True] * count,
            created=created,
            colour=nothing,
            size=nothing,
            season=nothing,
            family=nothing,
            picture_seed=np.arange(1, count + 1),
        )


@dataclass(frozen=True, kw_only=True)
class Customers:
    """Who may sign in, one row each."""

    username: Sequence[str]
    """What to sign in with: an e-mail of a domain that nobody can own."""
    first_name: Sequence[str]
    last_name: Sequence[str]
    company: Ints
    """Position in `companies`; -1: a private person."""
    companies: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.username)

    @classmethod
    def numbered(cls, word: str, numbers: Sequence[str]) -> Customers:
        """People of a set that gives numbers for names: "Customer 17850"."""
        return cls(
            username=[f"{word.lower()}-{number}@example.com" for number in numbers],
            first_name=[word] * len(numbers),
            last_name=numbers,
            company=np.full(len(numbers), -1),
        )


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Checkouts, one row each."""

    customer: Ints
    """Position among the customers; -1: somebody unknown."""
    at: Ints
    paid: Sequence[bool]
    country: Sequence[str]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What was in the orders, one row a product."""

    order: Ints
    product: Ints
    quantity: Ints
    price: Ints
    refunded: Ints
    refunded_at: Ints
    """0: nothing came back."""

    def __len__(self) -> int:
        return len(self.order)

    @classmethod
    def single(cls, *, order: Ints, product: Ints, price: Ints) -> Lines:
        """One piece of each, and all of it kept."""
        none = np.zeros(len(order), dtype=np.int64)
        return cls(
            order=order,
            product=product,
            quantity=none + 1,
            price=price,
            refunded=none,
            refunded_at=none,
        )


@dataclass(frozen=True, kw_only=True)
class Browsing:
    """What consenting visitors looked at and put into carts, one row each."""

    customer: Ints
    """Position among the customers, -1 where only the visitor is known."""
    visitor: Sequence[str]
    """Name of the visitor where there is no customer; hashed before it is stored."""
    kind: Sequence[str]
    """`view` or `cart_add`."""
    product: Ints
    at: Ints

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, kw_only=True)
class DemoShopper:
    """Somebody worth signing in as."""

    customer: int
    note: str


@dataclass(frozen=True, kw_only=True)
class ShopData:
    """A whole shop, ready to be written."""

    title: str
    """What it is, in words."""
    summary: str
    """What is real and what is invented, for the foot of every page."""
    products: Products
    customers: Customers
    orders: Orders
    lines: Lines
    browsing: Browsing | None = None
    demo_shoppers: tuple[DemoShopper, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    """Rows of the source that are not in the shop, counted by reason."""
    notes: tuple[str, ...] = ()
    """What a newcomer must know about the data, in sentences."""
