"""Finds what was bought once and never again, as gifts are: once a day, over all purchases."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.columns.read import read_queryset
from persona_django.deriving import work
from persona_django.deriving.marks import shoppers_of
from persona_django.deriving.people import People, home_of, linked, people_of, persons_of
from persona_django.deriving.purchases import read_purchases
from persona_django.deriving.signals import INTEREST, Columns
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.one_offs import bought_once, gift_like
from persona_django.numeric.sorting import distinct
from persona_django.tracking.codes import mixed
from persona_django.tracking.context import Context, Sender
from persona_django.tracking.derived import COMPARED, Changed, replace
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind

IntArray = NDArray[np.int64]
Beat = Callable[[], None]

PERSONS_AT_A_TIME = 200
OCCASION_SECONDS = DAY_SECONDS
"""Whoever buys a present has looked for it: the day around the purchase says nothing."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Purchases of people we may look at, as aligned columns in order of the person."""

    person: IntArray
    item: IntArray
    category: IntArray
    order: IntArray
    at: IntArray
    basis: IntArray

    def take(self, rows: IntArray | NDArray[np.bool_] | slice) -> Lines:
        """The given rows."""
        return Lines(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass
class Search:
    """One look at all that was bought once, as far as it has come."""

    store: int
    now: int
    persons: IntArray
    """Those who are still to be looked at, ascending."""
    lines: Lines
    """What they and others bought once in its category, long enough ago."""
    snapshot: Snapshot
    changed: Changed = field(default_factory=Changed)
    is_kept: bool = False
    """Nothing but who is left has changed since it was kept."""

    def advance(self, *, seconds: float, beat: Beat) -> bool:
        """Look at some people's, for about so long; True when all were looked at."""
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
        start = np.searchsorted(self.lines.person, persons[0])
        stop = np.searchsorted(self.lines.person, persons[-1], side="right")
        lines = self.lines.take(slice(start, stop))
        lines = lines.take(np.isin(lines.person, people.person))
        return replace(
            self._derived(people, lines),
            shoppers=people.shopper.tolist(),
            kinds=(Kind.ONE_OFF,),
            since=0,
            store=self.store,
        )

    def _derived(self, people: People, lines: Lines) -> Columns:
        settings = conf.current()
        span = int(settings.one_off_after.total_seconds())
        # What was looked at around an older purchase may have been deleted: the verdict of then
        # stands, unless the category was bought from again.
        oldest = self.now - int(settings.events_kept.total_seconds()) + span
        is_new = lines.at >= oldest
        new = self._judged(people, lines.take(is_new), span)
        standing = _verdicts(people, _names(lines.take(~is_new)), self.store)
        return {
            name: np.append(new[name], np.array([row[at] for row in standing], dtype=np.int64))
            for at, name in enumerate(COMPARED)
        }

    def _judged(self, people: People, lines: Lines, span: int) -> Columns:
        rows = Event.objects.using(router.db_for_read(Event)).filter(
            store=self.store,
            shopper__in=people.shopper.tolist(),
            at__gte=int(lines.at.min(initial=self.now)) - span,
            kind__in=set(INTEREST) - {Kind.PURCHASE},
        )
        rows = rows.exclude(basis=Basis.AGGREGATE).order_by("shopper", "uid")
        who, item, at = read_queryset(rows.values_list("shopper", "item_id", "at"), "iii")
        sure = gift_like(
            (lines.person, lines.category, lines.at),
            (people.of(who), categories(item, self.snapshot), at),
            span_seconds=span,
            occasion_seconds=min(OCCASION_SECONDS, span),
        )
        homes = home_of(people)
        found = lines.take(sure > 0)
        home = np.array([homes[person] for person in found.person.tolist()], dtype=np.int64)
        n = len(home)
        return {
            "shopper": home,
            "uid": _names(found),
            "kind": np.full(n, Kind.ONE_OFF),
            "item_id": found.item,
            "at": found.at,
            "basis": np.where(home != found.person, Basis.CONSENT, found.basis),
            "value": np.rint(1_000 * sure[sure > 0]).astype(np.int64),
            "context": np.full(n, Context(sender=Sender.TASK).packed()),
        }


def _names(lines: Lines) -> IntArray:
    """The name of each line's event: of one item in one order."""
    return mixed(mixed(lines.order, seed=Kind.ONE_OFF) ^ lines.item, seed=Kind.ONE_OFF)


def _verdicts(people: People, names: IntArray, store: int) -> list[tuple[int, ...]]:
    """What stands already of these people under these names."""
    if not len(names):
        return []
    rows = Event.objects.using(router.db_for_write(Event)).filter(
        store=store, shopper__in=people.shopper.tolist(), kind=Kind.ONE_OFF
    )
    wanted = set(names.tolist())
    return [row for row in rows.values_list(*COMPARED) if row[COMPARED.index("uid")] in wanted]


def categories(items: IntArray, snapshot: Snapshot) -> IntArray:
    """The category of each item, -1 for none, for what is unknown and for what is sensitive."""
    rows = snapshot.rows_of(items)
    if not len(snapshot):
        return np.full(len(items), -1, dtype=np.int64)
    known = (rows >= 0) & ~snapshot.sensitive[rows]
    return np.where(known, snapshot.category[rows], -1).astype(np.int64)


def find_gifts(store: int = 1, *, beat: Beat) -> Changed | None:
    """Look at all of them; None before there is a catalogue to tell categories by."""
    current = begin(store)
    if current is None:
        return None
    current.advance(seconds=float("inf"), beat=beat)
    work.discard(_work(store))
    return current.changed


def find_some(store: int = 1, *, seconds: float, beat: Beat) -> bool:
    """Go on with the look that was begun, or begin one; True when nothing is left of it."""
    current = _recalled(store) or begin(store)
    if current is None or current.advance(seconds=seconds, beat=beat):
        work.discard(_work(store))
        return True
    columns = {f"of_{f.name}": getattr(current.lines, f.name) for f in fields(Lines)}
    arrays = None if current.is_kept else {**columns, "persons": current.persons}
    work.keep(_work(store), arrays, begun=current.now, left=len(current.persons))
    return False


def begin(store: int = 1) -> Search | None:
    """Read everything that was bought by people we may look at."""
    snapshot = current_snapshot(store)
    if snapshot is None:
        return None
    events = read_events(store, [Kind.PURCHASE])
    events = events.take(events.basis != Basis.AGGREGATE)
    orders = read_purchases(store)
    # The shop's other customers agreed to nothing.
    own = orders.of(linked(distinct(orders.person)))
    day = events.at // DAY_SECONDS
    item = np.append(events.item, own.item)
    lines = Lines(
        person=np.append(events.shopper, own.person),
        item=item,
        category=categories(item, snapshot),
        # Without a named order it is what somebody bought in one day.
        order=np.append(np.where(events.order > 0, events.order, -1 - day), own.order),
        at=np.append(events.at, own.at),
        basis=np.append(events.basis, np.full(len(own.at), Basis.CONSENT)).astype(np.int64),
    )
    lines = lines.take(lines.category >= 0)
    now, span = int(time.time()), int(conf.current().one_off_after.total_seconds())
    once = bought_once(lines.person, lines.category, lines.order)
    lines = lines.take(once & (lines.at + span <= now))
    lines = lines.take(np.lexsort((lines.item, lines.order, lines.at, lines.person)))
    # Also who took everything back since, of whom only the verdict is left.
    found = Event.objects.using(router.db_for_read(Event)).filter(store=store, kind=Kind.ONE_OFF)
    return Search(
        store=store,
        now=now,
        persons=np.union1d(lines.person, persons_of(shoppers_of(found))),
        lines=lines,
        snapshot=snapshot,
    )


def _recalled(store: int) -> Search | None:
    snapshot = current_snapshot(store)
    if snapshot is None:
        return None

    def made(kept: dict[str, IntArray]) -> Search:
        return Search(
            store=store,
            now=int(kept["begun"][0]),
            persons=kept["persons"],
            lines=Lines(**{f.name: kept[f"of_{f.name}"] for f in fields(Lines)}),
            snapshot=snapshot,
            is_kept=True,
        )

    return work.resumed(_work(store), made)


def _work(store: int) -> str:
    return work.name_of("gifts", store)
