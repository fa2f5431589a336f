"""One thing that another server of the shop's reports: checked, or refused with a reason."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from persona_django import conf
from persona_django.catalogue import money
from persona_django.catalogue.registry import item_maps
from persona_django.exceptions import Refusal
from persona_django.identity.keys import keyed_ever
from persona_django.tracking import misnamed
from persona_django.tracking.clients import local_time
from persona_django.tracking.context import Context, Sender
from persona_django.tracking.ingest import NewEvent, event_uid
from persona_django.tracking.orders import elsewhere, normal_guest
from persona_django.tracking.report_values import check_size, item_of, number, text_of, whole
from persona_django.tracking.schema import (
    CLOCK_TOLERANCE_SECONDS,
    EARLIEST,
    FROM_BROWSER,
    LONGEST_ID,
    MOST_PRICE,
    MOST_QUANTITY,
    MOST_VALUE,
    SHARES,
    Basis,
    Kind,
)
from persona_django.tracking.shop_orders import line_uid, lone_buyer

MOST_STOCK = 2**31 - 1
MOST_STORE = 2**15 - 1
AMOUNT = r"[0-9]{1,15}(\.[0-9]{1,4})?"
"""An amount as text."""
_ALWAYS = frozenset({"id", "type"})
_WHO = frozenset({"at", "store", "customer", "guest", "basis"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Restock:
    """How many pieces of an item there are now."""

    store: int
    item: tuple[str, str]
    at: int
    stock: int | None
    """None: that it changed is all that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An event whose item is not looked up yet."""

    item: tuple[str, str]
    event: NewEvent
    once: tuple[int, ...] = ()
    """Whoever it is of by secrets of before: they may have paused under one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whose:
    """Whose an event is, and on what basis it may be kept."""

    shopper: int
    basis: Basis
    once: tuple[int, ...] = ()


def read_server_report(given: Any) -> Reported | Restock:
    """What a server reports. Raises Refusal."""
    if type(given) is not dict:
        raise Refusal("shape")
    check_size(given)
    type_ = _type_named(given.get("type"))
    if type_ is None:
        raise Refusal("type", partial(_about_type, given))
    if not type_.needed <= given.keys() <= type_.known:
        raise Refusal("field", partial(misnamed.about_fields, given, type_.needed, type_.known))
    named = given.get("id")
    if type(named) is not str or not 0 < len(named) <= LONGEST_ID:
        raise Refusal("id")
    return type_.read(given)


def _restock(given: Mapping[str, Any]) -> Restock:
    stock = given.get("stock")
    if stock is not None:
        stock = whole(stock, -MOST_STOCK, MOST_STOCK)
    at, _ = _moment(given.get("at"))
    return Restock(store=_store(given), item=item_of(given), at=at, stock=stock)


def _traded(kind: Kind) -> Callable[[Mapping[str, Any]], Reported]:
    """Lines of orders that live elsewhere, each once, by whatever door it comes."""

    def read(given: Mapping[str, Any]) -> Reported:
        item = item_of(given)
        order = elsewhere(_name(given, "order"))
        line = _name(given, "line") if "line" in given else ":".join(item)
        part = _name(given, "refund") if "refund" in given else ""
        whose = _whose(given) or _Whose(shopper=lone_buyer(order), basis=Basis.AGGREGATE)
        uid = line_uid(kind, order, line, part)
        return _reported(given, kind, item, uid=uid, whose=whose, order=order)

    return read


def _told(kind: int) -> Callable[[Mapping[str, Any]], Reported]:
    def read(given: Mapping[str, Any]) -> Reported:
        whose = _whose(given)
        if whose is None:
            raise Refusal("customer")
        # A name of its own for what a server names, apart from the script's and the shop's code's.
        uid = event_uid(f"server {given['id']}")
        return _reported(given, kind, item_of(given), uid=uid, whose=whose)

    return read


def _reported(
    given: Mapping[str, Any],
    kind: int,
    item: tuple[str, str],
    *,
    uid: int,
    whose: _Whose,
    order: int = 0,
) -> Reported:
    at, clamped = _moment(given.get("at"))
    hour, weekday = local_time(at)
    context = Context(sender=Sender.SERVER, hour=hour, weekday=weekday, clamped=clamped)
    event = NewEvent(
        store=_store(given),
        shopper=whose.shopper,
        uid=uid,
        kind=kind,
        item_id=0,
        at=at,
        order=order,
        quantity=whole(given.get("quantity", 1), 1, MOST_QUANTITY),
        price=_price(given.get("price"), item[0]),
        basis=whose.basis,
        value=_value(given, kind),
        context=context.packed(),
    )
    return Reported(item=item, event=event, once=whose.once)


