"""What sells anyway: the steps below a relation in the chain of fallbacks.

Each proposes only what it knows enough of: what is popular has its crowd behind every family, so a
category or a brand in which nothing has one is passed over, and the next wider level speaks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.base import Candidates, Source
from persona_django.sources.levels import NO_LEVEL, OF_THE_SHOP, Level
from persona_django.sources.orderings import Ordering
from persona_django.sources.query import Query

SPARE = 30
"""Items in excess of four slates' worth: sold out since, in the cart, shown higher up the page."""


class PopularNearby(Source):
    """Popular in the category of the first seed, then in each category above it."""

    name = "popular-nearby"
    needs_seeds = True
    is_endless = True
    reason = "popular-nearby"

    def retrieve(self, query: Query) -> Candidates:
        return _near_seed(self, query.popular, query)


class PopularOfBrand(Source):
    """Popular of the brand of the first seed."""

    name = "popular-brand"
    needs_seeds = True
    is_endless = True
    reason = "popular-brand"

    def retrieve(self, query: Query) -> Candidates:
        return _of_seeds_brand(self, query.popular, query)


class Popular(Source):
    """Popular in the whole shop."""

    name = "popular"
    is_endless = True
    reason = "popular"

    def retrieve(self, query: Query) -> Candidates:
        return _anywhere(self, query.popular, query)


class Trending(Source):
    """What more people want now than usual."""

    name = "trending"
    reason = "trending"

    def retrieve(self, query: Query) -> Candidates:
        return _anywhere(self, query.trending, query)


class NewestNearby(Source):
    """The newest of the seed's category and of those above it: all a shop knows before anyone has
    bought."""

    name = "newest-nearby"
    needs_seeds = True
    is_endless = True
    reason = "newest"

    def retrieve(self, query: Query) -> Candidates:
        return _near_seed(self, query.newest, query)


class NewestOfBrand(Source):
    """The newest of the brand of the first seed."""

    name = "newest-brand"
    needs_seeds = True
    is_endless = True
    reason = "newest"

    def retrieve(self, query: Query) -> Candidates:
        return _of_seeds_brand(self, query.newest, query)


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
    if query.aisle is not None:
        found = ordering.of_aisle(query.aisle, _enough(source, query), query.among)
        return _in_order(source, found, levels=(query.aisle.level,))
    found = ordering.first(_enough(source, query), query.among)
    # Nothing is near, or far, where a block is given nothing to start from.
    return _in_order(source, found, levels=(OF_THE_SHOP if query.seeds else NO_LEVEL,))


def _near_seed(source: Source, ordering: Ordering | None, query: Query) -> Candidates:
    row = _row_of_seed(query)
    if ordering is None or row < 0:
        return Candidates.empty()
    found, depth = ordering.near(row, _enough(source, query), query.among)
    levels = tuple(query.families.levels_of(row))
    return _in_order(source, found, levels=levels, level=depth)


def _of_seeds_brand(source: Source, ordering: Ordering | None, query: Query) -> Candidates:
    row = _row_of_seed(query)
    brand = query.families.brand_of(row) if row >= 0 else None
    if ordering is None or brand is None:
        return Candidates.empty()
    found = ordering.of_brand(row, _enough(source, query), query.among)
    return _in_order(source, found, levels=(brand,))


def _row_of_seed(query: Query) -> int:
    """Row of the first seed's family; -1 without one."""
    if not query.seeds:
        return -1
    return int(query.families.rows_of(np.array(query.seeds[:1]))[0])


def _enough(source: Source, query: Query) -> int:
    """As many as fill a slate after others of the page took theirs, without what was looked at:
    these lists have no end."""
    return min(source.limit, SPARE + 4 * query.size + len(query.looked_at))


def _in_order(
    source: Source,
    group_ids: NDArray[np.int64],
    *,
    levels: tuple[Level, ...],
    level: NDArray[np.int64] | None = None,
) -> Candidates:
    # The order is the message; a score that falls by one keeps it through every later step.
    score = np.arange(len(group_ids), 0, -1)
    return Candidates.of(group_ids, score, source=source.name, level=level, levels=levels)
