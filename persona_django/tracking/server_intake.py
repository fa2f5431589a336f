"""What other servers of the shop's report goes into the log, each message and each event once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.db import DatabaseError, router

from persona_django import counters
from persona_django.breaker import database_call
from persona_django.catalogue import restocking
from persona_django.exceptions import PersonaError, Refusal, Resting
from persona_django.identity import restrictions
from persona_django.tracking import intake, items, signatures, writing
from persona_django.tracking.batches import Batch
from persona_django.tracking.ingest import NewEvent
from persona_django.tracking.inserting import again_on_deadlock
from persona_django.tracking.models import Event, UsedNonce
from persona_django.tracking.server_reports import Reported, Restock, read_server_report
from persona_django.tracking.signatures import Claim
from persona_django.tracking.verdicts import Verdicts


def record(claim: Claim, batch: Batch) -> Verdicts:
    """Store what a signed message reports, and say what became of each event.

    What is called accepted is committed when this returns, together with the message's nonce, so
    that it is taken once. Raises Unsigned for one that was taken before, and what the database
    raises; then nothing of it is stored, and it may be sent again.
    """
    with database_call(router.db_for_write(UsedNonce)):
        signatures.refuse_used(claim)
    verdicts = Verdicts(len(batch))
    reports = _read(batch, verdicts)
    known = items.known_stores(map(_store_of, reports.values()))
    events = _events(reports, known, verdicts)
    restocks = {at: one for at, one in reports.items() if isinstance(one, Restock)}
    # Before the transaction, which must not wait for functions of the shop's.
    stock = _read_again(restocks, known)
    alias = router.db_for_write(Event)
    again_on_deadlock(lambda: _write(claim, events, stock, verdicts), alias=alias)
    verdicts.count()
    return verdicts


def _read(batch: Batch, verdicts: Verdicts) -> dict[int, Reported | Restock]:
    reports: dict[int, Reported | Restock] = {}
    for at, given in enumerate(batch.events):
        try:
            if at in batch.odd:
                raise Refusal("text")
            reports[at] = read_server_report(given)
        except Refusal as refusal:
            verdicts.refuse(at, refusal.reason, refusal.tell)
    return reports


def _store_of(report: Reported | Restock) -> int:
    return report.store if isinstance(report, Restock) else report.event.store


def _events(
    reports: Mapping[int, Reported | Restock], known: Collection[int], verdicts: Verdicts
) -> dict[int, NewEvent]:
    """The events of items that the catalogue knows, and of which something may be stored."""
    given = {at: one for at, one in reports.items() if isinstance(one, Reported)}
    named = {(one.event.store, one.item) for one in given.values() if one.event.store in known}
    found = items.find_in_stores(named)
    sensitive = items.sensitive_in_stores(found)
    restrictions.refresh()
    events: dict[int, NewEvent] = {}
    for at, one in given.items():
        item_id = found.get((one.event.store, one.item), 0)
        if not item_id:
            verdicts.refuse(at, "item")
        elif item_id in sensitive:
            verdicts.refuse(at, "sensitive")
        elif any(map(restrictions.is_restricted, (one.event.shopper, *one.once))):
            verdicts.refuse(at, "consent")
        else:
            events[at] = replace(one.event, item_id=item_id)
    return events


@dataclass(frozen=True, kw_only=True)
class _Stock:
    """What a message says of stock, once the shop's own tables were asked."""

    verdicts: Mapping[int, str]
    """By place: why it is refused; empty where it is taken."""
    to_keep: Mapping[int, Mapping[items.Name, int]]
    """Pieces of what the shop has no number of its own for, by store."""


def _write(
    claim: Claim, events: Mapping[int, NewEvent], stock: _Stock, verdicts: Verdicts
) -> None:
    """One transaction; the verdicts follow once it is committed."""
    with writing.contained(one_statement=False):
        signatures.use(claim)
        told = dict(zip(events, intake.store_events(list(events.values())), strict=True))
        for store, said in sorted(stock.to_keep.items()):
            restocking.keep(said, store=store)
    for at, is_new in told.items():
        (verdicts.accept if is_new else verdicts.repeat)(at)
    for at, reason in stock.verdicts.items():
        if reason:
            verdicts.refuse(at, reason)
        else:
            verdicts.accept(at)


def _read_again(restocks: Mapping[int, Restock], known: Collection[int]) -> _Stock:
    """Have items of which stock was told read again from the shop, which does no harm if the
    message then comes again. Raises what the database raises, also when a map asked it."""
    if not restocks:
        return _Stock(verdicts={}, to_keep={})
    # Of two about one item the later counts, whichever stands first.
    latest: dict[int, dict[items.Name, int | None]] = {}
    for one in sorted(restocks.values(), key=lambda one: one.at):
        if one.store in known:
            latest.setdefault(one.store, {})[one.item] = one.stock
    to_keep: dict[int, Mapping[items.Name, int]] = {}
    try:
        for store, said in latest.items():
            to_keep[store] = restocking.read_again(said, store=store)
    except Exception as error:  # noqa: BLE001 - a map of the shop's may raise anything
        advice = str(error) if isinstance(error, PersonaError) else _UNREAD
        counters.failed("stock_unread", advice, error=error)
        for cause in (error, error.__cause__):
            if isinstance(cause, (DatabaseError, Resting)):
                # It may answer the next time; whatever else a map of the shop's raises, it will
                # raise again.
                raise cause from None
        return _Stock(verdicts=dict.fromkeys(restocks, "stock"), to_keep={})
    named = {at: (one.store, one.item) for at, one in restocks.items()}
    found = items.find_in_stores({one for one in named.values() if one[0] in known})
    verdicts = {at: "" if found.get(one) else "item" for at, one in named.items()}
    return _Stock(verdicts=verdicts, to_keep=to_keep)


_UNREAD = (
    "Stock that another server told of could not be read again from the shop. Reconcile finds it; "
    "at once: python manage.py persona_sync"
)