def _whose(given: Mapping[str, Any]) -> _Whose | None:
    """Whose it is and on what basis; None where the event names nobody.

    A customer has another key for what may only teach in aggregate, as in `persona_import`, so
    that nobody can put it beside what is known of them. A guest is the one of the order maps.
    """
    said = given.get("basis", "aggregate")
    if said not in ("customer", "aggregate"):
        raise Refusal("basis")
    basis = Basis.of(said)
    if "customer" in given:
        if "guest" in given:
            raise Refusal("field", partial(misnamed.not_both, "customer", "guest"))
        purpose = "customer" if basis is Basis.CUSTOMER else "aggregate"
        shopper, *once = keyed_ever(purpose, _key(given, "customer"))
        return _Whose(shopper=shopper, basis=basis, once=tuple(once))
    if "guest" in given:
        shopper, *once = keyed_ever("guest", normal_guest(_key(given, "guest")))
        return _Whose(shopper=shopper, basis=basis, once=tuple(once))
    if basis is Basis.CUSTOMER:
        raise Refusal("basis")
    return None


def _key(given: Mapping[str, Any], name: str) -> str:
    """A key of the shop's own, as number or text."""
    value = given[name]
    text = str(value) if type(value) is int else value
    if type(text) is not str or not 0 < len(text) <= LONGEST_ID:
        raise Refusal("customer")
    return text


def _name(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    text = str(value) if type(value) is int else text_of(given, name)
    if len(text) > LONGEST_ID:
        raise Refusal("value")
    return text


def _store(given: Mapping[str, Any]) -> int:
    """Which of several shops it happened in, by the number that STORE_OF has for it."""
    return whole(given.get("store", 1), 1, MOST_STORE)


def _moment(at: Any) -> tuple[int, bool]:
    """Seconds since 1970 for a time in milliseconds, and whether it had to be replaced.

    Yesterday's orders may come today: only what is still to come is a wrong clock.
    """
    now = int(time.time())
    if at is None:
        return now, False
    if type(at) not in (int, float) or at / 1000 < EARLIEST:
        raise Refusal("at")
    seconds = int(at / 1000)
    return (now, True) if seconds > now + CLOCK_TOLERANCE_SECONDS else (min(seconds, now), False)


def _price(value: Any, label: str) -> int | None:
    """Minor units of an amount in the main unit, as number or as text such as "4.50"."""
    if value is None:
        return None
    if type(value) is str:
        if not re.fullmatch(AMOUNT, value):
            raise Refusal("value")
        value = Decimal(value)
    elif type(value) not in (int, float):
        raise Refusal("value")
    item_map = item_maps().get(label)
    currency = item_map.constant_currency() if item_map is not None else ""
    try:
        units = money.minor_units(value, currency or conf.current().currency)
    except ValueError:
        raise Refusal("value") from None
    if units > MOST_PRICE:
        raise Refusal("value")
    return units


def _value(given: Mapping[str, Any], kind: int) -> int:
    if kind in SHARES:
        return round(1000 * number(given.get("share", 1), 0, 1))
    if kind == Kind.DWELL:
        return min(round(number(given["seconds"], 0, 10**7)), MOST_VALUE)
    return whole(given.get("value", 0), 0, MOST_VALUE)


@dataclass(frozen=True, slots=True)
class _Type:
    """The fields that events of one type need and may have, and who reads them."""

    needed: frozenset[str]
    known: frozenset[str]
    read: Callable[[Mapping[str, Any]], Reported | Restock]


def _type(
    read: Callable[[Mapping[str, Any]], Reported | Restock], needed: str, more: str = ""
) -> _Type:
    always = _ALWAYS | {*needed.split()}
    return _Type(always, always | _WHO | {*more.split()}, read)


TYPES: dict[str, _Type] = {
    "stock": _Type(_ALWAYS | {"item"}, _ALWAYS | {"item", "stock", "at", "store"}, _restock),
    "purchase": _type(_traded(Kind.PURCHASE), "item order", "line quantity price"),
    "refund": _type(_traded(Kind.REFUND), "item order", "line refund quantity price"),
    "dwell": _type(_told(Kind.DWELL), "item seconds"),
    **{
        kind.name.lower(): _type(
            _told(kind), "item", "share" if kind in SHARES else "quantity price"
        )
        for kind in FROM_BROWSER - {Kind.DWELL}
    },
}
"""Every type of event that a server may report, but for the shop's own."""


def _type_named(name: Any) -> _Type | None:
    """The type of a name, ours or any of the shop's own."""
    if type(name) is not str:
        return None
    own = conf.current().event_kinds.get(name)
    if own is not None:
        return _type(_told(int(own["number"])), "item", "value quantity price")
    return TYPES.get(name)


def _about_type(given: Mapping[str, Any]) -> str:
    return misnamed.about_type(given, [*TYPES, *conf.current().event_kinds])
