"""Keeps the derived events true: looks again at everybody of whom something new can be said.

That is whoever something came in of, and whoever time has passed for: a visit that ended, a cart
that was left for long enough, an order that the shop has taken. Each of them is worked out anew
from their whole log, and the table is made to hold exactly that. So a late event, a repeated run
and a run from scratch come to the same rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from django.db import router
from django.utils import timezone
from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts.store import READ_ONCE
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.deriving import marks as kept_marks
from persona_django.deriving.log import read_log
from persona_django.deriving.marks import Marks, came_in, reported, shoppers_of
from persona_django.deriving.people import linked, people_of, persons_of
from persona_django.deriving.purchases import Purchases, read_purchases
from persona_django.deriving.signals import KINDS, Span, derived
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.tracking import searches
from persona_django.tracking.derived import Changed, replace
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.tracking.visits import gap_seconds

IntArray = NDArray[np.int64]
Beat = Callable[[], None]

PERSONS_AT_A_TIME = 200
LATE_SECONDS = 86_400
"""A slate's row hears of what was seen and chosen for about this long after it was served."""
ORDERS_BACK_SECONDS = 2 * 86_400
"""Orders that were placed so long before the last look may have been paid for since."""


@dataclass
class Pass:
    """One look at everybody who is to be looked at, as far as it has come."""

    store: int
    span: Span
    marks: Marks
    """From where the next look goes on, once this one is complete."""
    persons: IntArray
    """Those who are still to be looked at."""
    snapshot: Snapshot
    changed: Changed = field(default_factory=Changed)
    _purchases: Purchases | None = None

    def advance(self, *, seconds: float, beat: Beat) -> bool:
        """Look at some of them, for about so long; True when all were looked at."""
        until = time.monotonic() + seconds
        while len(self.persons):
            some, self.persons = np.split(self.persons, [PERSONS_AT_A_TIME])
            self.changed += self._look(some)
            beat()
            if time.monotonic() >= until:
                break
        return not len(self.persons)

    def _look(self, persons: IntArray) -> Changed:
        people = people_of(persons)
        if not len(people.shopper):
            return Changed()
        if self._purchases is None:
            self._purchases = read_purchases(self.store, since=self.span.settled)
        log = read_log(people, self.snapshot, since=self.span.oldest, store=self.store)
        return replace(
            derived(log, self._purchases, self.span),
            shoppers=people.shopper.tolist(),
            kinds=KINDS,
            since=self.span.settled,
            store=self.store,
        )


def derive(store: int = 1, *, beat: Beat, from_scratch: bool = False) -> Changed | None:
    """Look at everybody there is something new of, or at everybody; None before there is a
    catalogue to tell families by."""
    current = begin(store, from_scratch=from_scratch)
    if current is None:
        return None
    current.advance(seconds=float("inf"), beat=beat)
    finish(current)
    return current.changed


def derive_some(store: int = 1, *, seconds: float, beat: Beat) -> bool:
    """Go on with the look that was begun, or begin one; True when nothing is left of it."""
    current = _recalled(store) or begin(store)
    if current is None or current.advance(seconds=seconds, beat=beat):
        if current is not None:
            finish(current)
        return True
    _keep(current)
    return False


def begin(store: int = 1, *, from_scratch: bool = False) -> Pass | None:
    """Find out who is to be looked at. Words of searches whose visit is over go first: they must
    not wait for anything."""
    marks = kept_marks.unpacked(kept_marks.recall(_name(store)).get("marks"))
    now = int(time.time())
    searches.count_over(store, now=now, since=0 if from_scratch else marks.until - LATE_SECONDS)
    snapshot = current_snapshot(store)
    if snapshot is None:
        return None
    is_first = from_scratch or not marks.until
    found = _everybody(store) if is_first else _whoever_is_new(marks, now, store)
    shoppers = [np.empty(0, dtype=np.int64), *found]
    return Pass(
        store=store,
        span=Span.at(now),
        marks=marks.moved(now),
        persons=persons_of(np.concatenate(shoppers)),
        snapshot=snapshot,
    )


def finish(current: Pass) -> None:
    """Let the next look go on where this one began."""
    kept_marks.keep(_name(current.store), {"marks": kept_marks.packed(current.marks)})
    kept_marks.discard(_work(current.store))


def _everybody(store: int) -> Iterator[IntArray]:
    # Also those of whom nothing is left but what was worked out.
    yield shoppers_of(Event.objects.using(router.db_for_read(Event)).filter(store=store))
    yield shoppers_of(reported(ServedSlate, store))


def _whoever_is_new(marks: Marks, now: int, store: int) -> Iterator[IntArray]:
    gap = gap_seconds()
    for model, rows in came_in(marks, store):
        # What belongs to a visit that still goes on is found when it is over.
        yield shoppers_of(rows.filter(at__lte=now - gap))
        yield shoppers_of(reported(model, store).filter(**_passed(marks, now, gap)))
    slates = reported(ServedSlate, store)
    yield shoppers_of(slates.filter(**_passed(marks, now, LATE_SECONDS + gap)))
    added = reported(Event, store).filter(kind=Kind.CART_ADD)
    after = int(conf.current().abandoned_after.total_seconds())
    yield shoppers_of(added.filter(**_passed(marks, now, after)))
    lines = read_purchases(store, since=marks.until - ORDERS_BACK_SECONDS)
    yield linked(np.unique(lines.person))
    yield _linked_lately(now - marks.until, store)


def _passed(marks: Marks, now: int, seconds: int) -> dict[str, int]:
    """What became that old since the last look."""
    return {"at__gt": marks.until - seconds, "at__lte": now - seconds}


def _linked_lately(seconds: int, store: int) -> IntArray:
    """Visitors who signed in: what was two people's is one person's now."""
    since = timezone.now() - timedelta(seconds=seconds + kept_marks.OVERLAP_SECONDS)
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(
        store=store, account__isnull=False, created_at__gte=since
    )
    return np.fromiter(rows.values_list("key", flat=True), dtype=np.int64)


def _recalled(store: int) -> Pass | None:
    kept = kept_marks.recall(_work(store))
    snapshot = current_snapshot(store)
    if not kept or snapshot is None:
        return None
    return Pass(
        store=store,
        span=Span.at(int(kept["now"][0])),
        marks=kept_marks.unpacked(kept["marks"]),
        persons=np.array(kept["persons"]),
        snapshot=snapshot,
    )


def _keep(current: Pass) -> None:
    kept_marks.keep(
        _work(current.store),
        {
            "persons": current.persons,
            "marks": kept_marks.packed(current.marks),
            "now": np.array([current.span.now], dtype=np.int64),
        },
    )


def _name(store: int) -> str:
    return f"{READ_ONCE}derived/{store}"


def _work(store: int) -> str:
    return f"{READ_ONCE}derive/{store}"
