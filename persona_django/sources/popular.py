"""What sells anyway: the steps below a relation in the chain of fallbacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.base import Candidates, Source
from persona_django.sources.orderings import Ordering
from persona_django.sources.query import Query

SPARE = 30
"""Items in excess of four slates' worth: sold out since, in the cart, shown higher up the page."""


class PopularNearby(Source):
    """Popular in the category of the first seed, then in its department."""

    name = "popular-nearby"
    needs_seeds = True
    is_endless = True
    reason = "popular-nearby"

    def retrieve(self, query: Query) -> Candidates:
        return _near_seed(self, query.popular, query)


class Popular(Source):
    """Popular in the whole shop."""

    name = "popular"
    is_endless = True
    reason = "popular"

    def retrieve(self, query: Query) -> Candidates:
        return _anywhere(self, query.popular, query)


class NewestNearby(Source):
    """The newest of the seed's category: all a shop knows before anyone has bought."""

    name = "newest-nearby"
    needs_seeds = True
    is_endless = True
    reason = "newest"

    def retrieve(self, query: Query) -> Candidates:
        return _near_seed(self, query.newest, query)


class Newest(Source):
    """The newest of the whole shop, which even an hour-old shop has."""

    name = "newest"
    is_endless = True
    reason = "newest"

    def retrieve(self, query: Query) -> Candidates:
        return _anywhere(self, query.newest, query)


def _anywhere(source: Source, ordering: Ordering | None, query: Query) -> Candidates:
    if ordering is None:
        return Candidates.empty()
    return _in_order(source, ordering.first(_enough(source, query), query.among))


def _near_seed(source: Source, ordering: Ordering | None, query: Query) -> Candidates:
    if ordering is None or not query.seeds:
        return Candidates.empty()
    row = int(query.families.rows_of(np.array(query.seeds[:1]))[0])
    if row < 0:
        return Candidates.empty()
    return _in_order(source, ordering.near(row, _enough(source, query), query.among))


def _enough(source: Source, query: Query) -> int:
    """As many as fill a slate after others of the page took theirs; these lists have no end."""
    return min(source.limit, SPARE + 4 * query.size)


def _in_order(source: Source, group_ids: NDArray[np.int64]) -> Candidates:
    # The order is the message; a score that falls by one keeps it through every later step.
    return Candidates.of(group_ids, np.arange(len(group_ids), 0, -1), source=source.name)
