"""Rows of a version are written and deleted in chunks; the reverse index says who lists whom."""

from __future__ import annotations

import pytest

from persona_django.artefacts import store as artefacts
from persona_django.exceptions import LostLease
from persona_django.similarity import store
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.relations import BOUGHT_TOGETHER, SIMILAR
from tests.similarity.made import neighbours

pytestmark = pytest.mark.django_db

LISTS = {1: [(2, 0.5, 9), (3, 0.4, 8)], 2: [(1, 0.5, 9)], 3: []}


def test_items_with_neighbours_get_one_row_each():
    written = store.write(7, SIMILAR, *neighbours(LISTS))

    assert written == 2
    assert set(store.items_of(7).tolist()) == {1, 2}


def test_writing_in_parts_gives_the_same_rows_as_writing_at_once():
    found, ids = neighbours(LISTS)

    store.write(7, SIMILAR, found, ids)
    for at in range(len(ids)):
        store.write(8, SIMILAR, found, ids, start=at, stop=at + 1)

    def rows(version: int) -> list[tuple[int, bytes]]:
        columns = NeighbourRow.objects.filter(version_id=version).order_by("item_id")
        return [(item, bytes(data)) for item, data in columns.values_list("item_id", "data")]

    assert rows(7) == rows(8)


def test_the_reverse_index_names_everyone_whose_list_an_item_is_in():
    artefact_id = store.save_reverse_index("reverse/similar/1", *neighbours(LISTS))

    index = artefacts.load(artefact_id, schema=store.REVERSE_SCHEMA)
    ends = index["indptr"]
    listed = {
        int(item): sorted(index["listed_by"][ends[at] : ends[at + 1]].tolist())
        for at, item in enumerate(index["item_id"])
    }

    assert listed == {1: [2], 2: [1], 3: [1]}


def test_deleting_a_version_leaves_the_others_alone():
    store.write(7, SIMILAR, *neighbours(LISTS))
    store.write(8, BOUGHT_TOGETHER, *neighbours(LISTS))

    assert store.delete_version(7) == 2

    assert store.stored_versions() == {8}


def test_a_builder_that_lost_its_lease_stops_after_the_chunk_it_is_at(settings):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 1}

    def lost() -> None:
        raise LostLease("somebody else has it")

    with pytest.raises(LostLease):
        store.write(7, SIMILAR, *neighbours(LISTS), on_chunk=lost)

    assert NeighbourRow.objects.filter(version_id=7).count() <= 2
