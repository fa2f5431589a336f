"""What every ranker keeps to: the built-in one and the documentation's example."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest

from persona_django.blocks.registry import blocks
from persona_django.catalogue.snapshot import build_snapshot, current_snapshot
from persona_django.catalogue.state import forget
from persona_django.catalogue.sync import sync
from persona_django.ranking.base import Ranker
from persona_django.sources.base import Candidates
from persona_django.sources.families import Families
from persona_django.sources.query import Query
from tests.contracts.examples import example
from tests.shop.models import Product

BUILT_IN = {type(block.ranker).__name__: block.ranker for block in blocks().values()}
RANKERS = (*BUILT_IN.values(), example("ranker")["FreshFirst"]())
every_ranker = pytest.mark.parametrize("ranker", RANKERS, ids=lambda ranker: type(ranker).__name__)

NAMES = ("source", "sources", "levels")
COLUMNS = [field.name for field in fields(Candidates) if field.name not in NAMES]
SEVERAL_ORDERS = range(5)


@pytest.fixture
def candidates(query: Query) -> Candidates:
    """Of two sources, with a family that both propose and scores that are not all different."""
    ids = query.families.group_id
    learnt = Candidates.of(
        ids[2:8],
        [0.9, 0.7, 0.7, 0.7, 0.2, 0.1],
        source="similar",
        because=int(ids[0]),
        support=np.arange(40, 46),
        support_of=100,
    )
    popular = Candidates.of(ids[5:12], range(7, 0, -1), source="popular", item=ids[5:12])
    return Candidates.join([learnt, popular])


def rows_of(candidates: Candidates) -> list[tuple[Any, ...]]:
    """Every candidate with all that is known of it."""
    columns = [getattr(candidates, name).tolist() for name in COLUMNS]
    names = [candidates.sources[place] for place in candidates.source.tolist()]
    return [*zip(*columns, names, strict=True)]


@every_ranker
def test_the_same_candidates_come_back(ranker: Ranker, query: Query, candidates: Candidates):
    ranked = ranker.rank(candidates, query)

    assert sorted(rows_of(ranked)) == sorted(rows_of(candidates))


@every_ranker
@pytest.mark.parametrize("seed", SEVERAL_ORDERS)
def test_the_order_is_the_same_however_they_arrived(
    ranker: Ranker, query: Query, candidates: Candidates, seed: int
):
    mixed = candidates.take(np.random.default_rng(seed).permutation(len(candidates)))

    families = ranker.rank(mixed, query).item_id.tolist()

    assert families == ranker.rank(candidates, query).item_id.tolist()
    assert families == ranker.rank(mixed, query).item_id.tolist()


@every_ranker
@pytest.mark.parametrize("seed", SEVERAL_ORDERS)
def test_what_is_equal_stands_by_item_id(ranker: Ranker, query: Query, seed: int):
    Product.objects.update(created=datetime(2026, 5, 3, tzinfo=timezone.utc))
    sync()
    build_snapshot()
    forget()
    families = Families(current_snapshot())
    ids = np.random.default_rng(seed).permutation(families.group_id)
    equal = Candidates.of(ids, np.ones(len(ids)), source="similar")

    ranked = ranker.rank(equal, Query(families=families))

    assert ranked.item_id.tolist() == sorted(ids.tolist())


@every_ranker
def test_a_ranker_changes_nothing_of_what_it_was_given(
    ranker: Ranker, query: Query, candidates: Candidates
):
    before = rows_of(candidates)

    ranker.rank(candidates, query)

    assert rows_of(candidates) == before


@every_ranker
def test_one_candidate_and_none_are_fine(ranker: Ranker, query: Query, candidates: Candidates):
    assert len(ranker.rank(Candidates.empty(), query)) == 0
    assert len(ranker.rank(candidates.take(slice(1)), query)) == 1


@every_ranker
def test_a_ranker_answers_when_nothing_is_known_of_the_shop(
    ranker: Ranker, query: Query, candidates: Candidates
):
    assert len(ranker.rank(candidates, Query(families=query.families))) == len(candidates)
