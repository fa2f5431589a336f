"""What visits like the present one went on to: for those of whom nothing else is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.base import Candidates, Source
from persona_django.sources.query import Query

MOST_SEEN = 30
"""The last things looked at in a visit say what it is about."""


class Answers(Protocol):
    """What was learnt from earlier visits, however it was."""

    def best(self, seen: NDArray[np.int64], *, now: int, k: int) -> NDArray[np.int64]:
        """(k,) int64 or fewer, item codes that visits like this one went on to, the best first
        and none of `seen`: (n,) int64, codes looked at, the oldest first; now: seconds since 1970
        UTC."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownVisits:
    """Earlier visits, and the family behind each of their item codes."""

    answers: Answers
    group_id: NDArray[np.int64]
    """Ascending; by item code."""

    def codes_of(self, families: NDArray[np.int64]) -> NDArray[np.int64]:
        """Item codes of those families that any visit holds, in the order given."""
        if not len(self.group_id):
            return np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(self.group_id, families), len(self.group_id) - 1)
        return place[self.group_id[place] == families]


class VisitNext(Source):
    """What earlier visits that are like this one went on to.

    Of the present visit it knows what `Query.looked_at` holds, and what the page is about and the
    block starts from as looked at last. Nothing counts that fewer visitors than `MIN_SUPPORT`
    did.
    """

    name = "visit-next"
    reason = "visit-next"
    needs_visit = True

    def retrieve(self, query: Query) -> Candidates:
        """Families that are not in the visit yet, best first."""
        known = query.visits
        seen = np.array([*query.looked_at, *query.page_items, *query.seeds[::-1]], dtype=np.int64)
        if known is None or not len(seen):
            return Candidates.empty()
        codes = known.codes_of(seen)[-MOST_SEEN:]
        if not len(codes):
            return Candidates.empty()
        best = known.answers.best(codes, now=int(query.now), k=self.limit)
        # The order is the message; a score that falls by one keeps it through every later step.
        score = np.arange(len(best), 0, -1)
        return Candidates.of(known.group_id[best], score, source=self.name)
