"""Folds finished weeks of the log into counts, so that learning neither ends where single events
are deleted nor reads again what cannot change any more.

A week is counted once it is over, a day after something late came in, and for the last time just
before its events begin to go. From then on it is only added to. Purchases stay in the log, which
keeps them for years; kinds that fade within two days are not worth a count.

Belongs to the job that deletes what is old, and runs before it under the same lease: nothing is
deleted uncounted, and nobody who is forgotten is counted meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np
from django.db import router
from django.db.models import QuerySet
from numpy.typing import NDArray

from persona_django import conf
from persona_django.columns.read import read_queryset
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.standing import does_not_count
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.sorting import distinct
from persona_django.numeric.week_counts import WEEK_SECONDS, counted, merged, week_of
from persona_django.tracking import weeks
from persona_django.tracking.events import BOUGHT, read_raw
from persona_django.tracking.models import Event, Folding
from persona_django.tracking.schema import AGAINST, FIRST_OF_SHOP, LAST_KIND, Kind

log = logging.getLogger("persona_django.tracking")

Beat = Callable[[], None]
IntArray = NDArray[np.int64]

LEAST_KEPT = timedelta(days=21)
"""Where events are kept for less there is no whole week of them to count."""
SETTLED_SECONDS = DAY_SECONDS
"""A week is counted so long after its end, and again so long after something late: phones report
late, and few of them."""
MARGIN_SECONDS = 2 * DAY_SECONDS
"""Before its first events go a week is counted for the last time, so long before at least."""
OVERLAP_SECONDS = 240
"""What came in since a look this long ago is looked at again: a transaction may be committed after
one whose keys are higher."""
FEW_ROWS = 20_000
"""After the first look these stand for what came in meanwhile."""
FADES_FAST = timedelta(days=2)
ADDS_UP = (int(Kind.DWELL),)
"""Kinds whose values add up within a day; of all others the largest counts."""


def kinds() -> frozenset[int]:
    """Kinds that are worth a count, by number: all that show interest, but for purchases."""
    known = {int(kind) for kind in Kind} - {int(kind) for kind in AGAINST | BOUGHT}
    return frozenset(known | set(range(FIRST_OF_SHOP, LAST_KIND + 1)) - fleeting())


def fleeting() -> frozenset[int]:
    """Kinds of the shop's own that fade within two days."""
    own = conf.current().event_kinds.values()
    return frozenset(one["number"] for one in own if one.get("half_life", FADES_FAST) < FADES_FAST)


def folded(store: int) -> Folding | None:
    """How far folding has come; None where nothing of use was folded yet."""
    if not is_worth_it():
        return None
    rows = Folding.objects.using(router.db_for_read(Folding))
    return rows.filter(store=store, until__gt=0).first()


def evidence_kept() -> timedelta:
    """How long counts are kept: never shorter than the events that they are made of."""
    return max(conf.current().evidence_kept, conf.current().events_kept)


def is_worth_it() -> bool:
    """Whether events are kept for long enough to be counted."""
    return conf.current().events_kept >= LEAST_KEPT


def fold(
    store: int,
    *,
    beat: Beat,
    surely: Beat | None = None,
    on_week: Beat | None = None,
    at_once: bool = False,
    now: int | None = None,
) -> int:
    """Count the weeks that are due, `at_once` also those to which something came in only lately;
    how many.

    `on_week` is called after each, and may stop it by what it raises: the next call goes on with
    what is left. `surely` is called before each is written, and raises where somebody else has
    taken over; `beat` in between.
    """
    if not is_worth_it():
        # Nobody would read it, and the shop wants to keep less.
        weeks.delete_all(store, beat=beat)
        _states().filter(store=store).delete()
        return 0
    now = int(time.time()) if now is None else now
    state, _ = _states().get_or_create(store=store)
    withdrawn_since = state.looked_at
    _look(state, now=now, beat=beat)
    ready = [week for week, since in _due(state) if at_once or since <= now - SETTLED_SECONDS]
    for done, week in enumerate(ready, 1):
        _count(state, week, beat=beat, surely=surely or beat)
        del state.due[str(week)]
        state.save()
        beat()
        if done < len(ready) and on_week is not None:
            on_week()
    weeks.take_out(_withdrawn(withdrawn_since - DAY_SECONDS), beat=beat)
    state.until, state.kinds = state.target, state.wanted
    state.save()
    return len(ready)


def note_gone(until: int) -> None:
    """Events older than that are deleted from now on: their weeks are never counted anew."""
    _states().filter(gone__lt=until).update(gone=until)


def _states() -> QuerySet[Folding]:
    return Folding.objects.using(router.db_for_write(Folding))


def _due(state: Folding) -> list[tuple[int, int]]:
    """Weeks that are due, and since when; 0: at once."""
    return sorted((int(week), since) for week, since in state.due.items())


