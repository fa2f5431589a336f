"""Rows of every sort about one person, as the rooms write them."""

from __future__ import annotations

import time

import numpy as np

from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.numeric.week_counts import (
    WEEK_SECONDS,
    counted,
    merged,
    no_counts,
    week_of,
)
from persona_django.tracking import search_marks, weeks
from persona_django.tracking.context import Context, Device, Entry, Sender
from persona_django.tracking.models import Event, Intent, SearchTerm
from persona_django.tracking.schema import Kind

TERM = 90_210
WEEK_BEGINS = 2_900 * WEEK_SECONDS


def hold_everything(
    visitor: int, *, account: int | None = None, item: int = 0, events: int = 3
) -> None:
    """One row at least in each table that can hold something about this visitor."""
    now = int(time.time())
    context = Context(
        sender=Sender.PAGE, device=Device.PHONE, entry=Entry.SEARCH, hour=20, weekday=6
    ).packed()
    Visitor.objects.create(
        key=visitor, account=account, purposes="measure,personalise", agreed_at=now,
        consent_version="2026-01",
    )  # fmt: skip
    Event.objects.bulk_create(
        Event(shopper=visitor, uid=n, kind=Kind.VIEW, item_id=item, at=now - n, context=context)
        for n in range(events)
    )
    Intent.objects.create(
        shopper=visitor, uid=1, kind=Intent.Kind.SEARCH, at=now, words="green tea", results=3
    )
    ServedSlate.objects.create(
        shopper=visitor, uid=1, block="similar-items", at=now, seen=0b101, clicked=0b100,
        items=item.to_bytes(8, "little") * 3,
    )  # fmt: skip
    done = counted(*(np.array([n]) for n in (visitor, item or 7, Kind.VIEW, 1, WEEK_BEGINS, 0)))
    week = week_of(WEEK_BEGINS)
    there = weeks.as_written(1, week) or no_counts()
    generation = weeks.newest(1, week) + 1
    weeks.write(1, week, merged(there, done), generation=generation, beat=lambda: None)
    term, _ = SearchTerm.objects.get_or_create(term=TERM)
    term.marks = bytes(term.marks) + search_marks.marks_of([visitor], TERM).tobytes()
    term.visitors += 1
    term.save()


def rows_of(*keys: int) -> int:
    """Rows that are still there under any of these numbers, in all tables that can hold some."""
    tables = ((Event, "shopper"), (Intent, "shopper"), (ServedSlate, "shopper"), (Visitor, "key"))
    return sum(model.objects.filter(**{f"{by}__in": keys}).count() for model, by in tables)


def counts_of(*keys: int) -> int:
    """How much is counted of any of these numbers."""
    return sum(len(counts) for _, counts in weeks.of_shoppers(keys))
