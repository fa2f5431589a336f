"""Events of the shop's own code, written when its transaction commits, or at once outside of one.

The shop's cart and checkout go on whatever happens here. Events of one transaction are written
together, in a transaction of ours after its commit; rolled back, they never were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation
from django.db import DEFAULT_DB_ALIAS, connections, router

from persona_django import breaker, counters
from persona_django.commits import Batch, after_commit, is_in_transaction
from persona_django.exceptions import Resting
from persona_django.identity import restrictions, visitors
from persona_django.identity.visitors import Recognised
from persona_django.tracking import items, writing
from persona_django.tracking.ingest import UNWRITTEN, NewEvent, insert
from persona_django.tracking.inserting import again_on_deadlock
from persona_django.tracking.models import Event

AT_A_TIME = 500
"""Events of one transaction, so that a cart of thousands holds up no other writer."""


class Promise(IntEnum):
    """What became of an event that the shop's own code told. True unless it is nothing."""

    NOTHING = 0
    """It is not stored; why is counted and, where somebody can do something about it, logged."""
    ON_COMMIT = 1
    """It is written once the transaction that is open commits, if the catalogue knows the item."""
    STORED = 2
    """It stands in the log now, committed."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event before the catalogue was asked for its item."""

    event: NewEvent
    item: tuple[str, str] | None = None
    """Label and key; None for an event that has no item."""
    seen: Recognised | None = None
    """The visitor it was seen of, whose row may have to be written before it."""
    place: Callable[[], int] | None = None
    """Tells the place of a new visitor among those of their network."""
    once: tuple[int, ...] = ()
    """The customer by secrets of before: they may have paused under one of these."""


def keep(told: Sequence[Told], *, beside: Any = None) -> Promise:
    """Write events, or promise to. Never raises.

    `beside` is a row of the shop's that is written in the same transaction, whose database tells
    which of several open ones is meant.
    """
    if not told:
        return Promise.NOTHING
    try:
        alias = _open_transaction(beside)
        if alias is not None:
            after_commit(_Events, alias, lambda batch: batch.told.extend(told))
            return Promise.ON_COMMIT
        return Promise.STORED if _write(told) else Promise.NOTHING
    except Exception as error:  # noqa: BLE001 - the shop's cart works whatever happens here
        _lost(error)
        return Promise.NOTHING


class _Events(Batch):
    """What the shop's code told within one transaction, or one savepoint of it."""

    def __init__(self, alias: str) -> None:
        super().__init__(alias)
        self.told: list[Told] = []

    def __call__(self) -> None:
        told, self.told = self.told, []
        try:
            _write(told)
        except Exception as error:  # noqa: BLE001 - the shop's order is committed already
            _lost(error)


def _open_transaction(beside: Any) -> str | None:
    """The database whose open transaction an event shares the fate of; None outside of any."""
    state = getattr(beside, "_state", None)
    usual = [getattr(state, "db", None) or DEFAULT_DB_ALIAS, DEFAULT_DB_ALIAS]
    others = [connection.alias for connection in connections.all(initialized_only=True)]
    return next((alias for alias in [*usual, *others] if is_in_transaction(alias)), None)


def _write(told: Sequence[Told]) -> int:
    """Write events some hundreds at a time; how many now stand in the log, also from before."""
    alias = router.db_for_write(Event)
    standing = 0
    for start in range(0, len(told), AT_A_TIME):
        with breaker.database_work(alias):
            standing += _write_some(told[start : start + AT_A_TIME])
    return standing


def _write_some(told: Sequence[Told]) -> int:
    seen = {one.seen.visitor: one for one in told if one.seen is not None}
    new = [one for one in seen.values() if one.seen and visitors.is_unwritten(one.seen)]
    restrictions.refresh()
    # All that is read is read before: SQLite refuses the first write of a transaction that began
    # by reading, where another one wrote in between.
    events = _with_items(told)
    if not events:
        return 0
    ranks = [visitors.rank_of(one.seen, one.place) if one.seen else 0 for one in new]

    def stored() -> int:
        left = events
        with writing.contained(one_statement=not new and len(told) == 1):
            for one, rank in zip(new, ranks, strict=True):
                if one.seen and not visitors.write(one.seen, rank=rank):
                    # Taken back, or paused, while this was on its way.
                    counters.count("event_of_restricted")
                    left = [event for event in left if event.shopper != one.event.shopper]
            insert(left)
        return len(left)

    return again_on_deadlock(stored, alias=router.db_for_write(Event))


def _with_items(told: Sequence[Told]) -> list[NewEvent]:
    """The events whose items the catalogue of their store knows, and of which something may be
    stored."""
    found = items.find_in_stores(
        {(one.event.store, one.item) for one in told if one.item is not None}
    )
    sensitive = items.sensitive_in_stores(found)
    events: list[NewEvent] = []
    for one in told:
        item_id = found.get((one.event.store, one.item), 0) if one.item is not None else 0
        if one.item is not None and not item_id:
            counters.failed("event_of_unknown_item", _UNKNOWN)
        elif item_id in sensitive:
            counters.count("event_sensitive")
        elif any(map(restrictions.is_restricted, (one.event.shopper, *one.once))):
            counters.count("event_of_restricted")
        else:
            events.append(replace(one.event, item_id=item_id))
    return events


def _lost(error: Exception) -> None:
    if isinstance(error, Resting):
        # Said already, when what it waits for failed.
        counters.count("event_unwritten")
    elif isinstance(error, SynchronousOnlyOperation):
        counters.failed("event_on_event_loop", _ON_EVENT_LOOP, error=error)
    else:
        counters.failed("event_unwritten", UNWRITTEN, error=error)


_UNKNOWN = (
    "Something happened to a product that the catalogue does not know yet, so it is not stored. "
    "Run `manage.py persona_sync`."
)
_ON_EVENT_LOOP = (
    "track() was called in an async view, where nothing may wait for the database, so the event "
    "is lost. Write: await persona_django.atrack(...)."
)
