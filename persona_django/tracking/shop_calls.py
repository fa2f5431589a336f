"""What the shop's own code says happened: `track`, for carts, wish lists and kinds of its own."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone

from persona_django import conf, counters
from persona_django.catalogue import money
from persona_django.catalogue.registry import item_maps
from persona_django.exceptions import BadEvent, PersonaError
from persona_django.identity import consent, tokens
from persona_django.identity.shoppers import Shopper, customer_keys, resolve
from persona_django.identity.visitors import Recognised, linked
from persona_django.tracking import items
from persona_django.tracking.clients import circumstances, local_time
from persona_django.tracking.context import Context, Entry, Sender
from persona_django.tracking.ingest import NewEvent, django_request, event_uid
from persona_django.tracking.newcomers import place_in_network
from persona_django.tracking.promises import Promise, Told, keep
from persona_django.tracking.schema import (
    CLOCK_TOLERANCE_SECONDS,
    DERIVED,
    EARLIEST,
    FIRST_OF_SHOP,
    MOST_PRICE,
    MOST_QUANTITY,
    MOST_VALUE,
    SHARES,
    Basis,
    Kind,
    is_from_browser,
    name_of_kind,
    number_of,
)

THOUSANDTHS = 1_000


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """For whom the shop's code speaks, and on what basis."""

    shopper: int
    basis: Basis
    store: int
    seen: Recognised | None = None
    """The visitor of a request, whose row may have to be written."""
    request: HttpRequest | None = None
    once: tuple[int, ...] = ()
    """The customer by secrets of before: they may have paused under one of these."""

    def told(self, event: NewEvent, item: tuple[str, str] | None = None) -> Told:
        """An event of theirs, with what has to be written of them before it."""
        place = partial(place_in_network, self.request) if self.request is not None else None
        return Told(event=event, item=item, seen=self.seen, place=place, once=self.once)

    def context(self, at: int) -> int:
        """In what circumstances, as stored with an event."""
        if self.request is not None:
            # A cart is filled from a page of the shop, whatever the request itself came from.
            return circumstances(
                self.request, sender=Sender.SHOP, at=at, entry=Entry.INTERNAL
            ).packed()
        hour, weekday = local_time(at)
        return Context(sender=Sender.SHOP, hour=hour, weekday=weekday).packed()


def track(
    who: HttpRequest | Shopper,
    kind: Kind | int | str,
    product: Any,
    *,
    quantity: Any = 1,
    price: Any = None,
    value: Any = None,
    at: datetime | int | None = None,
    uid: str | int | None = None,
) -> Promise:
    """Note that something happened to a product, and say what can be promised about it.

    Inside a transaction of the shop's it is written once that commits (`Promise.ON_COMMIT`), and
    never was if it is rolled back; outside at once (`Promise.STORED`). `Promise.NOTHING`, which is
    false, without consent, before the visitor's first page brought the cookie, for a product that
    the catalogue does not know yet, and when the database refused: nothing that can happen to a
    finished shop raises. The same `uid` for the same shopper and kind is one event, however often
    it is told. `price` is what one piece costs, in the main unit of the currency; `value` is the
    share or the seconds of kinds that have one, or a number up to 2,047 of the shop's own kinds.

    Raises BadEvent for what is wrong in the code that calls: an unknown kind, something that is no
    product of a registered model, or a purchase from a request, which anybody could forge.
    """
    if not conf.current().enabled:
        return Promise.NOTHING
    number = _told_kind(kind, is_request=not isinstance(who, Shopper))
    measure = _value(number, value)
    named = registered(product)
    pieces = whole_pieces(quantity)
    speaker = speaker_of(who)
    if speaker is None or not pieces:
        return Promise.NOTHING
    seconds = moment(at)
    event = NewEvent(
        store=speaker.store,
        shopper=speaker.shopper,
        # What is put into a cart and taken out again may well have one name: that of its line.
        uid=event_uid(None if uid is None else f"{name_of_kind(number)} {uid}"),
        kind=number,
        item_id=0,
        at=seconds,
        quantity=pieces,
        price=minor_units(price, named[0], product),
        basis=speaker.basis,
        value=measure,
        context=speaker.context(seconds),
    )
    return keep([speaker.told(event, named)], beside=product)


async def atrack(
    who: HttpRequest | Shopper,
    kind: Kind | int | str,
    product: Any,
    *,
    quantity: Any = 1,
    price: Any = None,
    value: Any = None,
    at: datetime | int | None = None,
    uid: str | int | None = None,
) -> Promise:
    """As `track`, for async views."""
    return await sync_to_async(track)(
        who, kind, product, quantity=quantity, price=price, value=value, at=at, uid=uid
    )


