"""The shop's own order lines, read through its order maps and never copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Value
from numpy.typing import NDArray

from persona_django import conf
from persona_django.breaker import database_call
from persona_django.catalogue.maps import OrderMap
from persona_django.catalogue.refs import refs_of
from persona_django.catalogue.registry import order_maps
from persona_django.identity import restrictions
from persona_django.identity.keys import keyed, keyed_many
from persona_django.tracking.codes import factorise, mixed
from persona_django.tracking.items import ItemIds, items_of_refs
from persona_django.tracking.lines import (
    Lines,
    read_lines,
    readable,
    seconds_of,
    since_then,
    whole_pieces,
)

MOST_OWN_LINES = 5_000
"""Newest order lines of one shopper that count for their own lists."""
LONE_BUYER = 0x10AE
"""Tells the number of an order from that of the unknown person behind it."""


@dataclass(frozen=True, kw_only=True)
class OrderLines:
    """Purchases as aligned columns, refunds taken off, in the order the maps gave them."""

    shopper: NDArray[np.int64]
    """Keyed hash of the buyer: customer, else guest key, else the order itself."""
    item: NDArray[np.int64]
    """The catalogue's item id."""
    order: NDArray[np.int64]
    at: NDArray[np.int64]
    """Seconds since 1970, UTC."""
    quantity: NDArray[np.int32]
    """What was kept, 1 or more."""
    unknown: int = 0
    """Lines whose item is not in the catalogue, left out here."""

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, kw_only=True)
class OwnPurchases:
    """What one shopper bought, one row an item, most recently bought first."""

    item: NDArray[np.int64]
    times: NDArray[np.int64]
    """Distinct orders it was in."""
    last_at: NDArray[np.int64]
    """Seconds since 1970, UTC."""
    quantity: NDArray[np.int64]
    """Pieces in all, refunds taken off."""

    def __len__(self) -> int:
        return len(self.item)


def read_orders(
    store: int = 1,
    *,
    since: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    even_unlearnt: bool = False,
    latest: bool = False,
) -> OrderLines:
    """Every purchase of the shop, as far back as `since`, column by column.

    Without those of customers and guests who paused or were erased: they objected. Empty when
    LEARN_FROM_ORDERS is off, unless it is asked for what says something about their own buyer
    only (`even_unlearnt`). An order of which the shop keeps the day counts as of its beginning,
    or of its end where the `latest` moment is asked for. Raises BrokenMap where a map cannot be
    read.
    """
    maps = order_maps() if even_unlearnt or conf.current().learn_from_orders else []
    if not maps:
        return NO_LINES
    ids = ItemIds(store)
    parts = [
        _counted(order_map, read_lines(order_map, since=since, progress=progress), ids, latest)
        for order_map in maps
    ]
    return OrderLines(
        shopper=np.concatenate([part.shopper for part in parts]),
        item=np.concatenate([part.item for part in parts]),
        order=np.concatenate([part.order for part in parts]),
        at=np.concatenate([part.at for part in parts]),
        quantity=np.concatenate([part.quantity for part in parts]),
        unknown=sum(part.unknown for part in parts),
    )


def _counted(order_map: OrderMap, lines: Lines, ids: ItemIds, latest: bool) -> OrderLines:
    """The lines that count, with numbers for everybody and everything in them."""
    item = _item_ids(order_map, lines, ids)
    order = _order_numbers(order_map, lines)
    kept = (lines.quantity > 0) & ~_objected(lines)
    known = kept & (item > 0)
    return OrderLines(
        shopper=_buyers(lines, order)[known],
        item=item[known],
        order=order[known],
        at=(lines.latest if latest else lines.at)[known],
        quantity=lines.quantity[known].astype(np.int32),
        unknown=int((kept & (item == 0)).sum()),
    )


def _item_ids(order_map: OrderMap, lines: Lines, ids: ItemIds) -> NDArray[np.int64]:
    found = ids.of(order_map.item_label, [key or "" for key in lines.item.distinct])
    return found[lines.item.at]


def _order_numbers(order_map: OrderMap, lines: Lines) -> NDArray[np.int64]:
    """A number for each order, another one for the same key in another order map."""
    named = (_name_of(order_map, key) for key in lines.order.distinct)
    return keyed_many("order", named)[lines.order.at]


def _name_of(order_map: OrderMap, key: str | None) -> str:
    return f"{order_map.label}\0{key}"


def order_number(order_map: OrderMap, key: str) -> int:
    """The number of one order of the shop's tables, as `read_orders` gives it."""
    return keyed("order", _name_of(order_map, key))


