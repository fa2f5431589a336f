"""Folds finished weeks of the log into counts, so that learning neither ends where single events
are deleted nor takes longer the more of them there are.

A week is counted once it is over, again when something late came in, and for the last time just
before its events begin to go. From then on it is only added to. Purchases stay in the log, which
keeps them for years; kinds that fade within two days are not worth a count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta

import numpy as np
from django.db import router
from django.db.models import Q
from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts import notes
from persona_django.artefacts.store import OF_ANOTHER_SHAPE, READ_ONCE
from persona_django.catalogue.paced import go_on
from persona_django.columns.read import read_queryset
from persona_django.identity.models import Visitor
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.sorting import distinct
from persona_django.numeric.week_counts import WEEK_SECONDS, counted, merged, week_of
from persona_django.tracking import weeks
from persona_django.tracking.events import BOUGHT, read_raw
from persona_django.tracking.models import Event, WeekEvidence
from persona_django.tracking.schema import AGAINST, FIRST_OF_SHOP, LAST_KIND, Kind

Beat = Callable[[], None]

LEAST_KEPT = timedelta(days=21)
"""Where events are kept for less there is no whole week of them to count."""
SETTLED_SECONDS = DAY_SECONDS
"""A week is counted so long after its end: phones report late."""
MARGIN_SECONDS = 2 * DAY_SECONDS
"""A week is taken for whole until so long before its first events may go."""
LATE_KEYS = 20_000
"""So many keys are looked at once more: a lower one may have been committed later."""
FADES_FAST = timedelta(days=2)
WORKS_WITHIN = timedelta(days=2)
"""Folding that was not done for so long holds up no deletion."""
ADDS_UP = (int(Kind.DWELL),)
"""Kinds whose values add up within a day; of all others the largest counts."""


@dataclass(frozen=True, kw_only=True)
class Folded:
    """How far folding has come in one store."""

    until: int = 0
    """Weeks that end up to this moment are counted: seconds since 1970, UTC."""
    target: int = 0
    """The same once no week is due any more."""
    seen: int = 0
    """Highest key of an event that was looked at."""
    again: int = 0
    """Events with higher keys are looked at by the next run."""
    bought: int = 0
    """Lowest key of a purchase or refund among those; 0: none is."""
    final: int = 0
    """The last week that was counted for the last time; those before are only added to."""
    looked_at: int = 0
    """When it was last looked what is due."""
    due: tuple[int, ...] = ()
    """Weeks that are still to be counted."""


def kinds() -> frozenset[int]:
    """Kinds that are counted, by number: all that show interest, but for purchases."""
    own = conf.current().event_kinds.values()
    fleeting = {one["number"] for one in own if one.get("half_life", FADES_FAST) < FADES_FAST}
    known = {int(kind) for kind in Kind} - {int(kind) for kind in AGAINST | BOUGHT}
    return frozenset(known | set(range(FIRST_OF_SHOP, LAST_KIND + 1)) - fleeting)


def folded(store: int) -> Folded | None:
    """How far folding has come; None where nothing of use was folded yet."""
    state = _recalled(store)
    return state if state.until and _is_worth_it() else None


def not_counted_yet(store: int, now: int) -> Q:
    """Events that a count waits for, as long as folding works; of none where it does not."""
    state = _recalled(store)
    if not _is_worth_it() or now - state.looked_at > WORKS_WITHIN.total_seconds():
        return Q(store=store, pk__lte=0)
    return Q(store=store, pk__gt=0 if state.due else state.seen)


def fold(store: int, *, beat: Beat, on_week: Beat | None = None, now: int | None = None) -> int:
    """Count every week that is due; how many. `on_week` is called after each, and may stop it by
    what it raises: the next call goes on with what is left."""
    if not _is_worth_it():
        return 0
    now = int(time.time()) if now is None else now
    state = _recalled(store)
    if not state.due:
        state = _looked(store, state, now=now)
    n, withdrawn = len(state.due), _withdrawn(store)
    while state.due:
        _keep(store, state)
        week, *left = state.due
        # Not by the time alone: where events are kept for longer now, older ones are gone already.
        is_whole = week >= max(state.final, _first_whole_week(now))
        _count(store, week, without=withdrawn, is_whole=is_whole, beat=beat)
        state = replace(state, due=tuple(left))
        beat()
        if left and on_week is not None:
            _keep(store, state)
            on_week()
    weeks.take_out(withdrawn, beat=beat)
    _keep(store, replace(state, until=state.target))
    return n


def fold_some(store: int, *, seconds: float, beat: Beat) -> bool:
    """Count weeks for about so long, at least one; True when none is left."""
    return go_on(lambda look: fold(store, beat=beat, on_week=look), seconds=seconds)


def _looked(store: int, state: Folded, *, now: int) -> Folded:
    """The state with what came in since, and with every week that is due because of it."""
    until = week_of(now - SETTLED_SECONDS) * WEEK_SECONDS
    rows = Event.objects.using(router.db_for_read(Event)).filter(store=store).order_by()
    found = rows.filter(pk__gt=state.again).values_list("pk", "at", "kind")
    key, at, kind = read_queryset(found, "iii")
    is_interest = np.isin(kind, sorted(kinds())) & (at < until)
    due = set(distinct(at[is_interest] // WEEK_SECONDS).tolist())
    final = _first_whole_week(now)
    if state.until:
        # What was looked at before its week was over.
        due.update(range(week_of(state.until), week_of(until)))
        if state.final < final < week_of(until):
            due.add(final)
    seen = int(key.max(initial=state.seen))
    is_bought = np.isin(kind, sorted(BOUGHT))
    bought = int(key[is_bought].min()) if is_bought.any() else 0
    return replace(
        state,
        target=until,
        looked_at=now,
        seen=seen,
        # A key below the highest may be committed after it, but not long after.
        again=max(state.seen, seen - LATE_KEYS),
        bought=min(filter(None, (state.bought, bought)), default=0),
        final=max(state.final, final),
        due=tuple(sorted(due)),
    )


def _first_whole_week(now: int) -> int:
    """The oldest week of which no event may be gone."""
    kept = int(conf.current().events_kept.total_seconds())
    return -(-(now - kept + MARGIN_SECONDS) // WEEK_SECONDS)


def _is_worth_it() -> bool:
    return conf.current().events_kept >= LEAST_KEPT


def _withdrawn(store: int) -> NDArray[np.int64]:
    """Visitors who took their consent back. Their events go after their time; what is counted of
    them would stay for longer."""
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(store=store, purposes="")
    return np.sort(read_queryset(rows.order_by().values_list("key"), "i")[0])


def _count(
    store: int, week: int, *, without: NDArray[np.int64], is_whole: bool, beat: Beat
) -> None:
    """Count one week from the log; where events of it may be gone, add to what is there."""
    begins = week * WEEK_SECONDS
    events = read_raw(
        store, kinds(), since=begins, until=begins + WEEK_SECONDS, progress=lambda done: beat()
    )
    events = events.take((events.item > 0) & ~np.isin(events.shopper, without))
    counts = counted(
        events.shopper,
        events.item,
        events.kind,
        events.basis,
        events.at,
        events.value,
        adds_up=ADDS_UP,
    )
    del events
    if not is_whole:
        # As it was written: a replica may lag.
        there = weeks.read_week(store, week, alias=router.db_for_write(WeekEvidence))
        counts = merged(there, counts)
    weeks.write(store, week, counts, beat=beat)


def _recalled(store: int) -> Folded:
    kept = notes.recall(_name(store))
    try:
        until, target, seen, again, bought, final, looked_at = kept["state"].tolist()
        due = tuple(kept["due"].tolist())
    except OF_ANOTHER_SHAPE:
        # Nothing is kept, or by another release: everything is counted anew.
        return Folded()
    return Folded(
        until=until,
        target=target,
        seen=seen,
        again=again,
        bought=bought,
        final=final,
        looked_at=looked_at,
        due=due,
    )


def _keep(store: int, state: Folded) -> None:
    numbers = [getattr(state, field.name) for field in fields(state) if field.name != "due"]
    arrays = {"state": np.array(numbers, dtype=np.int64), "due": np.array(state.due, np.int64)}
    notes.keep(_name(store), arrays)


def _name(store: int) -> str:
    return f"{READ_ONCE}weeks/{store}"
