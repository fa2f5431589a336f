"""All that is known of what shoppers did: finished weeks as counts, and the log for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import numpy as np

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import spread
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

FLEETING_DAYS = 28
"""What fades within two days is nothing after so many."""
_MOST = np.iinfo(np.int16).max


def read_history(
    store: int, kinds: Collection[int], *, progress: Callable[[int], None] | None = None
) -> EventColumns:
    """Events of these kinds, also of weeks whose single events are gone.

    As `tracking.events.read_events`; but of a finished week there is one event for each shopper,
    item, kind and day, at noon, of which nothing is known but its kind, basis and the value that
    the days of the week have on average.
    """
    state = folding.folded(store)
    if state is None:
        return read_events(store, kinds, progress=progress)
    wanted = with_refunds(kinds)
    bought = wanted & BOUGHT
    fleeting = wanted - bought - folding.kinds()
    parts = [_of_weeks(store, wanted - bought - fleeting)]
    young = int(time.time()) - FLEETING_DAYS * DAY_SECONDS
    first_bought = state.bought or max(state.again, 1)
    for some, since, first_key in (
        (wanted - bought - fleeting, state.until, None),
        (fleeting, young, None),
        (bought, None, first_bought),
    ):
        if some:
            parts.append(read_raw(store, some, since=since, first_key=first_key))
            if progress is not None:
                progress(sum(map(len, parts)))
    return that_count(joined(*parts), store)


def _of_weeks(store: int, kinds: Collection[int]) -> EventColumns:
    counts, week = weeks.read(store)
    wanted = np.isin(counts.kind, sorted(kinds))
    if not wanted.all():
        counts, week = counts.take(wanted), week[wanted]
    row, at = spread(counts, week)
    n = len(row)
    return EventColumns(
        shopper=counts.shopper[row],
        item=counts.item[row],
        kind=counts.kind[row].astype(np.int16),
        at=at,
        # One number for all of them takes no room.
        order=np.broadcast_to(np.int64(0), n),
        quantity=np.broadcast_to(np.int32(1), n),
        basis=counts.basis[row].astype(np.int16),
        value=np.minimum(counts.value, _MOST).astype(np.int16)[row],
        context=np.broadcast_to(np.int16(0), n),
    )