def elsewhere(order: str) -> int:
    """The number of an order that no map reads, the same from a file and from the shop's code."""
    return keyed("order", f"import\0{order}")


def _buyers(lines: Lines, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Who bought: the customer, else the guest by their key, else somebody of their own."""
    buyers = mixed(order, seed=LONE_BUYER)
    for purpose, column in (("guest", lines.guest_key), ("customer", lines.customer)):
        if column is not None and len(column.distinct):
            texts = [_normal(key, purpose) for key in column.distinct]
            buyers = np.where(column.given, keyed_many(purpose, texts)[column.at], buyers)
    return buyers


def _objected(lines: Lines) -> NDArray[np.bool_]:
    """Lines of customers and guests who want to be left alone."""
    found = np.zeros(len(lines), dtype=bool)
    if not restrictions.are_any():
        return found
    for purpose, column in (("guest", lines.guest_key), ("customer", lines.customer)):
        if column is not None and len(column.distinct):
            texts = [_normal(key, purpose) for key in column.distinct]
            found |= column.given & restrictions.are_restricted(purpose, texts)[column.at]
    return found


def _normal(key: str | None, purpose: str) -> str:
    return normal_guest(key or "") if purpose == "guest" else key or ""


def normal_guest(key: str) -> str:
    """An e-mail typed in capitals is the same guest's."""
    return key.strip().casefold()


def own_purchases(user: Any, *, since: int, store: int = 1) -> OwnPurchases:
    """What this signed-in user bought, in one query of their own lines only.

    Asks nothing for a visitor who is not signed in. Raises BrokenMap where a map cannot be read.
    """
    maps = order_maps() if getattr(user, "is_authenticated", False) else []
    refs: list[int] = []
    rows: list[tuple[Any, ...]] = []
    for order_map in maps:
        with readable(order_map):
            found = _own_rows(order_map, user, since)
        refs += refs_of(order_map.item_label, [row[0] for row in found]).tolist()
        rows += [(f"{order_map.label}:{order}", *rest) for _, order, *rest in found]
    if not rows:
        return NO_PURCHASES
    item = items_of_refs(np.array(refs, dtype=np.int64), store)
    order_at = factorise([row[0] for row in rows])[1]
    placed = np.array([seconds_of(row[1]) for row in rows], dtype=np.int64)
    pieces = whole_pieces(np.array([_kept_of(*row[2:4]) for row in rows], dtype=float))
    known = (item > 0) & (pieces > 0)
    return _by_item(item[known], order_at[known], placed[known], pieces[known])


def _kept_of(bought: Any, returned: Any) -> Any:
    """Pieces of one line; one that names no quantity is one piece."""
    return (1 if bought is None else bought) - (returned or 0)


def _own_rows(order_map: OrderMap, user: Any, since: int) -> list[tuple[Any, ...]]:
    """Key, order, time, quantity and refund of this user's newest lines."""
    queryset = since_then(order_map, order_map.own(order_map.lines(), user), since)
    placed_at = order_map.path("placed_at")
    queryset = queryset.order_by(f"-{placed_at}")
    bought = order_map.path("quantity") or Value(1)
    returned = order_map.path("refunded_quantity") or Value(0)
    found = queryset.values_list(
        order_map.path("item"), order_map.path("order"), placed_at, bought, returned
    )
    # How long the shop's own query takes says nothing about our next one.
    with database_call(found.db, may_take_long=True):
        return list(found[:MOST_OWN_LINES])


def _by_item(
    item: NDArray[np.int64],
    order: NDArray[np.int64],
    placed: NDArray[np.int64],
    pieces: NDArray[np.int64],
) -> OwnPurchases:
    items, at = np.unique(item, return_inverse=True)
    last_at = np.zeros(len(items), dtype=np.int64)
    np.maximum.at(last_at, at, placed)
    quantity = np.zeros(len(items), dtype=np.int64)
    np.add.at(quantity, at, pieces)
    baskets = np.unique(np.stack([at, order]), axis=1)[0]
    times = np.bincount(baskets, minlength=len(items)).astype(np.int64)
    newest_first = np.lexsort((items, -last_at))
    return OwnPurchases(
        item=items[newest_first],
        times=times[newest_first],
        last_at=last_at[newest_first],
        quantity=quantity[newest_first],
    )


_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)
NO_LINES = OrderLines(
    shopper=_NONE, item=_NONE, order=_NONE, at=_NONE, quantity=_NONE.astype(np.int32)
)
NO_PURCHASES = OwnPurchases(item=_NONE, times=_NONE, last_at=_NONE, quantity=_NONE)
