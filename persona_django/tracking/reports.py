"""One thing that a client reports: checked, and of a type, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from persona_django import conf
from persona_django.exceptions import Refusal
from persona_django.tracking import misnamed
from persona_django.tracking.batches import Clock
from persona_django.tracking.ingest import event_uid
from persona_django.tracking.models import Intent
from persona_django.tracking.report_values import (
    LAST_POSITION,
    LONGEST_TEXT,
    MOST_RESULTS,
    MOST_SECONDS,
    MOST_TOKENS,
    PARTS,
    Happening,
    Report,
    Shown,
    Wish,
    amount_of,
    check_size,
    item_of,
    number,
    slate_uid,
    text_of,
    time_of,
    whole,
    words_of,
)
from persona_django.tracking.schema import LONGEST_ID, MOST_QUANTITY, MOST_VALUE, Kind

_Made = dict[str, Any]


def read_report(given: Any, clock: Clock) -> Report:
    """What a client reports. Raises Refusal."""
    if type(given) is not dict:
        raise Refusal("shape")
    check_size(given)
    kind = given.get("type")
    type_ = _type_named(kind) if type(kind) is str else None
    if type_ is None:
        raise Refusal("type", partial(_about_type, given))
    if not type_.needed <= given.keys() <= type_.known:
        raise Refusal("field", partial(misnamed.about_fields, given, type_.needed, type_.known))
    named = given.get("id")
    if type(named) is not str or not 0 < len(named) <= LONGEST_ID:
        raise Refusal("id")
    at, clamped = clock.moment(time_of(given.get("at")))
    made: _Made = {"at": at, "clamped": clamped}
    if not type_.is_named_otherwise:
        # A name of its own for what a client names, so that it cannot take one of the shop's.
        made["uid"] = event_uid(f"script {named}")
    return type_.read(given, made)


def _view(given: Mapping[str, Any], made: _Made) -> Report:
    # The middleware names it so, too: what both report of one page is one event.
    made["uid"] = event_uid(f"view {given['id']}")
    return Happening(kind=Kind.VIEW, item=item_of(given), **made)


def _dwell(given: Mapping[str, Any], made: _Made) -> Report:
    seconds = number(given["seconds"], 0, MOST_SECONDS)
    value = min(round(seconds), MOST_VALUE)
    return Happening(kind=Kind.DWELL, item=item_of(given), value=value, **made)


def _engage(given: Mapping[str, Any], made: _Made) -> Report:
    if text_of(given, "part") not in PARTS:
        raise Refusal("value")
    return _share(Kind.ENGAGE)(given, made)


def _share(kind: Kind) -> Callable[[Mapping[str, Any], _Made], Report]:
    def read(given: Mapping[str, Any], made: _Made) -> Report:
        share = round(1000 * number(given.get("share", 1), 0, 1))
        return Happening(kind=kind, item=item_of(given), value=share, **made)

    return read


def _counted(kind: Kind) -> Callable[[Mapping[str, Any], _Made], Report]:
    def read(given: Mapping[str, Any], made: _Made) -> Report:
        quantity = whole(given.get("quantity", 1), 1, MOST_QUANTITY)
        return Happening(kind=kind, item=item_of(given), quantity=quantity, **made)

    return read


def _slot(kind: Kind) -> Callable[[Mapping[str, Any], _Made], Report]:
    def read(given: Mapping[str, Any], made: _Made) -> Report:
        if ("token" in given) == ("item" in given):
            raise Refusal("field", partial(misnamed.one_of_two, "token", "item"))
        if "slate" in given:
            made["slate"] = slate_uid(given)
        if "item" in given:
            return Happening(kind=kind, item=item_of(given), **made)
        token = text_of(given, "token")
        if kind is Kind.CLICK:
            # Once for its visitor, whatever the client calls it.
            made["uid"] = event_uid(f"click {token}")
        return Happening(kind=kind, token=token, **made)

    return read


def _slate(given: Mapping[str, Any], made: _Made) -> Report:
    made["uid"] = slate_uid(given)
    tokens, seen = given["tokens"], given.get("seen", [])
    whole(given.get("first", 1), 1, LAST_POSITION)
    if type(tokens) is not list or not 0 < len(tokens) <= MOST_TOKENS or type(seen) is not list:
        raise Refusal("value")
    if not all(type(token) is str and len(token) <= LONGEST_TEXT for token in tokens):
        raise Refusal("value")
    positions = tuple(whole(position, 1, LAST_POSITION) for position in seen)
    return Shown(tokens=tuple(tokens), seen=positions, **made)


def _search(given: Mapping[str, Any], made: _Made) -> Report:
    results = given.get("results")
    if results is not None:
        results = whole(results, 0, MOST_RESULTS)
    return Wish(kind=Intent.Kind.SEARCH, words=words_of(given, "words"), results=results, **made)


def _filter(given: Mapping[str, Any], made: _Made) -> Report:
    low, high = amount_of(given.get("low")), amount_of(given.get("high"))
    is_range = low is not None or high is not None
    if is_range == ("value" in given) or (low is not None and high is not None and low > high):
        raise Refusal("value")
    words = "" if is_range else words_of(given, "value")
    name = words_of(given, "name")
    return Wish(kind=Intent.Kind.FILTER, name=name, words=words, low=low, high=high, **made)


def _sort(given: Mapping[str, Any], made: _Made) -> Report:
    return Wish(kind=Intent.Kind.SORT, words=words_of(given, "value"), **made)


@dataclass(frozen=True, slots=True)
class _Type:
    """The fields that events of one type need and may have, and who reads them."""

    needed: frozenset[str]
    known: frozenset[str]
    read: Callable[[Mapping[str, Any], _Made], Report]
    is_named_otherwise: bool = False
    """Whether its name follows from what it is about, so that `read` makes it."""


def _type(
    read: Callable[[Mapping[str, Any], _Made], Report],
    needed: str = "",
    more: str = "",
    *,
    is_named_otherwise: bool = False,
) -> _Type:
    always = frozenset({"id", "type", *needed.split()})
    return _Type(always, always | {"at", *more.split()}, read, is_named_otherwise)


TYPES: Mapping[str, _Type] = {
    "view": _type(_view, "item", is_named_otherwise=True),
    "dwell": _type(_dwell, "item seconds"),
    "engage": _type(_engage, "item part", "share"),
    "play": _type(_share(Kind.PLAY), "item share"),
    "progress": _type(_share(Kind.PROGRESS), "item share"),
    "finish": _type(_share(Kind.FINISH), "item", "share"),
    "cart_add": _type(_counted(Kind.CART_ADD), "item", "quantity"),
    "cart_remove": _type(_counted(Kind.CART_REMOVE), "item", "quantity"),
    "save": _type(_counted(Kind.SAVE), "item", "quantity"),
    "unsave": _type(_counted(Kind.UNSAVE), "item", "quantity"),
    "restore": _type(_counted(Kind.RESTORE), "item"),
    "click": _type(_slot(Kind.CLICK), "token", "slate", is_named_otherwise=True),
    "dismiss": _type(_slot(Kind.DISMISS), "", "token item slate"),
    "more_like": _type(_slot(Kind.MORE_LIKE), "", "token item slate"),
    "slate": _type(_slate, "slate tokens", "first seen", is_named_otherwise=True),
    "search": _type(_search, "words", "results"),
    "filter": _type(_filter, "name", "value low high"),
    "sort": _type(_sort, "value"),
}
"""Every type of event that anything a browser reaches may report, but for the shop's own."""


def _type_named(name: str) -> _Type | None:
    return TYPES.get(name) or _own(name)


def _about_type(given: Mapping[str, Any]) -> str:
    # Kinds that only the shop's servers may report are no page's business, not even by name.
    own = conf.current().event_kinds
    return misnamed.about_type(given, [*TYPES, *filter(_own, own)])


def _own(name: str) -> _Type | None:
    """A type that the shop made for its browsers."""
    own = conf.current().event_kinds.get(name)
    if own is None or own.get("sender") != "browser":
        return None
    kind = int(own["number"])

    def read(given: Mapping[str, Any], made: _Made) -> Report:
        value = round(number(given.get("value", 0), 0, MOST_VALUE))
        return Happening(kind=kind, item=item_of(given), value=value, **made)

    return _type(read, "item", "value")
