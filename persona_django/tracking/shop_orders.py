"""Orders, as the shop's own code tells them: who placed one, and those that live elsewhere.

Orders in the shop's tables are read through its order maps and never copied: of them only who
placed them is told here. What is bought in another system comes in line by line; each line of an
order is one event, however often it is told, by whichever door.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from asgiref.sync import sync_to_async
from django.db.models import Model
from django.http import HttpRequest

from persona_django import conf, counters
from persona_django.catalogue.maps import OrderMap
from persona_django.catalogue.paths import follow, relations_on
from persona_django.catalogue.refs import key_text
from persona_django.catalogue.registry import order_maps
from persona_django.exceptions import BadEvent
from persona_django.identity import consent
from persona_django.identity.keys import keyed_ever
from persona_django.identity.shoppers import (
    Shopper,
    customer_keys,
    is_left_alone,
    signed_in_user,
    store_of,
    visitor_key,
)
from persona_django.tracking.codes import mixed
from persona_django.tracking.ingest import NewEvent, django_request, event_uid
from persona_django.tracking.orders import LONE_BUYER, elsewhere, order_number
from persona_django.tracking.promises import Promise, keep
from persona_django.tracking.schema import LONGEST_ID, Basis, Kind
from persona_django.tracking.shop_calls import (
    Speaker,
    minor_units,
    moment,
    registered,
    speaker_of,
    whole_pieces,
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an order."""

    product: Any
    """An object of the shop, a pair such as ("shop.product", 31), or "shop.product:31"."""
    quantity: Any = 1
    price: Any = None
    """What was paid for one piece, in the main unit of the currency."""
    id: str = ""
    """Its name within the order. Left out, it is its product: the second line of one product in
    an order then needs a name."""


def ordered(request: HttpRequest, order: Any) -> Promise:
    """Note, with consent, that this visitor placed an order of the shop's own tables.

    `order` is the order, or its key where one order map is registered. Nothing of it is copied;
    what stands in it is read through the order map. Told twice it is one event.
    """
    if not conf.current().enabled:
        return Promise.NOTHING
    number = _number_of(order)
    speaker = speaker_of(request)
    if speaker is None:
        return Promise.NOTHING
    at = moment(None)
    event = NewEvent(
        store=speaker.store,
        shopper=speaker.shopper,
        uid=event_uid(f"ordered {number}"),
        kind=Kind.ORDERED,
        item_id=0,
        at=at,
        order=number,
        basis=speaker.basis,
        context=speaker.context(at),
    )
    return keep([speaker.told(event)], beside=order)


def purchased(
    who: HttpRequest | Shopper | Any,
    *,
    order: Any,
    lines: Iterable[Any],
    at: datetime | int | None = None,
) -> Promise:
    """Note what was bought in an order that no order map reads.

    `who` is the request or the shopper who bought, one of the shop's users, or None where nobody
    is known. Without consent and without an account an order teaches what goes with what, behind
    a crowd, and says nothing about anybody. `lines` are `Line`s, or products of one piece each.
    """
    return _lines(Kind.PURCHASE, who, order, lines, at, part="")


def refunded(
    who: HttpRequest | Shopper | Any,
    *,
    order: Any,
    lines: Iterable[Any],
    refund: str = "",
    at: datetime | int | None = None,
) -> Promise:
    """Take back, as evidence, what was given back of an order told by `purchased`.

    `who` must be the same as there. A line is refunded once, however often that is told; where
    pieces of it come back in several parcels, each is named by `refund`. It may be told before
    the purchase: the two are settled when they are read.
    """
    return _lines(Kind.REFUND, who, order, lines, at, part=str(refund))


async def aordered(request: HttpRequest, order: Any) -> Promise:
    """As `ordered`, for async views."""
    return await sync_to_async(ordered)(request, order)


async def apurchased(
    who: HttpRequest | Shopper | Any,
    *,
    order: Any,
    lines: Iterable[Any],
    at: datetime | int | None = None,
) -> Promise:
    """As `purchased`, for async views."""
    return await sync_to_async(purchased)(who, order=order, lines=lines, at=at)


async def arefunded(
    who: HttpRequest | Shopper | Any,
    *,
    order: Any,
    lines: Iterable[Any],
    refund: str = "",
    at: datetime | int | None = None,
) -> Promise:
    """As `refunded`, for async views."""
    return await sync_to_async(refunded)(who, order=order, lines=lines, refund=refund, at=at)


def line_uid(kind: int, order: int, line: str, part: str = "") -> int:
    """The number that names one line of an order for its buyer, the same by whatever door."""
    return event_uid(f"{Kind(kind).name} {order} {line}\0{part}")


