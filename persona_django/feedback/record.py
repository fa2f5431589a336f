"""The door for what clients report: each event, click and slate once, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import router

from persona_django import counters
from persona_django.exceptions import BadToken, Refusal
from persona_django.feedback import served
from persona_django.feedback.served import SlateNews
from persona_django.feedback.tokens import SlotProof, read_token
from persona_django.identity import visitors
from persona_django.identity.visitors import Recognised
from persona_django.tracking import intake, items, sensitive, writing
from persona_django.tracking.batches import Batch
from persona_django.tracking.clients import local_time
from persona_django.tracking.context import Context, Device, Sender
from persona_django.tracking.ingest import NewEvent
from persona_django.tracking.inserting import again_on_deadlock, insert_is_one_statement
from persona_django.tracking.intake import NewIntent
from persona_django.tracking.models import Event
from persona_django.tracking.report_values import Happening, Report, Shown, Wish
from persona_django.tracking.reports import read_report
from persona_django.tracking.schema import Kind
from persona_django.tracking.verdicts import Verdicts

SECONDS_OF_A_MINUTE = 60
"""Within one the circumstances of a message's events are the same."""


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Who reports, and with what."""

    seen: Recognised
    """The visitor, and what is to be written about them with the first event."""
    customer: int | None = None
    """Whoever is signed in: the slates made for them alone were signed so."""
    device: Device = Device.UNKNOWN
    place: Callable[[], int] | None = None
    """Tells the place of a new visitor among those of their network."""


@dataclass
class _Work:
    """What one message comes to, before it is written; places are those of its events."""

    shopper: int
    store: int
    events: dict[int, NewEvent] = field(default_factory=dict)
    intents: dict[int, NewIntent] = field(default_factory=dict)
    shown: dict[int, SlateNews] = field(default_factory=dict)
    marks: list[SlateNews] = field(default_factory=list)
    """What clicks and dismissals tell of the slates they were in."""


def record(who: Reporter, batch: Batch) -> Verdicts:
    """Store what a message reports, and say what became of each event.

    What is called accepted is committed when this returns. Raises what the database raises, and
    then nothing of it is stored.
    """
    assert who.seen.visitor is not None
    verdicts = Verdicts(len(batch))
    reports = _read(batch, verdicts)
    work = _worked_out(who, batch, reports, verdicts)
    if work.events or work.intents or work.shown:
        alias = router.db_for_write(Event)
        told = again_on_deadlock(lambda: _write(who, work), alias=alias)
        # Only now is it committed.
        for at in (*work.events, *work.intents, *work.shown):
            if told is None:
                # They took their consent back while this was on its way.
                verdicts.refuse(at, "consent")
            elif told[at]:
                verdicts.accept(at)
            else:
                verdicts.repeat(at)
    verdicts.count()
    return verdicts


def _read(batch: Batch, verdicts: Verdicts) -> dict[int, Report]:
    reports: dict[int, Report] = {}
    for at, given in enumerate(batch.events):
        try:
            if at in batch.odd:
                raise Refusal("text")
            reports[at] = read_report(given, batch.clock)
        except Refusal as refusal:
            verdicts.refuse(at, refusal.reason, refusal.tell)
    return reports


def _worked_out(
    who: Reporter, batch: Batch, reports: dict[int, Report], verdicts: Verdicts
) -> _Work:
    """Find the item of each report, by its name or by the token of the slot it stood in."""
    work = _Work(shopper=who.seen.visitor or 0, store=who.seen.store)
    proofs, of = _found(who, reports, verdicts)
    about = {*of.values(), *(proof.item_id for shown in proofs.values() for proof in shown)}
    hidden = items.sensitive_among(about, work.store)
    contexts: dict[tuple[int, bool], int] = {}
    for at, one in reports.items():
        moment = (one.at // SECONDS_OF_A_MINUTE, one.clamped)
        if moment not in contexts:
            contexts[moment] = _context(who, batch, one)
        context = contexts[moment]
        try:
            if isinstance(one, Wish):
                if any(sensitive.are_named(said, work.store) for said in (one.name, one.words)):
                    raise Refusal("sensitive")
                work.intents[at] = _intent(work, one, context)
            elif isinstance(one, Shown) and at in proofs:
                work.shown[at] = _shown(one, proofs[at], hidden, context)
            elif isinstance(one, Happening) and at in of:
                if of[at] in hidden:
                    raise Refusal("sensitive")
                work.events[at] = _event(work, one, of[at], context)
                work.marks += _marks(one, proofs.get(at, ()), context)
        except Refusal as refusal:
            verdicts.refuse(at, refusal.reason)
    _name_once(work, verdicts)
    return work


def _name_once(work: _Work, verdicts: Verdicts) -> None:
    """An id that one message gives to an event and to a search is the first one's."""
    first: dict[int, dict[int, Any]] = {}
    for at in sorted((*work.events, *work.intents)):
        named: dict[int, Any] = work.events if at in work.events else work.intents
        if first.setdefault(named[at].uid, named) is not named:
            del named[at]
            verdicts.repeat(at)
            counters.count("event_mismatch")


