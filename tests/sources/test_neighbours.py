"""Neighbours of several seeds together."""

from __future__ import annotations

import numpy as np

from persona_django.similarity.packing import NeighbourList
from persona_django.similarity.relations import SIMILAR
from persona_django.sources.neighbours import Related
from persona_django.sources.query import Query

TEA, POT, MUG, CUP = 1, 2, 3, 4
SOURCE = Related(SIMILAR, name="similar", reason="similar")


def listed(pairs: list[tuple[int, float]]) -> NeighbourList:
    n = len(pairs)
    return NeighbourList(
        item_id=np.array([item for item, _ in pairs], dtype=np.int64),
        score=np.array([score for _, score in pairs], dtype=np.float32),
        support=np.full(n, 10, dtype=np.int32),
        llr=np.full(n, 10, dtype=np.float32),
        item_support=100,
    )


def query(**neighbours: list[tuple[int, float]]) -> Query:
    seeds = {"tea": TEA, "pot": POT}
    return Query(
        families=None,
        seeds=tuple(seeds[name] for name in neighbours),
        neighbours={(SIMILAR, seeds[name]): listed(row) for name, row in neighbours.items()},
    )


def test_an_item_reached_from_two_seeds_comes_first_with_its_best_score_and_that_seed():
    found = SOURCE.retrieve(query(tea=[(MUG, 0.25)], pot=[(MUG, 0.5), (CUP, 0.375)]))

    first = (found.item_id[0], found.score[0], found.because[0])
    assert first == (MUG, 0.5, POT)
    assert found.item_id.tolist() == [MUG, CUP, MUG]


def test_a_seed_that_nobody_learnt_anything_of_has_no_neighbours():
    assert len(SOURCE.retrieve(query(tea=[]))) == 0
    assert len(SOURCE.retrieve(Query(families=None, seeds=(TEA,)))) == 0
