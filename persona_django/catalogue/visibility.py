"""What can be wrong with the `visible()` of an item map, found by asking it without a database.

Only the system checks ask. A map whose `visible()` fails stays registered, because it may need
what a check has not got; its pages say then what failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.utils.translation import get_language

from persona_django import conf
from persona_django.catalogue.declarations import Fault, why_unusable
from persona_django.catalogue.maps import Audience, ItemMap, signed_out
from persona_django.exceptions import in_one_line

FIX = (
    "It is asked on every page, also for who is not signed in: def visible(self, queryset, "
    "audience) returns what they may see of it, such as queryset.filter(...)."
)


class _Asked(Exception):
    """The shop's code wanted something of a database, which a plain check does not ask."""


def examine_visible(item_map: ItemMap) -> list[Fault]:
    """What is wrong with `visible()` for somebody who is not signed in, as far as can be told."""
    if type(item_map).visible is ItemMap.visible:
        return []
    name = f"{type(item_map).__name__}.visible()"
    with _nothing_asked() as asked:
        try:
            found = item_map.visible(item_map.queryset(), _anybody())
        except Exception as error:  # noqa: BLE001  (the shop's own code may raise anything)
            # What it would have done with an answer cannot be known here.
            wrong = "" if asked else f"{name} failed with {in_one_line(error)}"
        else:
            unusable = why_unusable(found, item_map)
            wrong = f"{name} {unusable}." if unusable else ""
    return [Fault(id="persona.E026", message=wrong, hint=FIX)] if wrong else []


def _anybody() -> Audience:
    """A visitor whom nobody knows, as the page of a shop meets most of them."""
    return Audience(
        user=signed_out(), language=get_language() or "", currency=conf.current().currency
    )


@contextmanager
def _nothing_asked() -> Iterator[list[str]]:
    """Refuse this thread every database as long as the block lasts; holds something once one was
    wanted."""
    asked: list[str] = []
    every = [vars(connections[alias]) for alias in connections]
    before = [held.get("ensure_connection") for held in every]

    def refuse() -> None:
        asked.append("a database")
        raise _Asked

    # Whatever is asked of a connection passes here first, whether it is open or not.
    for held in every:
        held["ensure_connection"] = refuse
    try:
        yield asked
    finally:
        for held, own in zip(every, before, strict=True):
            del held["ensure_connection"]
            if own is not None:
                held["ensure_connection"] = own
