"""What this shopper bought before and may want again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.sources.base import Candidates, Source
from persona_django.sources.query import Query

HALF_DUE_DAYS = 30.0
"""Days after a purchase at which an item counts as half due: a month, a common cycle."""


def dueness(
    times: NDArray[np.int64], last_at: NDArray[np.int64], *, now: float
) -> NDArray[np.float64]:
    """How much a shopper's own purchases ask to be repeated: often bought and long ago first.

    `times * (1 - 2 ** (-days / 30))`, with the number of orders and the days since the last one.
    Bought today asks for nothing, bought often and months ago asks for most.

    >>> dueness(np.array([4, 4, 1]), np.array([0, 30, 0]) * 86_400, now=30 * 86_400).tolist()
    [2.0, 0.0, 0.5]
    """
    # A clock that jumped back must not make yesterday's purchase overdue.
    days = np.maximum(now - last_at, 0.0) / DAY_SECONDS
    return times * (1.0 - np.exp2(-days / HALF_DUE_DAYS))


class Reorder(Source):
    """The signed-in shopper's own past purchases. Nobody else's can be asked for."""

    name = "reorder"
    needs_customer = True
    reason = "reorder"

    def retrieve(self, query: Query) -> Candidates:
        """The very items that were bought, the one most due first."""
        own = query.own
        if own is None or not len(own.item):
            return Candidates.empty()
        score = dueness(own.times, own.last_at, now=query.now)
        order = np.lexsort((own.item, own.last_at, -score))[: self.limit]
        item = np.asarray(own.item, dtype=np.int64)[order]
        return Candidates.of(
            query.families.snapshot.group_of(item),
            score[order],
            source=self.name,
            item=item,
            support=own.times[order],
        )