def speaker_of(who: HttpRequest | Shopper) -> Speaker | None:
    """Whose event it is; None, counted, where nothing may be kept of them.

    The shop itself speaks for its customer. A request only ever speaks for the visitor, whose
    events are marked when the consent is taken back.
    """
    if isinstance(who, Shopper):
        if who.left_alone:
            counters.count("event_of_restricted")
            return None
        once = tuple(customer_keys(who.user)[1:]) if who.user is not None else ()
        key, basis = who.visitor, Basis.CONSENT
        if key is None:
            key, basis = who.customer, Basis.CUSTOMER
        if key is None:
            counters.count("event_without_consent")
            return None
        return Speaker(shopper=key, basis=basis, store=who.store, once=once)
    request = django_request(who)
    shopper = resolve(request)
    purposes = ",".join(consent.identifying(request))
    if shopper.visitor is None:
        agreed = "event_of_restricted" if shopper.left_alone else "event_without_visitor"
        counters.count(agreed if purposes else "event_without_consent")
        return None
    seen = Recognised(visitor=shopper.visitor, store=shopper.store, purposes=purposes)
    seen = linked(seen, tokens.carried(request), shopper.user)
    return Speaker(
        shopper=shopper.visitor,
        basis=Basis.CONSENT,
        store=shopper.store,
        seen=seen,
        request=request,
    )


def _told_kind(kind: Kind | int | str, *, is_request: bool) -> int:
    """The number of a kind that the shop's code may tell. Raises BadEvent for any other."""
    number = number_of(kind)
    name = name_of_kind(number)
    if number in DERIVED:
        raise BadEvent(f"A {name} is worked out of the log by a task, and never told.")
    if number == Kind.ORDERED:
        raise BadEvent("Say persona_django.ordered(request, order) where an order is placed.")
    # Of its own kinds the shop says itself what they are worth.
    if is_request and number < FIRST_OF_SHOP and not is_from_browser(number):
        raise BadEvent(
            f"A {name} is never taken from a request. Register an OrderMap, so that orders are "
            "read from the shop's own tables, or say persona_django.purchased(...)."
        )
    return number


def registered(product: Any) -> tuple[str, str]:
    """Label and key of a product that can be an item. Raises BadEvent for anything else."""
    try:
        label, key = items.name_of(product)
    except PersonaError as error:
        raise BadEvent(str(error)) from error
    except (TypeError, ValueError):
        raise BadEvent(
            f"{type(product).__name__} is no product. Pass an object of a registered model, or "
            '("shop.product", 31).'
        ) from None
    if not items.is_registered(label):
        raise BadEvent(f"{label} has no ItemMap. Register one in a persona.py.")
    return label, key


def whole_pieces(quantity: Any) -> int:
    """Pieces as a whole number; 0, counted, for none. Part of a piece is one."""
    try:
        pieces = float(quantity)
    except (TypeError, ValueError, OverflowError):
        pieces = math.nan
    if not pieces > 0:
        counters.count("event_of_no_pieces")
        return 0
    return max(1, round(min(pieces, MOST_QUANTITY)))


def minor_units(price: Any, label: str, product: Any = None) -> int | None:
    """What was paid for one piece, in minor units; None for nothing, and for what is no price."""
    if price is None:
        return None
    item_map = item_maps().get(label)
    currency = item_map.constant_currency() if item_map is not None else ""
    try:
        if item_map is not None and not currency and hasattr(product, "_meta"):
            currency = item_map.currency_of(product)
        price = Decimal(price) if isinstance(price, str) else price
        units = money.minor_units(price, currency or conf.current().currency)
        if units > MOST_PRICE:
            raise ValueError("its price is too large to be one")
    except Exception as error:  # noqa: BLE001 - a map's currency may raise anything
        counters.failed("event_price_unreadable", _PRICE, error=error)
        return None
    return units


_PRICE = (
    "A price given to persona_django is none; the event is kept without it. Give a Decimal, in "
    "the main unit of the currency."
)


def _value(number: int, value: Any) -> int:
    """Share, seconds or the shop's own number, as stored. Raises BadEvent where there is none."""
    if value is None:
        # Nobody said how much: all of it, as from a browser.
        return THOUSANDTHS if number in SHARES else 0
    if number not in SHARES and number != Kind.DWELL and number < FIRST_OF_SHOP:
        raise BadEvent(f"A {name_of_kind(number)} has no value.")
    try:
        measured = float(value)
    except (TypeError, ValueError, OverflowError):
        measured = math.nan
    if math.isnan(measured):
        counters.failed("event_value_unreadable", _MEASURE)
        return 0
    if number in SHARES:
        return round(min(max(measured, 0.0), 1.0) * THOUSANDTHS)
    return round(min(max(measured, 0.0), MOST_VALUE))


_MEASURE = "A value given to persona_django.track is no number; the event is kept without it."


def moment(at: datetime | int | None) -> int:
    """A moment as whole seconds; one in the future is a wrong clock and becomes now."""
    now = int(time.time())
    if at is None:
        return now
    if isinstance(at, datetime):
        if timezone.is_naive(at):
            at = timezone.make_aware(at)
        at = int(at.timestamp())
    if at < EARLIEST:
        raise BadEvent(f"{at} is not a time: give seconds since 1970, or a datetime.")
    if at > now + CLOCK_TOLERANCE_SECONDS:
        counters.count("event_from_the_future")
        return now
    return int(at)
