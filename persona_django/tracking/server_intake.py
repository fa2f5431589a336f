"""What other servers of the shop's report goes into the log, each message and each event once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.db import DatabaseError, router, transaction

from persona_django import counters
from persona_django.catalogue import restocking
from persona_django.exceptions import PersonaError, Refusal
from persona_django.identity import restrictions
from persona_django.tracking import intake, items, signatures, writing
from persona_django.tracking.batches import Batch
from persona_django.tracking.ingest import NewEvent
from persona_django.tracking.inserting import again_on_deadlock
from persona_django.tracking.models import Event
from persona_django.tracking.server_reports import Reported, Restock, read_server_report
from persona_django.tracking.signatures import Claim
from persona_django.tracking.verdicts import Verdicts


def record(claim: Claim, batch: Batch) -> Verdicts:
    """Store what a signed message reports, and say what became of each event.

    What is called accepted is committed when this returns, together with the message's nonce, so
    that it is taken once. Raises Unsigned for one that was taken before, and what the database
    raises; then nothing of it is stored, and it may be sent again.
    """
    verdicts = Verdicts(len(batch))
    reports = _read(batch, verdicts)
    events = _events(reports, verdicts)
    restocks = {at: one for at, one in reports.items() if isinstance(one, Restock)}
    alias = router.db_for_write(Event)
    again_on_deadlock(lambda: _write(claim, events, restocks, verdicts), alias=alias)
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
            verdicts.refuse(at, refusal.reason)
    return reports


def _events(reports: Mapping[int, Reported | Restock], verdicts: Verdicts) -> dict[int, NewEvent]:
    """The events of items that the catalogue knows, and of which something may be stored."""
    given = {at: one for at, one in reports.items() if isinstance(one, Reported)}
    names = list({one.item: None for one in given.values()})
    found = dict(zip(names, items.find_items(names), strict=True))
    sensitive = items.sensitive_among(found.values())
    restrictions.refresh()
    events: dict[int, NewEvent] = {}
    for at, one in given.items():
        item_id = found[one.item]
        if not item_id:
            verdicts.refuse(at, "item")
        elif item_id in sensitive:
            verdicts.refuse(at, "sensitive")
        elif any(map(restrictions.is_restricted, (one.event.shopper, *one.once))):
            verdicts.refuse(at, "consent")
        else:
            events[at] = replace(one.event, item_id=item_id)
    return events


def _write(
    claim: Claim,
    events: Mapping[int, NewEvent],
    restocks: Mapping[int, Restock],
    verdicts: Verdicts,
) -> None:
    """One transaction; the verdicts follow once it is committed."""
    with writing.contained(one_statement=False):
        signatures.use(claim)
        told = dict(zip(events, intake.store_events(list(events.values())), strict=True))
        refused = _restocked(restocks)
    for at, is_new in told.items():
        (verdicts.accept if is_new else verdicts.repeat)(at)
    for at in restocks:
        if at in refused:
            verdicts.refuse(at, refused[at])
        else:
            verdicts.accept(at)


def _restocked(restocks: Mapping[int, Restock]) -> dict[int, str]:
    """Have stock read again or kept, and return why some of it was not, by place."""
    if not restocks:
        return {}
    # Of two about one item the later counts, whichever stands first.
    latest = {one.item: one for one in sorted(restocks.values(), key=lambda one: one.at)}
    try:
        with transaction.atomic(using=router.db_for_write(Event)):
            restocking.read_again({name: one.stock for name, one in latest.items()})
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - a map of the shop's may raise anything
        advice = str(error) if isinstance(error, PersonaError) else _UNREAD
        counters.failed("stock_unread", advice, error=error)
        return dict.fromkeys(restocks, "stock")
    names = list(latest)
    known = dict(zip(names, items.find_items(names), strict=True))
    return {at: "item" for at, one in restocks.items() if not known[one.item]}


_UNREAD = (
    "Stock that another server told of could not be read again from the shop. Reconcile finds it; "
    "at once: python manage.py persona_sync"
)