def _found(
    who: Reporter, reports: dict[int, Report], verdicts: Verdicts
) -> tuple[dict[int, list[SlotProof]], dict[int, int]]:
    """What the tokens of each report prove, and the item that each is about."""
    named = [
        (at, one.item)
        for at, one in reports.items()
        if isinstance(one, Happening) and one.item is not None
    ]
    known = items.find_items([name for _, name in named], who.seen.store)
    of = {at: item_id for (at, _), item_id in zip(named, known, strict=True) if item_id}
    for at, _ in named:
        if at not in of:
            verdicts.refuse(at, "item")
    proofs: dict[int, list[SlotProof]] = {}
    for at, one in reports.items():
        tokens = one.tokens if isinstance(one, Shown) else _token(one)
        try:
            if tokens:
                proofs[at] = [
                    read_token(token, who.customer, store=who.seen.store) for token in tokens
                ]
        except BadToken:
            verdicts.refuse(at, "token")
            continue
        if tokens and isinstance(one, Happening):
            of[at] = proofs[at][0].item_id
    return proofs, of


def _token(one: Report) -> tuple[str, ...]:
    return (one.token,) if isinstance(one, Happening) and one.token else ()


def _context(who: Reporter, batch: Batch, one: Report) -> int:
    hour, weekday = local_time(one.at, batch.minutes_east)
    return Context(
        sender=Sender.SCRIPT,
        device=who.device,
        entry=batch.entry,
        hour=hour,
        weekday=weekday,
        clamped=one.clamped,
    ).packed()


def _event(work: _Work, one: Happening, item_id: int, context: int) -> NewEvent:
    return NewEvent(
        store=work.store,
        shopper=work.shopper,
        uid=one.uid,
        kind=one.kind,
        item_id=item_id,
        at=one.at,
        quantity=one.quantity,
        value=one.value,
        context=context,
    )


def _intent(work: _Work, one: Wish, context: int) -> NewIntent:
    return NewIntent(
        store=work.store,
        shopper=work.shopper,
        uid=one.uid,
        kind=one.kind,
        at=one.at,
        name=one.name,
        words=one.words,
        low=one.low,
        high=one.high,
        results=one.results,
        context=context,
    )


def _shown(
    one: Shown, proofs: Sequence[SlotProof], hidden: Collection[int], context: int
) -> SlateNews:
    found = served.proven(proofs)
    if found is None:
        raise Refusal("token")
    found = {position: item for position, item in found.items() if item not in hidden}
    if not found:
        raise Refusal("sensitive")
    return SlateNews(
        uid=one.uid,
        at=one.at,
        context=context,
        block=proofs[0].block,
        version=proofs[0].version,
        items=found,
        seen=served.bits(one.seen),
    )


def _marks(one: Happening, proofs: Sequence[SlotProof], context: int) -> list[SlateNews]:
    """What was chosen or not wanted was seen as well, whichever is reported first."""
    found = served.proven(proofs) if proofs and one.slate else None
    if found is None:
        return []
    there = served.bits(list(found))
    return [
        SlateNews(
            uid=one.slate,
            at=one.at,
            context=context,
            block=proofs[0].block,
            version=proofs[0].version,
            items=found,
            seen=there,
            clicked=there if one.kind == Kind.CLICK else 0,
            dismissed=there if one.kind == Kind.DISMISS else 0,
        )
    ]


def _write(who: Reporter, work: _Work) -> dict[int, bool] | None:
    """Store all of it in one transaction, and say of each event whether it was new; None when
    nothing of this visitor may be kept any more."""
    told: dict[int, bool] = {}
    seen = who.seen
    news = [*work.shown.values(), *work.marks]
    is_unwritten = visitors.is_unwritten(seen)
    rank = visitors.rank_of(seen, who.place) if is_unwritten else 0
    is_plain = not (news or is_unwritten) and not (work.events and work.intents)
    with writing.contained(one_statement=is_plain and insert_is_one_statement()):
        if is_unwritten and not visitors.write(seen, rank=rank):
            return None
        told.update(zip(work.events, intake.store_events(list(work.events.values())), strict=True))
        stored = intake.store_intents(list(work.intents.values()))
        told.update(zip(work.intents, stored, strict=True))
        if news:
            # Those of marks have no verdict of their own, so they are left off.
            merged = served.merge(work.shopper, work.store, news)
            told.update(zip(work.shown, merged, strict=False))
    return told
