"""What too few shoppers share is taken out, entry by entry, and nothing else is."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import crowds
from persona_django.numeric.crowds import backed, in_fine_steps, in_steps
from persona_django.numeric.neighbours import top_neighbours
from persona_django.numeric.rows import Rows
from tests.numeric.tables import LENIENT, drawn, listed, table


def contents(rows: Rows) -> list[tuple[int, tuple[int, ...]]]:
    """Owner and items of each row."""
    return [
        (int(rows.owner[row]), tuple(rows.item[rows.indptr[row] : rows.indptr[row + 1]].tolist()))
        for row in range(len(rows))
    ]


def left_by_hand(rows: Rows, min_support: int) -> list[tuple[int, tuple[int, ...]]]:
    """The same by looking at every pair of every row; owners keep their numbers."""
    held = []
    for row in range(len(rows)):
        place = range(rows.indptr[row], rows.indptr[row + 1])
        held.append([int(rows.item[at]) for at in place if rows.weight[at] > 0])
    owners: dict[tuple[int, int], set[int]] = {}
    for owner, items in zip(rows.owner.tolist(), held, strict=True):
        for pair in permutations(items, 2):
            owners.setdefault(pair, set()).add(owner)
    left = []
    for owner, items in zip(rows.owner.tolist(), held, strict=True):
        crowd = [
            one
            for one in items
            if any(len(owners[one, two]) >= min_support for two in items if two != one)
        ]
        if crowd:
            left.append((owner, tuple(crowd)))
    return left


tables = st.builds(
    lambda seed, n_rows, n_items, n_owners: drawn(
        np.random.default_rng(seed), n_rows=n_rows, n_items=n_items, n_owners=n_owners
    ),
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(0, 40),
    n_items=st.integers(1, 12),
    n_owners=st.one_of(st.none(), st.integers(1, 12)),
)


@given(count=st.integers(0, 10**15), least=st.integers(0, 50))
def test_a_count_in_steps_is_never_more_than_it_is_nor_less_than_two_fifths(count, least):
    step = int(in_steps(np.array([count]), least=least)[0])

    if count < max(least, 1):
        assert step == 0
    else:
        assert 0.4 * count < step <= count
        assert str(step).strip("0") in {"1", "2", "5"}


@given(count=st.integers(0, 10**15), least=st.integers(0, 50))
def test_a_total_in_fine_steps_lacks_a_quarter_at_most(count, least):
    step = in_fine_steps(count, least=least)

    assert step <= count
    assert step >= 0.75 * count or count < 100
    assert in_fine_steps(count + 1, least=least) >= step
    assert step < least or in_fine_steps(step, least=least) == step


@given(rows=tables, min_support=st.integers(1, 6), small=st.booleans())
def test_what_is_left_is_what_counting_by_hand_leaves(rows, min_support, small):
    with pytest.MonkeyPatch.context() as patched:
        if small:
            patched.setattr(crowds, "BLOCK_PAIRS", 3)
            patched.setattr(crowds, "BLOCK_CELLS", 5)

        found = backed(rows, min_support=min_support)

    found.check()
    by_hand = left_by_hand(rows, min_support)
    number = {owner: at for at, owner in enumerate(sorted({owner for owner, _ in by_hand}))}
    assert contents(found) == [(number[owner], items) for owner, items in by_hand]
    assert (found.n_items, found.n_owners) == (rows.n_items, len(number))


@given(rows=tables, min_support=st.integers(1, 6))
def test_pairs_that_reach_the_crowd_keep_their_support(rows, min_support):
    wanted = {**LENIENT, "k": 50, "min_support": min_support, "backend": "scipy"}
    before = top_neighbours(rows, **wanted)

    after = top_neighbours(backed(rows, min_support=min_support), **wanted)

    for item in range(rows.n_items):
        assert dict(listed(after, item)) == dict(listed(before, item))


@given(rows=tables, min_support=st.integers(1, 6))
def test_a_second_time_takes_nothing_more(rows, min_support):
    once = backed(rows, min_support=min_support)

    twice = backed(once, min_support=min_support)

    assert contents(twice) == contents(once)


def test_weights_stay_with_their_entries():
    rows = table([0, 1, 2], [0, 2], owners=[0, 1], weights=[1, 2, 3, 4, 5])

    found = backed(rows, min_support=2)

    assert found.weight.tolist() == [1, 3, 4, 5]


def test_one_shopper_who_comes_again_and_again_is_no_crowd():
    rows = table([0, 1], [0, 1], [0, 1], owners=[0, 0, 1])

    assert len(backed(rows, min_support=3)) == 0
    assert len(backed(rows, min_support=2)) == 3


def test_progress_reaches_the_end_and_may_stop_the_work():
    rows, told = table([0, 1], [0, 1]), []

    backed(rows, min_support=1, progress=lambda done, total: told.append((done, total)))

    assert told[-1] == (2, 2)


def test_a_crowd_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least 1 shopper, got 0"):
        backed(Rows.empty(), min_support=0)
