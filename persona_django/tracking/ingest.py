"""Single events: how they are named and stored, and which item a page is about."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.http import HttpRequest

from persona_django import counters
from persona_django.identity import restrictions
from persona_django.identity.keys import keyed
from persona_django.tracking import items, writing
from persona_django.tracking.schema import Basis


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


UNWRITTEN = (
    "An event could not be written and is lost; the page is unharmed. If the table is missing, "
    "run `manage.py migrate`."
)


def event_uid(uid: str | int | None) -> int:
    """The number that names an event once for its shopper; a new one when none is given."""
    return secrets.randbits(63) or 1 if uid is None else keyed("event", str(uid))


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