def lone_buyer(order: int) -> int:
    """Who bought an order of which nobody knows whose it is: somebody of its own."""
    return int(mixed(np.array([order], dtype=np.int64), seed=LONE_BUYER)[0])


def _lines(
    kind: Kind, who: Any, order: Any, lines: Iterable[Any], at: datetime | int | None, part: str
) -> Promise:
    if not conf.current().enabled:
        return Promise.NOTHING
    number = elsewhere(_short(order, "order"))
    given = [_line(one) for one in lines]
    buyer = _buyer(who, number)
    if buyer is None:
        return Promise.NOTHING
    seconds = moment(at)
    event = NewEvent(
        store=buyer.store,
        shopper=buyer.shopper,
        uid=0,
        kind=kind,
        item_id=0,
        at=seconds,
        order=number,
        basis=buyer.basis,
        context=buyer.context(seconds),
    )
    told = [
        buyer.told(
            replace(
                event,
                uid=line_uid(kind, number, line.id or ":".join(named), part),
                quantity=pieces,
                price=minor_units(line.price, named[0], line.product),
            ),
            named,
        )
        for line, named in given
        if (pieces := whole_pieces(line.quantity))
    ]
    return keep(told, beside=given[0][0].product if given else None)


def _line(given: Any) -> tuple[Line, tuple[str, str]]:
    line = given if isinstance(given, Line) else Line(product=given)
    return replace(line, id=_short(line.id, "line")), registered(line.product)


def _short(name: Any, what: str) -> str:
    """The name of an order or a line as text. Raises BadEvent for what can be none."""
    text = key_text(name.pk if isinstance(name, Model) else name)
    if (not text and what == "order") or len(text) > LONGEST_ID:
        raise BadEvent(f"An {what} is named by 1 to {LONGEST_ID} characters, not {text[:40]!r}.")
    return text


def _buyer(who: Any, order: int) -> Speaker | None:
    """Whose purchase it is: the visitor's with consent, the customer's, else nobody's.

    None for somebody who objects: then it teaches nothing, not even in aggregate.
    """
    if who is None:
        return _nobody(order, 1)
    if isinstance(who, Shopper):
        is_known = who.visitor is not None or who.customer is not None
        return speaker_of(who) if is_known else _nobody(order, who.store)
    if hasattr(django_request(who), "META"):
        return _buyer_of(django_request(who), order)
    if not hasattr(who, "is_authenticated"):
        raise BadEvent(f"{type(who).__name__} is nobody who buys. Pass a request or a user.")
    if not who.is_authenticated:
        return _nobody(order, 1)
    key, *once = customer_keys(who)
    return Speaker(shopper=key, basis=Basis.CUSTOMER, store=1, once=tuple(once))


def _buyer_of(request: HttpRequest, order: int) -> Speaker | None:
    user, store = signed_in_user(request), store_of(request)
    # Also a visitor who has no consent to be recognised may have paused: apps keep no cookie that
    # would say so, and an operator pauses by the one that was quoted.
    if consent.objects(request) or is_left_alone(request, visitor_key(request, user), user):
        counters.count("event_objected")
        return None
    known = speaker_of(request) if consent.identifying(request) else None
    if known is not None:
        return known
    if user is None:
        return _nobody(order, store)
    key, *once = keyed_ever("aggregate", str(user.pk))
    return Speaker(shopper=key, basis=Basis.AGGREGATE, store=store, once=tuple(once))


def _nobody(order: int, store: int) -> Speaker:
    return Speaker(shopper=lone_buyer(order), basis=Basis.AGGREGATE, store=store)


def _number_of(order: Any) -> int:
    """The number of an order of the shop's tables, as `tracking.orders` reads it."""
    maps = order_maps()
    if isinstance(order, Model):
        keys = [(one, key) for one in maps if (key := _key_in(one, order)) is not None]
        if len(keys) == 1:
            return order_number(keys[0][0], key_text(keys[0][1]))
    elif len(maps) == 1 and isinstance(order, (str, int, UUID)) and order != "":
        return order_number(maps[0], key_text(order))
    known = ", ".join(one.label for one in maps) or "none"
    raise BadEvent(
        f"Cannot tell which order {str(order)[:40]!r} is. Pass the saved object that the `order` "
        f"of an OrderMap leads to; registered are: {known}. For orders that live elsewhere say "
        "persona_django.purchased(...)."
    )


def _key_in(order_map: OrderMap, order: Model) -> Any:
    """What a map reads as the key of this order; None for an object it does not lead to."""
    path = order_map.path("order")
    for relation, rest in relations_on(order_map.model, path):
        if isinstance(order, relation.related_model):
            return follow(order, rest or relation.target_field.attname)
    return follow(order, path) if isinstance(order, order_map.model) else None
