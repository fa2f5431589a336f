"""What goes with the seeds, in one relation of the live version."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from persona_django.similarity.packing import NeighbourList
from persona_django.similarity.relations import SUGGESTIBLE
from persona_django.sources.base import Candidates, Source
from persona_django.sources.levels import OF_THE_FAMILY
from persona_django.sources.query import Query

SUGGESTED = "suggested"
"""Stands in the place of a source's name, and of its reason, with what is in a list for a
merchant's word alone: "often bought together" would not be true of it."""


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
                found.append(self._beside(seed, row))
        if not found:
            return Candidates.empty()
        if len(found) == 1:
            return found[0].take(slice(self.limit))
        together = Candidates.join(found)
        best = np.lexsort((together.because, together.item_id, -together.score))
        return together.take(best[: self.limit])

    def _beside(self, seed: int, row: NeighbourList) -> Candidates:
        listed = Candidates.of(
            row.item_id,
            row.score,
            source=self.name,
            because=seed,
            support=row.support,
            support_of=row.item_support,
            levels=(OF_THE_FAMILY,),
        )
        if self.relation not in SUGGESTIBLE or row.support.all():
            return listed
        is_suggested = row.support == 0
        # No figure: how many did so is not known to a crowd, and need not be none.
        return replace(
            listed,
            support_of=np.where(is_suggested, 0, listed.support_of),
            source=is_suggested.astype(np.int16),
            sources=(self.name, SUGGESTED),
        )
