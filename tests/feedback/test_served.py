"""Slates of visitors' pages, put together from reports in any order and number."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django import counters
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.served import SlateNews, bits, merge, proven
from persona_django.feedback.tokens import SlotProof

pytestmark = pytest.mark.django_db

THREE = {1: 11, 2: 12, 3: 13}


def news(**fields: Any) -> SlateNews:
    known = {
        "uid": 5,
        "at": 99,
        "context": 3,
        "block": "similar-items",
        "version": 7,
        "items": THREE,
    }
    return SlateNews(**known | fields)


def stored(uid: int = 5) -> tuple[list[int], int, int, int]:
    row = ServedSlate.objects.get(shopper=1, uid=uid)
    items = np.frombuffer(bytes(row.items), dtype="<i8").tolist()
    return items, row.seen, row.clicked, row.dismissed


def test_a_slate_is_kept_as_it_was_served_with_what_was_seen_of_it():
    assert merge(1, 1, [news(seen=bits([1, 3]))]) == [True]

    row = ServedSlate.objects.get()
    assert (row.block, row.version, row.at, row.context, row.store) == (
        "similar-items", 7, 99, 3, 1,
    )  # fmt: skip
    assert stored() == ([11, 12, 13], 0b101, 0, 0)


def test_what_is_seen_later_is_added_and_the_same_again_is_nothing_new():
    merge(1, 1, [news(seen=1)])

    assert merge(1, 1, [news(seen=2)]) == [True]
    assert merge(1, 1, [news(seen=1), news(seen=2), news(uid=6)]) == [False, False, True]
    assert stored() == ([11, 12, 13], 3, 0, 0)


def test_a_long_slate_comes_in_parts():
    merge(1, 1, [news(items={41: 51}, seen=bits([41])), news(seen=1)])

    items, seen, _, _ = stored()
    assert (items[:3], items[40], len(items)) == ([11, 12, 13], 51, 41)
    assert seen == bits([1, 41])


def test_only_slots_that_were_served_are_seen():
    merge(1, 1, [news(items={2: 12}, seen=bits([1, 2, 60]))])

    assert stored() == ([0, 12], 2, 0, 0)


def test_slates_of_two_visitors_are_two():
    merge(1, 1, [news()])

    assert merge(2, 1, [news()]) == [True]
    assert ServedSlate.objects.count() == 2


@pytest.mark.parametrize("other", [{"items": {1: 99}}, {"block": "popular"}])
def test_the_first_word_about_a_slot_counts_and_another_is_counted(other):
    merge(1, 1, [news()])

    assert merge(1, 1, [news(seen=1, **other)]) == [False]
    assert stored() == ([11, 12, 13], 0, 0, 0)
    assert counters.counts()["event_mismatch"] == 1


REPORTS = (
    news(seen=0b001),
    news(seen=0b110),
    news(items={2: 12}, seen=0b010, clicked=0b010),
    news(items={3: 13}, seen=0b100, dismissed=0b100),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_fault_24_in_whatever_order_reports_come_the_slate_is_the_same(order):
    for at in order:
        merge(1, 1, [REPORTS[at]])
        merge(1, 1, [REPORTS[at]])

    assert stored() == ([11, 12, 13], 0b111, 0b010, 0b100)


def test_a_long_name_of_a_block_fits_its_column():
    merge(1, 1, [news(block="x" * 61)])

    assert merge(1, 1, [news(block="x" * 61, seen=1)]) == [True]


@given(st.sets(st.integers(1, 63)))
def test_positions_are_bits(positions):
    marks = bits(sorted(positions))

    assert {n for n in range(1, 64) if marks >> n - 1 & 1} == positions
    assert marks < 2**63


def proof(position: int, **fields: Any) -> SlotProof:
    known = {"block": "b", "version": 7, "personal": False, "served_at": 0}
    return SlotProof(**{**known, "item_id": 10 + position, "position": position, **fields})


def test_tokens_prove_a_slate_when_they_are_of_one():
    assert proven([proof(1), proof(2)]) == {1: 11, 2: 12}
    assert proven([proof(1), proof(1)]) is None
    assert proven([proof(1), proof(2, block="c")]) is None
    assert proven([proof(1), proof(2, version=8)]) is None
    assert proven([proof(64)]) is None
    assert proven([]) is None
