"""What every source keeps to: the built-in ones and the documentation's example."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from persona_django.blocks.registry import blocks
from persona_django.catalogue.snapshot import build_snapshot, current_snapshot
from persona_django.catalogue.state import forget
from persona_django.catalogue.sync import sync
from persona_django.similarity.packing import NeighbourList
from persona_django.similarity.relations import RELATIONS
from persona_django.sources.base import Candidates, Source
from persona_django.sources.families import Families
from persona_django.sources.orderings import ordering_by_age, ordering_by_score
from persona_django.sources.query import Query
from persona_django.tracking.orders import OwnPurchases
from tests.shop.models import Category, Product

NOW = 1_790_000_000


class EditorsChoice(Source):
    """What our editors like, newest first."""

    name = "editors-choice"

    def retrieve(self, query):
        families = (31, 42, 53)[: self.limit]
        return Candidates.of(families, range(len(families), 0, -1), source=self.name)


BUILT_IN = {source.name: source for block in blocks().values() for source in block.sources}
SOURCES = (*BUILT_IN.values(), EditorsChoice())
every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)


@pytest.fixture
def query(db: None) -> Query:
    """A shop of twelve products of which everything there is to know is known."""
    teas = Category.objects.create(path="Drinks > Tea")
    for number in range(12):
        Product.objects.create(name=f"Tea {number}", price=number + 1, category=teas)
    sync()
    build_snapshot()
    forget()
    snapshot = current_snapshot()
    assert snapshot is not None
    families = Families(snapshot)
    ids = families.group_id
    seed = int(ids[0])
    others = NeighbourList(
        item_id=ids[1:9],
        score=np.linspace(0.9, 0.1, 8, dtype=np.float32),
        support=np.full(8, 40, dtype=np.int32),
        llr=np.full(8, 50, dtype=np.float32),
        item_support=100,
    )
    return Query(
        families=families,
        seeds=(seed,),
        neighbours={(relation, seed): others for relation in RELATIONS.values()},
        popular=ordering_by_score(families, ids, np.arange(len(ids), 0, -1, dtype=np.float64)),
        newest=ordering_by_age(families),
        own=OwnPurchases(
            item=ids[:4],
            times=np.array([4, 3, 2, 1]),
            last_at=np.full(4, NOW - 40 * 86_400),
            quantity=np.array([4, 3, 2, 1]),
        ),
        now=NOW,
    )


def limited(source: Source, limit: int) -> Source:
    """The same source, asked for less."""
    copy = object.__new__(type(source))
    copy.__dict__.update(source.__dict__, limit=limit)
    return copy


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
    bare = replace(query, seeds=(), neighbours={}, popular=None, newest=None, own=None)

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
