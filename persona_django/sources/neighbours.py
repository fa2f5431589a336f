"""What goes with the seeds, in one relation of the live version."""

from __future__ import annotations

import numpy as np

from persona_django.sources.base import Candidates, Source
from persona_django.sources.query import Query


class Related(Source):
    """Neighbours of the seeds. One reached from two seeds keeps its best score and that seed."""

    needs_seeds = True

    def __init__(self, relation: int, *, name: str, reason: str, limit: int = 100) -> None:
        super().__init__(limit=limit)
        self.relation = relation
        self.name = name
        self.reason = reason

    def retrieve(self, query: Query) -> Candidates:
        """Neighbours of every seed together, best first."""
        found = []
        for seed in query.seeds:
            row = query.neighbours.get((self.relation, seed))
            if row is not None and len(row.item_id):
                found.append(
                    Candidates.of(
                        row.item_id,
                        row.score,
                        source=self.name,
                        because=seed,
                        support=row.support,
                        support_of=row.item_support,
                    )
                )
        if not found:
            return Candidates.empty()
        if len(found) == 1:
            return found[0].take(slice(self.limit))
        together = Candidates.join(found)
        best = np.lexsort((together.because, together.item_id, -together.score))
        return together.take(best[: self.limit])
