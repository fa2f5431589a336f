"""Beginnings of rows as cases, each copied only when it is asked about."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_django.ranking import beginnings as module
from persona_django.ranking.beginnings import Beginnings, beginnings
from tests.numeric.proposers.logs import steps_of

N_ITEMS = 9
rows_drawn = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=7), max_size=6)


def cases(asked: Beginnings) -> list[tuple[list[int], int]]:
    """Each history and what came after it, asked for in blocks of any size."""
    histories = [
        block.histories.item[low:high].tolist()
        for block in asked.blocks(3)
        for low, high in zip(block.histories.indptr[:-1], block.histories.indptr[1:], strict=True)
    ]
    return list(zip(histories, asked.answer.tolist(), strict=True))


@given(rows=rows_drawn, least=st.integers(1, 3))
def test_every_beginning_is_a_case_and_the_next_item_its_answer(rows, least):
    asked = beginnings(steps_of(rows, n_items=N_ITEMS), least=least)

    assert cases(asked) == [
        (row[:size], row[size]) for row in rows for size in range(least, len(row))
    ]
    assert len(asked) == len(cases(asked))


def test_a_case_is_asked_at_the_moment_of_its_answer():
    asked = beginnings(steps_of([[5, 6, 7]], n_items=N_ITEMS), least=1)

    (block,) = asked.blocks(100)

    assert block.now.tolist() == asked.now.tolist() == [1, 2]
    assert block.histories.at.tolist() == [0, 0, 1]


def test_only_the_last_items_of_a_long_row_are_looked_at():
    asked = beginnings(steps_of([[1, 2, 3, 4]], n_items=N_ITEMS), least=1, seen=2)

    assert cases(asked) == [([1], 2), ([1, 2], 3), ([2, 3], 4)]


def test_some_are_taken_in_the_order_given():
    asked = beginnings(steps_of([[1, 2, 3], [4, 5]], n_items=N_ITEMS), least=1)

    assert cases(asked.take(np.array([2, 0]))) == [([4], 5), ([1], 2)]


def test_a_long_row_has_no_more_of_the_cases_than_others():
    steps = steps_of([[1, 2], [3] * 300, [4, 5, 6]], n_items=N_ITEMS)

    drawn = [beginnings(steps, least=1).few_of_each(2, seed=seed) for seed in (1, 2)]

    for asked in drawn:
        assert np.bincount(asked.row).tolist() == [1, 2, 2]
        assert (np.diff(asked.row) >= 0).all()
    assert drawn[0].size.tolist() != drawn[1].size.tolist()


def test_no_block_copies_more_than_there_is_room_for_but_a_single_history(monkeypatch):
    monkeypatch.setattr(module, "MOST_COPIED", 40)
    asked = beginnings(steps_of([[1] * 60, [2] * 5], n_items=N_ITEMS), least=1)

    blocks = list(asked.blocks(10))

    assert [row for block in blocks for row in np.diff(block.histories.indptr)] == [
        *range(1, 60), *range(1, 5),
    ]  # fmt: skip
    assert max(map(len, blocks)) <= 10
    assert all(len(block.histories.item) <= 40 or len(block) == 1 for block in blocks)


def test_a_visit_of_a_robot_takes_no_room_before_it_is_asked_about():
    asked = beginnings(steps_of([[1] * 20_000], n_items=N_ITEMS), least=1)

    block = next(asked.take(np.arange(19_000, 19_999)).blocks(1_000))

    assert len(asked) == 19_999
    assert len(block.histories.item) <= module.MOST_COPIED


def test_no_row_is_no_case():
    assert cases(beginnings(steps_of([], n_items=N_ITEMS), least=1)) == []
    assert len(beginnings(steps_of([], n_items=N_ITEMS), least=1).few_of_each(3, seed=0)) == 0
