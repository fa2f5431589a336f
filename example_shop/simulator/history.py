"""What happened in the simulated shop, as columns: orders, their lines, looks and searches."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY = 86_400


class Reason(IntEnum):
    """Why something was bought: the truth that no method is told."""

    BROWSED = 0
    PARTNER = 1
    REGULAR = 2
    GIFT = 3


class Seen(IntEnum):
    """What a shopper did with a product in a visit."""

    VIEW = 1
    CART = 2


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Checkouts, one row each, by time. `at` is in seconds since 1970, UTC."""

    shopper: Ints
    at: Ints
    paid: Flags


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What was in them, one row a variant. Prices are in cents."""

    order: Ints
    product: Ints
    variant: Ints
    quantity: Ints
    price: Ints
    full_price: Ints
    """What it would have cost without a price cut."""
    refunded: Ints
    refunded_at: Ints
    """Seconds since 1970; 0: nothing came back."""
    reason: Ints


@dataclass(frozen=True, kw_only=True)
class Views:
    """What was looked at and put into carts, one row each, by time."""

    shopper: Ints
    """Robots have numbers from the number of shoppers on."""
    visit: Ints
    kind: Ints
    product: Ints
    variant: Ints
    at: Ints


@dataclass(frozen=True, kw_only=True)
class Searches:
    """Words typed at the start of some visits."""

    shopper: Ints
    visit: Ints
    at: Ints
    words: NDArray[np.str_]


Table = TypeVar("Table", Orders, Lines, Views, Searches)


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything that happened in a stretch of time."""

    orders: Orders
    lines: Lines
    views: Views
    searches: Searches
    robot_is_honest: Flags
    """Of each robot: does its user agent say that it is one?"""

    def between(self, start: int, end: int) -> History:
        """What happened from `start` to before `end`; what came back later is not known yet."""
        kept = (self.orders.at >= start) & (self.orders.at < end)
        number = np.cumsum(kept) - 1
        lines = _some(self.lines, kept[self.lines.order])
        known = lines.refunded_at < end
        lines = replace(
            lines,
            order=number[lines.order],
            refunded=np.where(known, lines.refunded, 0),
            refunded_at=np.where(known, lines.refunded_at, 0),
        )
        views, searches = self.views, self.searches
        return replace(
            self,
            orders=_some(self.orders, kept),
            lines=lines,
            views=_some(views, (views.at >= start) & (views.at < end)),
            searches=_some(searches, (searches.at >= start) & (searches.at < end)),
        )


def _some(table: Table, kept: Flags) -> Table:
    """The rows of a table of columns that are kept."""
    columns = {field.name: getattr(table, field.name)[kept] for field in fields(table)}
    return replace(table, **columns)
