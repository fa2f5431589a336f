"""The first ranker: one source after the other, each in its own order."""

from __future__ import annotations

import numpy as np

from persona_django.ranking.base import Ranker
from persona_django.sources.base import Candidates
from persona_django.sources.query import Query


class Chain(Ranker):
    """Everything of the first source comes before anything of the next, as a fallback should.

    Scores of different sources are not comparable, so they are only compared within one.
    """

    def rank(self, candidates: Candidates, query: Query) -> Candidates:
        order = np.lexsort((candidates.item_id, -candidates.score, candidates.source))
        return candidates.take(order)
