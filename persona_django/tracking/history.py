"""All that is known of what shoppers did: finished weeks as counts, and the log for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import WeekCounts, no_counts, spread, week_of
from persona_django.tracking import folding, weeks
from persona_django.tracking.events import (
    BOUGHT,
    EventColumns,
    joined,
    read_events,
    read_raw,
    that_count,
    with_refunds,
)
from persona_django.tracking.schema import LAST_KIND

FLEETING_DAYS = 28
"""What fades within two days is nothing after so many."""
_MOST = np.iinfo(np.int16).max


def read_history(
    store: int, kinds: Collection[int], *, progress: Callable[[int], None] | None = None
) -> EventColumns:
    """Events of these kinds, also of weeks whose single events are gone.

    As `tracking.events.read_events` where nothing was counted yet. Else there is, of a week that
    was, one event for each shopper, item, kind and day, at noon, of which nothing is known but its
    kind, basis and the value that the days of the week have on average.
    """
    state = folding.folded(store)
    if state is None:
        return read_events(store, kinds, progress=progress)
    wanted = with_refunds(kinds)
    bought = wanted & BOUGHT
    counted = wanted & folding.kinds() & set(state.kinds)
    fleeting = wanted & folding.fleeting()
    young = int(time.time()) - FLEETING_DAYS * DAY_SECONDS
    found = [*of_days(no_counts(), 0, counted)]

    def heard(more: int = 0) -> None:
        if progress is not None:
            progress(sum(map(len, found)) + more)

    # A week that is counted meanwhile is read from the log.
    before, threads = week_of(state.until), conf.current().learning_threads
    for week, counts in weeks.read(store, before=before, threads=threads) if counted else ():
        found += of_days(counts, week, counted)
        heard()
    for some, since, first_key in (
        (counted, state.until, None),
        (fleeting, young, None),
        # What was not counted when the weeks were.
        (wanted - bought - counted - fleeting, None, None),
        (bought, None, state.bought or state.again),
    ):
        if some:
            found.append(read_raw(store, some, since=since, first_key=first_key, progress=heard))
    return that_count(joined(*found), store)


def of_days(
    counts: WeekCounts, week: int, kinds: Collection[int]
) -> tuple[EventColumns, EventColumns]:
    """The events that the counts of a week stand for, of some kinds: one for each day that they
    name, at noon; those of the first days, and those of all further ones."""
    is_wanted = np.zeros(LAST_KIND + 1, dtype=bool)
    is_wanted[sorted(kinds)] = True
    wanted = is_wanted[counts.kind]
    if not wanted.all():
        counts = counts.take(wanted)
    further, at = spread(counts, week)
    n = len(counts)
    # Each column is copied once, when all weeks are joined.
    return _events(counts, at[:n]), _events(counts.take(further), at[n:])


def _events(counts: WeekCounts, at: NDArray[np.int64]) -> EventColumns:
    n = len(at)
    return EventColumns(
        shopper=counts.shopper,
        item=counts.item,
        kind=counts.kind.astype(np.int16),
        at=at,
        # One number for all of them takes no room.
        order=np.broadcast_to(np.int64(0), n),
        quantity=np.broadcast_to(np.int32(1), n),
        basis=counts.basis.astype(np.int16),
        value=np.minimum(counts.value, _MOST).astype(np.int16),
        context=np.broadcast_to(np.int16(0), n),
    )
