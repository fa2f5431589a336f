"""What every source keeps to: the built-in ones and the documentation's example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from persona_django.blocks.registry import blocks
from persona_django.sources.base import Source
from persona_django.sources.query import Query
from tests.contracts.examples import example
from tests.shop.models import Product

NOW = 1_790_000_000


BUILT_IN = {source.name: source for block in blocks().values() for source in block.sources}
EDITORS = example("source")
SOURCES = (*BUILT_IN.values(), EDITORS["EditorsChoice"]())
every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)


def limited(source: Source, limit: int) -> Source:
    """The same source, asked for less."""
    copy = object.__new__(type(source))
    copy.__dict__.update(source.__dict__, limit=limit)
    return copy


@pytest.fixture(autouse=True)
def _chosen(query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the editors of the documentation's shop chose: products of this shop."""
    keys = Product.objects.order_by("pk").values_list("pk", flat=True)[:3]
    monkeypatch.setitem(EDITORS, "CHOSEN", [*keys])


@every_source
def test_a_source_proposes_something_where_everything_is_known(source: Source, query: Query):
    assert len(source.retrieve(query)) > 0


@every_source
def test_a_source_proposes_at_most_its_limit(source: Source, query: Query):
    assert len(limited(source, 2).retrieve(query)) == 2


@every_source
def test_proposals_come_best_first_with_finite_scores(source: Source, query: Query):
    found = source.retrieve(query)

    assert np.isfinite(found.score).all()
    assert (np.diff(found.score) <= 0).all()


@every_source
def test_the_same_question_has_the_same_answer(source: Source, query: Query):
    first, second = source.retrieve(query), source.retrieve(query)

    assert first.item_id.tolist() == second.item_id.tolist()
    assert first.score.tolist() == second.score.tolist()


@every_source
def test_proposals_carry_the_name_of_their_source(source: Source, query: Query):
    found = source.retrieve(query)

    assert {found.sources[place] for place in found.source} == {source.name}


@every_source
def test_a_source_answers_when_nothing_is_known_yet(source: Source, query: Query):
    bare = replace(
        query, seeds=(), neighbours={}, popular=None, trending=None, newest=None, own=None
    )

    assert len(source.retrieve(bare)) in (0, 3)


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if s.needs_seeds], ids=lambda source: source.name
)
def test_a_source_that_needs_seeds_is_silent_for_seeds_it_does_not_know(
    source: Source, query: Query
):
    assert len(source.retrieve(replace(query, seeds=(987_654_321,)))) == 0


@every_source
def test_every_reason_is_a_sentence(source: Source):
    from persona_django.blocks.reasons import reason_for

    if source.reason:
        assert reason_for(source.reason, support=300, support_of=500).text