def _look(state: Folding, *, now: int, beat: Beat) -> None:
    """Note what came in since the last look, and every week that is due because of it."""
    # Where they are written: a replica that lags would let some be passed over for ever.
    alias = router.db_for_write(Event)
    rows = Event.objects.using(alias).filter(store=state.store, pk__gt=state.again).order_by()
    key, at, kind = read_queryset(
        rows.values_list("pk", "at", "kind"), "iii", progress=lambda done: beat()
    )
    target = week_of(now - SETTLED_SECONDS) * WEEK_SECONDS
    there = weeks.counted_weeks(state.store)
    worth = kinds()
    is_late = np.isin(kind, sorted(worth)) & (at >= _kept_since(now)) & (at < target)
    for week in distinct(at[is_late] // WEEK_SECONDS).tolist():
        state.due.setdefault(str(week), now if week in there else 0)
    at_once: set[int] = set()
    if state.until:
        # What was looked at before its week was over.
        at_once.update(range(week_of(state.until), week_of(target)))
        oldest = _oldest_that_stays(now)
        if state.final != oldest < week_of(target):
            at_once.add(oldest)
            state.final = oldest
    if state.wanted and worth - set(state.wanted):
        # A kind that was not counted before: its events are still in the log.
        at_once.update(week for week in there if _is_whole(state, week))
    state.due.update(dict.fromkeys(map(str, at_once), 0))
    bought = key[np.isin(kind, sorted(BOUGHT))]
    if len(bought):
        state.bought = min(state.bought or int(bought.min()), int(bought.min()))
    if not state.looked_at or not 0 <= now - state.taken < OVERLAP_SECONDS:
        seen = max(state.seen, int(key.max(initial=0)))
        state.again = state.seen if state.looked_at else max(seen - FEW_ROWS, 0)
        state.seen, state.taken = seen, now
    state.target, state.wanted, state.looked_at = target, sorted(worth), now
    state.save()


def _kept_since(now: int) -> int:
    """Where the oldest week begins of which evidence is kept."""
    kept = int(evidence_kept().total_seconds())
    return -(-(now - kept) // WEEK_SECONDS) * WEEK_SECONDS


def _oldest_that_stays(now: int) -> int:
    """The oldest week of which nothing goes before `MARGIN_SECONDS` are over."""
    kept = int(conf.current().events_kept.total_seconds())
    return -(-(now - kept + MARGIN_SECONDS) // WEEK_SECONDS)


def _is_whole(state: Folding, week: int) -> bool:
    """Whether no event of a week was deleted for its age. What was really deleted says so, and
    not what the settings and the clock say today."""
    return week * WEEK_SECONDS >= state.gone


def _count(state: Folding, week: int, *, beat: Beat, surely: Beat) -> None:
    """Count one week from the log; where events of it may be gone, add to what is there."""
    store, begins = state.store, week * WEEK_SECONDS
    # Before the log is read: whoever writes the same generation meanwhile knew no less.
    generation = weeks.newest(store, week) + 1
    events = read_raw(
        store,
        state.wanted,
        since=begins,
        until=begins + WEEK_SECONDS,
        alias=router.db_for_write(Event),
        progress=lambda done: beat(),
    )
    stays = _is_whole(state, week)
    without = _left_out(is_last=not stays or week == state.final)
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
    if not stays:
        there = weeks.as_written(store, week)
        if there is None:
            log.error(
                "What came in late for week %d (store %d) is not counted, because part of what "
                "was counted before is damaged. If you have a backup, restore the table "
                "persona_weekevidence.",
                week,
                store,
            )
            return
        counts = merged(there, counts)
    if generation == 1 and not len(counts):
        return
    surely()
    weeks.write(store, week, counts, generation=generation, beat=beat)


def _left_out(*, is_last: bool) -> IntArray:
    """Whose events are not counted, in ascending order: who was erased or withdrew; and in the
    last count all who are not known to be customers, so that no robot is kept for long."""
    alias = router.db_for_write(Visitor)
    visitors = Visitor.objects.using(alias).order_by()
    chosen = visitors.filter(does_not_count()) if is_last else visitors.filter(purposes="")
    erased = Restriction.objects.using(router.db_for_write(Restriction)).order_by()
    erased = erased.filter(kind=Restriction.Kind.ERASED)
    found = [read_queryset(rows.values_list("key"), "i")[0] for rows in (chosen, erased)]
    return np.sort(np.concatenate(found))


def _withdrawn(since: int) -> list[int]:
    """Visitors who took their consent back since then. Their events go after their time; what is
    counted of them would stay for longer."""
    rows = Visitor.objects.using(router.db_for_write(Visitor)).order_by()
    return list(rows.filter(purposes="", agreed_at__gte=since).values_list("key", flat=True))
