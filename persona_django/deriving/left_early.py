"""Media that somebody began again and again, and left early each time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from persona_django.deriving.log import Log
from persona_django.numeric.left_early import times_running
from persona_django.numeric.sorting import firsts, paired
from persona_django.tracking.codes import mixed
from persona_django.tracking.context import told_by_task
from persona_django.tracking.schema import Kind

IntArray = NDArray[np.int64]

MEDIA = (Kind.PLAY, Kind.PROGRESS, Kind.FINISH)
EARLY = 250
"""Share, in parts of a thousand, below which a medium was left early: a quarter."""
FEWEST_TIMES = 3
"""Visits running that left it early before it says anything: one was interrupted as likely as not,
and two may have been."""
DOUBT = 0.1
"""How sure each of them is: as a list that was passed by without choosing anything."""
MEANT_WELL = (Kind.FINISH, Kind.CART_ADD, Kind.SAVE, Kind.MORE_LIKE, Kind.PURCHASE)
"""Who did one of these in the same visit has heard enough to want it."""


def left_early(
    log: Log, *, is_over: NDArray[np.bool_], within_seconds: int
) -> Mapping[str, IntArray]:
    """A skip for each visit that left something early after others had, with its "family" and
    "visit". `is_over` says of each visit whether it is."""
    played = log.events.take(np.isin(log.events.kind, MEDIA) & (log.events.family > 0))
    group = paired(played.visit, played.family)
    order = np.lexsort((played.uid, played.at, group))
    first = played.take(order[firsts(group[order])])
    share = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(share, group, played.value)
    times = times_running(
        first.person,
        first.family,
        first.at,
        (share < EARLY) & ~_was_told(log, first.visit, first.family),
        within_seconds=within_seconds,
    )
    again = (times >= FEWEST_TIMES) & is_over[first.visit]
    left, times = first.take(again), times[again]
    return {
        "shopper": left.shopper,
        "uid": mixed(left.uid, seed=Kind.SKIP),
        "kind": np.full(len(left), Kind.SKIP),
        "item_id": left.item,
        "at": left.at,
        "basis": left.basis,
        "value": np.rint(1_000 * (1 - (1 - DOUBT) ** times)).astype(np.int64),
        "context": told_by_task(left.context),
        "family": left.family,
        "visit": left.visit,
    }


def _was_told(log: Log, visit: IntArray, family: IntArray) -> NDArray[np.bool_]:
    """Whether the same visit said more of it, for or against, than that it was left."""
    events = log.events
    told = np.isin(events.kind, (*MEANT_WELL, Kind.DISMISS)) & (events.family > 0)
    pair = paired(np.append(events.visit[told], visit), np.append(events.family[told], family))
    n = int(told.sum())
    return np.isin(pair[n:], pair[:n])
