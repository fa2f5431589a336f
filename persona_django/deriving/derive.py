"""Keeps the derived events true: looks again at everybody of whom something new can be said.

That is whoever something came in of, and whoever time has passed for: a visit that ended, a cart
that was left for long enough, an order that the shop has taken. Each of them is worked out anew
from their whole log, and the table is made to hold exactly that. So a late event, a repeated run
and a run from scratch come to the same rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta

import numpy as np
from django.db import router
from django.db.models import Min
from django.utils import timezone
from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts import notes
from persona_django.artefacts.store import READ_ONCE
from persona_django.catalogue import state
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.deriving import marks as kept_marks
from persona_django.deriving import work
from persona_django.deriving.log import Log, read_log
from persona_django.deriving.marks import Marks, came_in, reported, shoppers_of
from persona_django.deriving.people import linked, people_of, persons_of
from persona_django.deriving.purchases import NO_PURCHASES, Purchases, read_purchases
from persona_django.deriving.signals import KINDS, Span, derived
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.sorting import distinct
from persona_django.tracking import order_changes, searches
from persona_django.tracking.derived import Changed, replace
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.tracking.visits import gap_seconds

IntArray = NDArray[np.int64]
Beat = Callable[[], None]

PERSONS_AT_A_TIME = 200
LATE_SECONDS = DAY_SECONDS
"""A slate's row hears of what was seen and chosen for about this long after it was served."""
ORDERS_BACK_SECONDS = 2 * DAY_SECONDS
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
    carts_since: int
    """Carts that were filled before are not looked at with all that was ordered then."""
    orders: int = 0
    """Revision of the shop's orders that is known once this look is complete."""
    purchases: Purchases | None = None
    """What they ordered since; None until one of their carts asks for it."""
    changed: Changed = field(default_factory=Changed)
    is_kept: bool = False
    """Nothing but who is left has changed since it was kept."""

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
        log = read_log(people, self.snapshot, since=self.span.oldest, store=self.store)
        if self.purchases is None and self._is_a_cart_due(log):
            everybody = np.union1d(people.person, self.persons)
            self.purchases = read_purchases(self.store, since=self.carts_since).of(everybody)
            self.is_kept = False
        return replace(
            derived(log, self.purchases or NO_PURCHASES, self.span),
            shoppers=people.shopper.tolist(),
            kinds=KINDS,
            since=self.span.settled,
            store=self.store,
            none_new_before={Kind.CART_ABANDONED: self.carts_since},
        )

    def _is_a_cart_due(self, log: Log) -> bool:
        added = log.events.at[log.events.kind == Kind.CART_ADD]
        return bool(np.any((added >= self.carts_since) & (added <= self.span.now - _alone())))


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
    known = notes.recall(_name(store))
    marks, now = kept_marks.unpacked(known.get("marks")), int(time.time())
    searches.count_over(store, now=now, since=0 if from_scratch else marks.until - LATE_SECONDS)
    snapshot = current_snapshot(store)
    if snapshot is None:
        return None
    span, nobody = Span.at(now), np.empty(0, dtype=np.int64)
    # Before the orders themselves: what is placed meanwhile is for the next look.
    orders = state.read_state(store, fresh=True).get(order_changes.REVISION, 0)
    if from_scratch or not marks.until:
        found, carts_since, purchases = _everybody(store), span.settled, None
    else:
        found = _whoever_is_new(marks, now, store)
        carts_since = max(_carts_since(marks, store), span.settled)
        is_known = known.get("orders", nobody).tolist() == [orders]
        purchases = None if is_known else read_purchases(store, since=carts_since)
    persons = persons_of(np.concatenate([nobody, *found, _ordered_lately(purchases, marks)]))
    return Pass(
        store=store,
        span=span,
        marks=marks.moved(now),
        persons=persons,
        snapshot=snapshot,
        carts_since=carts_since,
        orders=orders,
        purchases=None if purchases is None else purchases.of(persons),
    )


