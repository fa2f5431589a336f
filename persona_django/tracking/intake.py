"""What clients reported goes into the log: each event once, and each with its verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.db import models, router

from persona_django import counters
from persona_django.tracking.ingest import NewEvent
from persona_django.tracking.inserting import Key, insert_new
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.writing import FIELDS

Payload = tuple[Any, ...]

_EVENT_FIELDS = ("shopper", "uid", *(name for name in FIELDS if name not in ("shopper", "uid")))
_INTENT_FIELDS = (
    "shopper", "uid", "store", "kind", "at", "name", "words", "low", "high", "results", "context",
)  # fmt: skip
_SAME_EVENT = ("kind", "item_id", "quantity", "value")
"""What two events of one name agree in, if they are one; clocks may differ a little."""
_SAME_INTENT = ("kind", "name", "low", "high", "results", "words")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntent:
    """One intent as it is stored: checked, its words without anything of a person."""

    store: int = 1
    shopper: int
    uid: int
    kind: int
    at: int
    name: str = ""
    words: str = ""
    low: int | None = None
    high: int | None = None
    results: int | None = None
    context: int = 0


def store_events(events: Sequence[NewEvent]) -> list[bool]:
    """Store events in the caller's transaction; whether each was new, in their order.

    The first of several of one name counts, also within this call. One that says something else
    than the first is counted as `event_mismatch`, and changes nothing.
    """
    return _store(Event, _EVENT_FIELDS, _SAME_EVENT, events)


def store_intents(intents: Sequence[NewIntent]) -> list[bool]:
    """Store intents as `store_events` does events."""
    return _store(Intent, _INTENT_FIELDS, _SAME_INTENT, intents)


def _store(
    model: type[models.Model],
    names: Sequence[str],
    same: Sequence[str],
    given: Sequence[Any],
) -> list[bool]:
    if not given:
        return []
    first: dict[Key, Any] = {}
    for one in given:
        first.setdefault((one.shopper, one.uid), one)
    row_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
    new = insert_new(model, names, [row_of(one) for one in first.values()])
    payload: Callable[[Any], Payload] = attrgetter(*same)
    told = [(one.shopper, one.uid) in new and first[one.shopper, one.uid] is one for one in given]
    repeats = [one for one, is_new in zip(given, told, strict=True) if not is_new]
    if repeats:
        stored = {key: payload(first[key]) for key in new}
        stored |= _standing(model, {(one.shopper, one.uid) for one in repeats} - new, same)
        mismatches = sum(
            _differs(payload(one), stored.get((one.shopper, one.uid))) for one in repeats
        )
        if mismatches:
            counters.count("event_mismatch", mismatches)
    return told


def _differs(said: Payload, stored: Payload | None) -> bool:
    """Whether a repeat says something else than the first; words that were counted since are
    empty by now, and cannot be compared."""
    if stored is None:
        return False
    return any(new != old and old != "" for new, old in zip(said, stored, strict=True))


def _standing(
    model: type[models.Model], keys: Collection[Key], same: Sequence[str]
) -> Mapping[Key, Payload]:
    """What the log says already under these names."""
    rows = model._default_manager.using(router.db_for_write(model)).filter(
        shopper__in={shopper for shopper, _ in keys}, uid__in={uid for _, uid in keys}
    )
    found = rows.values_list("shopper", "uid", *same) if keys else ()
    return {(shopper, uid): tuple(said) for shopper, uid, *said in found}
