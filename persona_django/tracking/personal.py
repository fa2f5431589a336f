"""What this room holds about people, for export and erasure: events, searches, their marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import router
from django.db.models import QuerySet

from persona_django.catalogue.models import Item
from persona_django.identity.holdings import CHUNK_ROWS, Holding, moment, of_table, register
from persona_django.identity.models import Restriction
from persona_django.identity.subjects import Subject
from persona_django.numeric.week_counts import spread
from persona_django.tracking import search_marks, weeks
from persona_django.tracking.context import UNKNOWN_DAY, UNKNOWN_HOUR, Context
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Basis, name_of_kind

ITEMS_AT_A_TIME = 5_000
"""No statement of SQLite's takes many more values."""

CIRCUMSTANCES = {
    "by": "Whose word it is: script, page, shop, server or task (worked out from the rest).",
    "device": "What kind of screen it was.",
    "entry": "How the page was come to.",
    "hour": "Your local hour, where it was known.",
    "weekday": "Your local weekday, Monday 0 to Sunday 6, where it was known.",
}


def circumstances(packed: int) -> dict[str, Any]:
    """The circumstances of an event, in words; nothing of one of which none were kept."""
    if not packed:
        return dict.fromkeys(CIRCUMSTANCES)
    context = Context.unpacked(packed)
    return {
        "by": context.sender.name.lower(),
        "device": context.device.name.lower(),
        "entry": context.entry.name.lower(),
        "hour": None if context.hour == UNKNOWN_HOUR else context.hour,
        "weekday": None if context.weekday == UNKNOWN_DAY else context.weekday,
    }


def _events(rows: QuerySet[Event]) -> Iterator[dict[str, Any]]:
    for part in in_parts(rows):
        items = named({event.item_id for event in part})
        for event in part:
            yield {
                "at": moment(event.at),
                "what": name_of_kind(event.kind),
                "item": items.get(event.item_id),
                "quantity": event.quantity,
                "price": event.price,
                "value": event.value,
                "basis": Basis(event.basis).name.lower(),
                **circumstances(event.context),
            }


def _intents(rows: QuerySet[Intent]) -> Iterator[dict[str, Any]]:
    for part in in_parts(rows):
        for intent in part:
            yield {
                "at": moment(intent.at),
                "what": Intent.Kind(intent.kind).name.lower(),
                "by_what": intent.name,
                "words": intent.words,
                "low": intent.low,
                "high": intent.high,
                "results": intent.results,
                **circumstances(intent.context),
            }


def in_parts(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Rows in order of their primary key, so many at a time."""
    last = 0
    while part := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK_ROWS]):
        yield part
        last = part[-1].pk


def named(item_ids: Iterable[int]) -> dict[int, str]:
    """Items by what the shop calls them: their title, model and key."""
    wanted = sorted(set(item_ids) - {0})
    rows = Item.objects.using(router.db_for_read(Item))
    return {
        pk: f"{title} ({model}:{key})"
        for start in range(0, len(wanted), ITEMS_AT_A_TIME)
        for pk, title, model, key in rows.filter(
            pk__in=wanted[start : start + ITEMS_AT_A_TIME]
        ).values_list("pk", "title", "model", "key")
    }


EVENTS = register(
    of_table(
        Event,
        name="events",
        about="What you did in the shop, as far as it was recorded.",
        by="shopper",
        fields={
            "at": "When it happened.",
            "what": "What happened, such as view, click, cart_add or purchase.",
            "item": "The product it happened to.",
            "quantity": "Pieces.",
            "price": "What was paid for each, in cents or the like; only for imported purchases.",
            "value": "Seconds, or a share or confidence in thousandths, by kind.",
            "basis": "Why it may be kept: you agreed (consent), you are a customer (customer), or "
            "only for figures about many people (aggregate).",
            **CIRCUMSTANCES,
        },
        tell=_events,
        is_of_shop=False,
    )
)

INTENTS = register(
    of_table(
        Intent,
        name="searches",
        about="What you searched for, filtered by and sorted by.",
        by="shopper",
        fields={
            "at": "When it happened.",
            "what": "Whether it was a search, a filter or an order of sorting.",
            "by_what": "What was filtered by.",
            "words": "What you chose, or typed; of a search empty once your visit was over.",
            "low": "Lower end of a price range, in cents or the like.",
            "high": "Upper end of a price range.",
            "results": "How many results there were.",
            **CIRCUMSTANCES,
        },
        tell=_intents,
        is_of_shop=False,
    )
)


def _weeks(subject: Subject) -> Iterator[dict[str, Any]]:
    # Of who was erased a moment ago the next sweep takes it out.
    erased = Restriction.objects.using(router.db_for_write(Restriction)).filter(
        key__in=sorted(subject.keys), kind=Restriction.Kind.ERASED
    )
    keys = subject.keys - set(erased.values_list("key", flat=True))
    for week, counts in weeks.of_shoppers(keys):
        further, at = spread(counts, week)
        items = named(counts.item.tolist())
        places = [*range(len(counts)), *further.tolist()]
        for place, noon in sorted(zip(places, at.tolist(), strict=True)):
            yield {
                "day": (moment(noon) or "")[:10],
                "what": name_of_kind(int(counts.kind[place])),
                "item": items.get(int(counts.item[place])),
                "value": int(counts.value[place]),
                "basis": Basis(int(counts.basis[place])).name.lower(),
            }


WEEKS = register(
    Holding(
        name="evidence of weeks",
        about="On which days you took an interest in what: what is left of single events, for "
        "learning which products go together.",
        fields={
            "day": "The day, in UTC.",
            "what": "What happened, such as view, click or cart_add.",
            "item": "The product it happened to.",
            "value": "Seconds, or a share in thousandths, by kind; that of the days of a week on "
            "average.",
            "basis": "Why it may be kept: you agreed (consent), you are a customer (customer), or "
            "only for figures about many people (aggregate).",
        },
        tell=_weeks,
        erase=lambda subject, most: weeks.take_out(subject.keys),
        is_of_shop=False,
        goes_through_all=True,
    )
)


def _no_rows(subject: Subject) -> Iterator[dict[str, Any]]:
    # A mark says neither who nor what: from it nobody can tell what a person searched for.
    return iter(())


MARKS = register(
    Holding(
        name="search counts",
        about="That you are one of those who searched for the same words, or found the same "
        "after a search, without the words, while they are too few to be counted. From your side "
        "nothing can be read out of it.",
        fields={},
        tell=_no_rows,
        erase=lambda subject, most: search_marks.take_out(subject.keys),
        is_of_shop=False,
        goes_through_all=True,
    )
)
