"""Media that somebody began again and again, and left early each time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from persona_django.deriving.log import Log
from persona_django.numeric.left_early import times_running
from persona_django.numeric.sorting import firsts, paired
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
TOLD_MORE = (
    Kind.FINISH, Kind.CART_ADD, Kind.SAVE, Kind.MORE_LIKE, Kind.PURCHASE, Kind.DISMISS,
)  # fmt: skip
"""Who did one of these in the same visit said more, for or against, than that it was left."""


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
        (share < EARLY) & ~log.was_told(TOLD_MORE, first.visit, first.family),
        within_seconds=within_seconds,
    )
    again = (times >= FEWEST_TIMES) & is_over[first.visit]
    left, times = first.take(again), times[again]
    value = np.rint(1_000 * (1 - (1 - DOUBT) ** times)).astype(np.int64)
    return {**left.marked(Kind.SKIP, value), "family": left.family, "visit": left.visit}
