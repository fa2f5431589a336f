"""Rows of what shoppers did one after the other, taken apart and put together again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.steps import Steps

N_ITEMS, N_OWNERS = 5, 3
Row = list[tuple[int, int]]
"""Items with their times."""
pairs = st.lists(st.tuples(st.integers(0, N_ITEMS - 1), st.integers(0, 3)), max_size=5)
table = st.lists(pairs.map(lambda row: in_time(row)), max_size=5)


def in_time(row: Row) -> Row:
    """The same items and times, the times in order."""
    times = sorted(at for _, at in row)
    return [(item, at) for (item, _), at in zip(row, times, strict=True)]


def steps_of(rows: list[Row]) -> Steps:
    return Steps(
        indptr=np.cumsum([0, *map(len, rows)]),
        item=np.array([item for row in rows for item, _ in row], dtype=np.int64),
        at=np.array([at for row in rows for _, at in row], dtype=np.int64),
        owner=np.arange(len(rows)) % N_OWNERS,
        n_items=N_ITEMS,
        n_owners=N_OWNERS,
    )


def told(steps: Steps) -> list[Row]:
    pairs = list(zip(steps.item.tolist(), steps.at.tolist(), strict=True))
    return [pairs[a:b] for a, b in zip(steps.indptr[:-1], steps.indptr[1:], strict=True)]


@given(rows=table)
def test_each_item_knows_its_row_and_there_are_as_many_rows_as_owners(rows):
    steps = steps_of(rows)

    assert len(steps) == len(rows)
    assert steps.row.tolist() == [number for number, row in enumerate(rows) for _ in row]


@given(rows=table, data=st.data())
def test_rows_are_taken_by_number_in_any_order_and_as_often_as_they_are_named(rows, data):
    numbers = st.lists(st.integers(0, len(rows) - 1), max_size=6) if rows else st.just([])
    chosen = np.array(data.draw(numbers), dtype=np.int64)

    taken = steps_of(rows).take(chosen)

    assert told(taken) == [rows[number] for number in chosen]
    assert taken.owner.tolist() == [number % N_OWNERS for number in chosen]
    assert (taken.n_items, taken.n_owners) == (N_ITEMS, N_OWNERS)


@given(rows=table, left_out=st.integers(0, N_ITEMS - 1))
def test_a_row_that_loses_all_its_items_stays(rows, left_out):
    steps = steps_of(rows)

    kept = steps.only(steps.item != left_out)

    assert told(kept) == [[(item, at) for item, at in row if item != left_out] for row in rows]
    assert kept.owner.tolist() == steps.owner.tolist()


@given(rows=table)
def test_the_end_of_a_row_is_as_many_moments_away_as_came_after(rows):
    wanted = [len({later for _, later in row if later > at}) for row in rows for _, at in row]

    assert steps_of(rows).to_end().tolist() == wanted


def test_the_same_second_in_two_rows_is_two_moments():
    assert steps_of([[(0, 3)], [], [(1, 3), (2, 3)]]).to_end().tolist() == [0, 0, 0]


@given(rows=table)
def test_backwards_each_row_stands_in_its_place_with_its_newest_first(rows):
    steps = steps_of(rows)

    backwards = steps.reversed()

    assert told(backwards) == [[(item, -at) for item, at in row[::-1]] for row in rows]
    assert backwards.owner.tolist() == steps.owner.tolist()
    assert told(backwards.reversed()) == rows


@given(rows=table)
def test_as_rows_each_item_stands_once_whenever_it_came(rows):
    steps = steps_of(rows)

    held = steps.as_rows()

    held.check()
    assert [
        held.item[a:b].tolist() for a, b in zip(held.indptr[:-1], held.indptr[1:], strict=True)
    ] == [sorted({item for item, _ in row}) for row in rows]
    assert (held.weight == 1).all()
    assert held.owner.tolist() == steps.owner.tolist()
    assert (held.n_items, held.n_owners) == (N_ITEMS, N_OWNERS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"indptr": np.array([0, 1, 2])}, "cover all items"),
        ({"indptr": np.array([1, 2, 3])}, "cover all items"),
        ({"indptr": np.array([0, 3])}, "one owner a row"),
        ({"indptr": np.array([0, 4, 3])}, "never fall"),
        ({"at": np.array([5, 4, 9])}, "oldest comes first"),
        ({"at": np.array([5, 6])}, "one time each"),
        ({"item": np.array([0, 1, N_ITEMS])}, "items must be numbers from 0 to 4"),
        ({"item": np.array([-1, 1, 2])}, "items must be numbers from 0 to 4"),
        ({"owner": np.array([0])}, "one owner a row"),
        ({"owner": np.array([0, N_OWNERS])}, "owners must be numbers from 0 to 2"),
        ({"owner": np.array([-1, 0])}, "owners must be numbers from 0 to 2"),
    ],
)
def test_columns_that_do_not_fit_are_refused(wrong, said):
    whole = vars(steps_of([[(0, 1), (1, 2)], [(2, 0)]]))

    with pytest.raises(ValueError, match=said):
        Steps(**{**whole, **wrong})


def test_time_may_begin_anew_with_each_row_and_before_1970():
    rows = [[(0, -9), (1, -9)], [(2, -20), (0, 4)]]

    assert told(steps_of(rows)) == rows
