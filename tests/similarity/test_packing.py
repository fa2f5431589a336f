"""One value holds all neighbours of an item, and nothing else is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.exceptions import BadArtefact
from persona_django.similarity.packing import pack_rows, unpack
from tests.similarity.made import neighbours

entries = st.lists(
    st.tuples(st.integers(1, 30), st.floats(0.0009765625, 1, width=32), st.integers(3, 2**31 - 1)),
    max_size=6,
)


@given(lists=st.dictionaries(st.integers(1, 30), entries, min_size=1), shift=st.booleans())
def test_what_is_packed_comes_back_item_for_item(lists, shift):
    # Ids beyond 31 bits need the wider layout.
    far = 2**40 if shift else 0
    given_lists = {
        item + far: [(other + far, score, support) for other, score, support in row]
        for item, row in lists.items()
    }
    found, ids = neighbours(given_lists, item_support=77)

    packed = dict(zip(ids.tolist(), pack_rows(found, ids), strict=True))

    for item, row in given_lists.items():
        back = unpack(packed[item])
        assert list(zip(back.item_id, back.score, back.support, strict=True)) == row
        assert back.item_support == 77
        assert back.item_id.dtype == np.int64


@pytest.mark.parametrize("far", [0, 2**40])
def test_a_relation_in_time_keeps_how_long_afterwards_each_one_comes(far):
    found, ids = neighbours({1 + far: [(2 + far, 0.5, 9), (3 + far, 0.4, 8)]})
    found = replace(found, gap=np.array([43_200, 10 * 86_400], np.float32))

    back = unpack(dict(zip(ids.tolist(), pack_rows(found, ids), strict=True))[1 + far])

    assert back.item_id.tolist() == [2 + far, 3 + far]
    assert back.gap_days is not None
    assert back.gap_days.tolist() == [0.5, 10]


def test_a_relation_without_an_order_tells_of_no_time():
    found, ids = neighbours({1: [(2, 0.5, 9)]})

    assert unpack(pack_rows(found, ids)[0]).gap_days is None


def test_a_row_of_fifty_takes_816_bytes():
    found, ids = neighbours({1: [(other, 0.5, 10) for other in range(2, 52)]})

    assert len(pack_rows(found, ids)[0]) == 816


def test_any_part_of_the_items_packs_to_the_same_rows():
    found, ids = neighbours({1: [(2, 0.5, 9)], 3: [(1, 0.4, 8), (2, 0.3, 7)], 5: [(3, 0.2, 6)]})
    whole = pack_rows(found, ids)

    parts = [pack_rows(found, ids, start=at, stop=at + 1)[0] for at in range(len(ids))]

    assert parts == whole


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"\0" + data[1:],
        lambda data: data[:4] + b"\xff\xff\xff\xff" + data[8:],
    ],
    ids=["empty", "cut in the head", "cut", "longer", "other magic", "negative count"],
)
def test_a_damaged_row_is_refused(damage):
    found, ids = neighbours({1: [(2, 0.5, 9)]})

    with pytest.raises(BadArtefact, match="persona_rebuild"):
        unpack(damage(pack_rows(found, ids)[0]))


def test_no_items_pack_to_no_rows():
    found, ids = neighbours({})

    assert pack_rows(found, ids) == []