def finish(current: Pass) -> None:
    """Let the next look go on where this one began."""
    notes.keep(
        _name(current.store),
        {
            "marks": kept_marks.packed(current.marks),
            "orders": np.array([current.orders], dtype=np.int64),
        },
    )
    work.discard(_work(current.store))


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
    yield shoppers_of(added.filter(**_passed(marks, now, _alone())))
    yield _linked_lately(now - marks.until, store)
    yield _withdrew_lately(marks, store)


def _ordered_lately(purchases: Purchases | None, marks: Marks) -> IntArray:
    """Who ordered something since shortly before the last look, where any order moved since."""
    if purchases is None:
        return np.empty(0, dtype=np.int64)
    lately = purchases.at >= marks.until - ORDERS_BACK_SECONDS
    return linked(distinct(purchases.person[lately]))


def _carts_since(marks: Marks, store: int) -> int:
    """No cart that was filled before can have been left alone since the last look: all that came
    in since was done later, and orders of so long ago were known then."""
    came = (rows.aggregate(first=Min("at"))["first"] for _, rows in came_in(marks, store))
    known = [at for at in came if at is not None]
    return min([marks.until - ORDERS_BACK_SECONDS, *known]) - _alone()


def _alone() -> int:
    """Seconds after which a cart counts as left alone."""
    return int(conf.current().abandoned_after.total_seconds())


def _passed(marks: Marks, now: int, seconds: int) -> dict[str, int]:
    """What became that old since the last look."""
    return {"at__gt": marks.until - seconds, "at__lte": now - seconds}


def _linked_lately(seconds: int, store: int) -> IntArray:
    """Visitors who signed in: what was two people's is one person's now."""
    since = timezone.now() - timedelta(seconds=seconds + kept_marks.OVERLAP_SECONDS)
    rows = Visitor.objects.using(router.db_for_write(Visitor)).exclude(purposes="")
    lately = rows.filter(store=store, account__isnull=False, created_at__gte=since)
    return np.fromiter(lately.values_list("key", flat=True), dtype=np.int64)


def _withdrew_lately(marks: Marks, store: int) -> IntArray:
    """Customers who took their consent back in one of their browsers: what was worked out of it
    may stand in another."""
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(store=store, purposes="")
    since = marks.until - kept_marks.OVERLAP_SECONDS
    lately = rows.filter(account__isnull=False, agreed_at__gte=since)
    return np.fromiter(lately.values_list("account", flat=True), dtype=np.int64)


def _recalled(store: int) -> Pass | None:
    snapshot = current_snapshot(store)
    if snapshot is None:
        return None

    def made(kept: dict[str, IntArray]) -> Pass:
        carts_since, orders = kept["numbers"].tolist()
        own = {f.name: f"of_{f.name}" for f in fields(Purchases)}
        has_some = any(name.startswith("of_") for name in kept)
        return Pass(
            store=store,
            span=Span.at(int(kept["begun"][0])),
            marks=kept_marks.unpacked(kept["marks"]),
            persons=kept["persons"],
            snapshot=snapshot,
            carts_since=carts_since,
            orders=orders,
            purchases=Purchases(**{n: kept[of] for n, of in own.items()}) if has_some else None,
            is_kept=True,
        )

    return work.resumed(_work(store), made)


def _keep(current: Pass) -> None:
    arrays = {
        "persons": current.persons,
        "marks": kept_marks.packed(current.marks),
        "numbers": np.array([current.carts_since, current.orders], dtype=np.int64),
    }
    if current.purchases is not None:
        rest = current.purchases.of(current.persons)
        arrays |= {f"of_{f.name}": getattr(rest, f.name) for f in fields(rest)}
    work.keep(
        _work(current.store),
        None if current.is_kept else arrays,
        begun=current.span.now,
        left=len(current.persons),
    )


def _name(store: int) -> str:
    return f"{READ_ONCE}derived/{store}"


def _work(store: int) -> str:
    return work.name_of("derive", store)
