"""The door through which events come in, and the only writer of single ones."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.utils import timezone

from persona_django import conf, counters
from persona_django.exceptions import BadEvent, PersonaError
from persona_django.identity import consent, restrictions, visitors
from persona_django.identity.keys import keyed
from persona_django.identity.shoppers import Shopper, resolve
from persona_django.identity.visitors import Recognised
from persona_django.tracking import items, writing
from persona_django.tracking.schema import (
    CLOCK_TOLERANCE_SECONDS,
    EARLIEST,
    FROM_BROWSER,
    Basis,
    Kind,
)


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """One event as `insert` stores it: checked, and of an item the catalogue knows."""

    store: int = 1
    shopper: int
    uid: int
    kind: int
    item_id: int
    at: int
    order: int = 0
    quantity: int = 1
    price: int | None = None
    basis: Basis = Basis.CONSENT
    value: int = 0
    """Seconds, share or confidence, by kind."""
    context: int = 0
    """As `tracking.context` packs it."""


def insert(given: Iterable[NewEvent], *, hurried: bool = False) -> int:
    """Store events in the caller's transaction, and return how many were new.

    Each is stored once for its shopper and uid: the first one counts, others are repeats. Those
    of shoppers who paused or were erased are dropped, whoever sent them and however late. See
    `writing.insert_few` for `hurried`.
    """
    allowed = list(given)
    if restrictions.are_any():
        allowed = [event for event in allowed if not restrictions.is_restricted(event.shopper)]
    # The first of equal names is put in last, so that it is the one that stays.
    once = {(event.shopper, event.uid): event for event in reversed(allowed)}
    # In order of the key, so that two writers cannot wait for each other in a circle.
    return writing.insert_few([as_row(once[key]) for key in sorted(once)], hurried=hurried)


as_row = attrgetter(*writing.FIELDS)


def track(
    who: HttpRequest | Shopper,
    kind: Kind | int | str,
    product: Any,
    *,
    at: datetime | int | None = None,
    uid: str | int | None = None,
) -> bool:
    """Note that something happened to a product; true when it now stands in the log.

    False without consent, before the visitor's first page brought the cookie, for a product that
    the catalogue does not know yet, and when the database refused: nothing that can happen to a
    finished shop raises. The same `uid` for the same shopper is one event, however often it is
    sent. Raises BadEvent for what is wrong in the code that calls: an unknown kind, something that
    is no product of a registered model, or a purchase from a request, which anybody could forge.
    """
    if not conf.current().enabled:
        return False
    kind = Kind.of(kind)
    shopper, seen = (who, None) if isinstance(who, Shopper) else _seen(who, kind)
    key, basis = shopper.visitor, Basis.CONSENT
    if key is None and seen is None:
        # The shop itself speaks for its customer. A request only ever speaks for the visitor,
        # whose events are marked when the consent is taken back.
        key, basis = shopper.customer, Basis.CUSTOMER
    if shopper.left_alone:
        counters.count("event_of_restricted")
        return False
    if key is None:
        agreed = seen is not None and seen.purposes
        counters.count("event_without_visitor" if agreed else "event_without_consent")
        return False
    event = NewEvent(
        store=shopper.store,
        shopper=key,
        uid=event_uid(uid),
        kind=kind,
        item_id=0,
        at=_seconds(at),
        basis=basis,
    )
    named = _registered(product)
    try:
        return _stored(event, named, seen)
    except Exception as error:  # noqa: BLE001 - the shop's cart works whatever happens here
        counters.failed("event_unwritten", UNWRITTEN, error=error)
        return False


async def atrack(
    who: HttpRequest | Shopper,
    kind: Kind | int | str,
    product: Any,
    *,
    at: datetime | int | None = None,
    uid: str | int | None = None,
) -> bool:
    """As `track`, for async views."""
    return await sync_to_async(track)(who, kind, product, at=at, uid=uid)


UNWRITTEN = (
    "An event could not be written and is lost; the page is unharmed. If the table is missing, "
    "run `manage.py migrate`."
)


def event_uid(uid: str | int | None) -> int:
    """The number that names an event once for its shopper; a new one when none is given."""
    return secrets.randbits(63) or 1 if uid is None else keyed("event", str(uid))


def _seen(request: HttpRequest, kind: Kind) -> tuple[Shopper, Recognised]:
    """Who sent a request, and what their row says. Refuses what a browser may not report."""
    if kind not in FROM_BROWSER:
        raise BadEvent(
            f"A {kind.name.lower()} is never taken from a request. Register an OrderMap, so "
            "that orders are read from the shop's own tables, or pass a Shopper."
        )
    request = django_request(request)
    shopper = resolve(request)
    purposes = ",".join(consent.identifying(request))
    return shopper, Recognised(visitor=shopper.visitor, store=shopper.store, purposes=purposes)


def _registered(product: Any) -> tuple[str, str]:
    """Label and key of a product that can be an item."""
    try:
        label, key = items.name_of(product)
    except PersonaError as error:
        raise BadEvent(str(error)) from error
    if not items.is_registered(label):
        raise BadEvent(f"{label} has no ItemMap. Register one in a persona.py.")
    return label, key


def _stored(event: NewEvent, named: tuple[str, str], seen: Recognised | None) -> bool:
    """Store the event of a named item, and the row of the visitor it was seen of."""
    unwritten = seen if seen is not None and visitors.is_unwritten(seen) else None
    if restrictions.is_restricted(event.shopper):
        counters.count("event_of_restricted")
        return False
    with writing.contained(one_statement=unwritten is None):
        item_id = items.find_item(*named, store=event.store)
        if not item_id:
            counters.failed("event_of_unknown_item", _UNKNOWN)
            return False
        if unwritten is not None and not visitors.write(unwritten):
            counters.count("event_without_consent")
            return False
        insert([replace(event, item_id=item_id)])
    return True


_UNKNOWN = (
    "Something happened to a product that the catalogue does not know yet, so it is not stored. "
    "Run `manage.py persona_sync`."
)


def _seconds(at: datetime | int | None) -> int:
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


def name_item(request: HttpRequest, product: Any, *, explicit: bool = True) -> None:
    """Say which item this page is about, so that its view is counted. Never raises.

    A page that says so itself (`explicit`) goes before what its blocks are seeded with; of two
    equal voices the first one counts.
    """
    page = django_request(request).__dict__
    named = page.get("_persona_item")
    if named is not None and named[0] >= explicit:
        return
    try:
        page["_persona_item"] = (explicit, *items.name_of(product))
    except Exception as error:  # noqa: BLE001 - runs inside the shop's view and templates
        counters.failed("view_of_no_item", _NO_ITEM, error=error)


_NO_ITEM = (
    "A page named as its item something that is no product, so its view is not counted. Pass a "
    "saved object of a registered model to `viewed` or `persona_item`."
)


def viewed(request: HttpRequest, product: Any) -> None:
    """Say in a view which product its page is about: `viewed(request, product)`."""
    name_item(request, product)


def named_item(request: HttpRequest) -> tuple[str, str] | None:
    """Model label and key of the item this page named, if it did."""
    named = django_request(request).__dict__.get("_persona_item")
    return named[1:] if named else None


def view_id(request: HttpRequest) -> str:
    """The name of this one rendering of a page, so that two reports of it are one view."""
    page = django_request(request).__dict__
    if "_persona_view" not in page:
        page["_persona_view"] = secrets.token_urlsafe(9)
    return str(page["_persona_view"])


def django_request(request: Any) -> HttpRequest:
    """Django's own request, also from within the one that a REST framework wraps around it."""
    inner: HttpRequest = getattr(request, "_request", request)
    return inner
