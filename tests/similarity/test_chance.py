"""By how many people two items would meet by chance, as it is stored with a version and read."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django import breaker, counters
from persona_django.artefacts import store as artefacts
from persona_django.artefacts.models import ArtefactPart
from persona_django.model_registry import live
from persona_django.model_registry.models import ModelVersion
from persona_django.numeric.chance import People
from persona_django.similarity import chance, store
from persona_django.similarity.chance import by_chance, pair_by_chance
from persona_django.similarity.relations import CONTENT, SIMILAR
from tests.similarity.made import neighbours

pytestmark = pytest.mark.django_db

LISTS = {10: [(20, 0.5, 9), (30, 0.4, 8)], 20: [(10, 0.5, 9)], 40: []}


def stored(people: People | None, lists=LISTS) -> int:
    """A version with this reverse index; its items are 10, 20, 30 and 40."""
    artefact = store.save_reverse_index("reverse/similar/1", *neighbours(lists), people=people)
    return ModelVersion.objects.create(kind="similar", fence=1, artefact_id=artefact).pk


def told(version: int, item: int, *others: int, support: int = 8) -> list[float]:
    return by_chance(
        version, item, np.array(others, np.int64), np.full(len(others), support)
    ).tolist()


def people_of(*leading: int, following=None, everyone: int = 1_000) -> People:
    return People.of_one_kind(
        np.array(leading),
        everyone,
        crowd=5,
        following=None if following is None else np.array(following),
    )


def test_each_neighbour_is_told_by_how_many_it_would_be_met():
    version = stored(people_of(100, 50, 20, 70))

    assert told(version, 10, 20, 30) == [5.0, 2.0]
    assert told(version, 20, 10) == [5.0]


def test_an_item_that_stands_in_no_list_and_has_none_is_told_nothing_of():
    version = stored(people_of(100, 50, 20, 70))

    index = artefacts.load(live.artefact_of(version), schema=store.REVERSE_SCHEMA)

    assert index["leading"].tolist() == [[100, 50, 20, 0]]
    assert told(version, 10, 40) == told(version, 40, 10) == [0.0]


def test_a_relation_with_a_direction_counts_who_may_come_first_and_who_second():
    version = stored(people_of(100, 50, 20, 70, following=(8, 40, 30, 60)))

    index = artefacts.load(live.artefact_of(version), schema=store.REVERSE_SCHEMA)

    assert told(version, 10, 20, 30) == [4.0, 3.0]
    # Item 30 has no list, so nothing leads from it; item 40 stands in none.
    assert index["leading"].tolist() == [[100, 50, 0, 0]]
    assert index["following"].tolist() == [[8, 40, 30, 0]]


def test_items_that_the_version_does_not_know_and_versions_without_people_say_nothing():
    known, without = stored(people_of(100, 50, 20, 70)), stored(None)

    assert told(known, 10, 99) == told(known, 99, 10) == told(known, 5, 1) == [0.0]
    assert told(without, 10, 20) == [0.0]
    assert told(0, 10, 20) == told(987_654, 10, 20) == [0.0]


def test_behind_what_nobody_stands_nothing_is_read():
    version = stored(people_of(100, 50, 20, 70))

    with CaptureQueriesContext(connections[router.db_for_read(ModelVersion)]) as asked:
        assert told(version, 10, 20, support=0) == [0.0]

    assert not asked.captured_queries


def test_a_process_asks_twice_for_a_version_and_then_no_more():
    version = stored(people_of(100, 50, 20, 70))

    with CaptureQueriesContext(connections[router.db_for_read(ModelVersion)]) as first:
        told(version, 10, 20)
    with CaptureQueriesContext(connections[router.db_for_read(ModelVersion)]) as later:
        told(version, 10, 30)
        told(version, 20, 10)

    assert (len(first), len(later)) == (2, 0)


def test_one_pair_is_asked_for_in_the_live_version_of_its_relation():
    version = stored(people_of(100, 50, 20, 70))

    assert pair_by_chance({"similar": version}, SIMILAR, 10, 20, 9) == 5.0
    assert pair_by_chance({"similar": version}, CONTENT, 10, 20, 9) == 0.0
    assert pair_by_chance({"similar": version}, 0, 10, 20, 9) == 0.0


def test_figures_that_cannot_be_read_are_left_out_and_tried_again_later(monkeypatch):
    # Counts of no other test: what it unpacked on this host would be read instead.
    version = stored(people_of(100, 50, 20, 70, everyone=625))
    whole = {part.pk: bytes(part.data) for part in ArtefactPart.objects.all()}
    ArtefactPart.objects.update(data=b"damaged")

    assert told(version, 10, 20) == [0.0]
    assert counters.counts()["chance_unusable"] == 1
    for pk, data in whole.items():
        ArtefactPart.objects.filter(pk=pk).update(data=data)
    assert told(version, 10, 20) == [0.0]
    monkeypatch.setattr(chance, "RETRY_SECONDS", 0.0)

    assert told(version, 10, 20) == [8.0]


def test_while_the_database_is_left_alone_nothing_is_said_and_nothing_raised():
    version = stored(people_of(100, 50, 20, 70))
    breaker.database(router.db_for_read(ModelVersion)).fail()

    assert told(version, 10, 20) == [0.0]


def test_no_more_versions_are_kept_than_a_few(monkeypatch):
    monkeypatch.setattr(chance, "MOST_KEPT", 1)
    first, second = stored(people_of(100, 50, 20, 70)), stored(people_of(10, 50, 20, 70))

    assert [told(one, 10, 20)[0] for one in (first, second, first)] == [5.0, 0.5, 5.0]
