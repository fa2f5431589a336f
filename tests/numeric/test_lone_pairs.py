"""What too many visits to the same two things, and to nothing else, may say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import lone_pairs
from persona_django.numeric.interactions import Interactions
from persona_django.numeric.lone_pairs import rows_that_count, visits_that_count
from persona_django.numeric.rows import Rows

TIMES, LEAST = 5.0, 3
OTHERS = [(10, 11, 12)] * 50 + [(20, 21, 22)] * 50
"""A hundred rows of more than two things, as many as there must be."""


def rows_of(held: list[tuple[int, ...]], owner: list[int] | None = None) -> Rows:
    items = [item for row in held for item in sorted(row)]
    owners = np.arange(len(held)) if owner is None else np.array(owner)
    return Rows(
        indptr=np.cumsum([0, *map(len, held)]),
        item=np.array(items, np.int32),
        weight=np.ones(len(items), np.float32),
        owner=owners.astype(np.int32),
        n_items=30,
        n_owners=int(owners.max(initial=-1)) + 1,
    )


def counted(held: list[tuple[int, ...]], owner: list[int] | None = None) -> np.ndarray:
    return rows_that_count(rows_of(held, owner), most_times=TIMES, least=LEAST)


def test_two_things_that_nobody_saw_among_others_count_a_few_times_only():
    held = [(0, 1)] * 40 + OTHERS

    found = counted(held)

    assert found[:40].sum() == LEAST
    assert found[40:].all()


def test_two_things_that_others_bear_out_count_as_often_as_is_usual_and_five_times_that():
    borne_out = [(0, 1, 2)] * 20
    # 60 rows of two for 120 of more: half as many are usual, and five times that of 20 are 50.
    held = [(0, 1)] * 60 + borne_out + OTHERS

    assert counted(held)[:60].sum() == 50


def test_pairs_of_a_large_shop_are_borne_out_as_those_of_a_small_one():
    """Item times item is more than four bytes hold."""
    last = (60_000, 60_001)
    rows = rows_of([last] * 300 + [(*last, 60_002)] * 300)

    found = rows_that_count(replace(rows, n_items=70_000), most_times=TIMES, least=LEAST)

    assert found.all()


def test_whoever_comes_again_and_again_bears_out_no_more_than_one():
    held = [(0, 1)] * 40 + [(0, 1, 2)] * 20 + OTHERS
    owner = [*range(40), *[99] * 20, *range(200, 300)]

    assert counted(held, owner)[:40].sum() == LEAST


def test_one_of_each_owner_counts_before_the_second_of_any():
    held = [(0, 1)] * 10 + OTHERS
    owner = [5, 5, 5, 5, 6, 6, 6, 7, 7, 7, *range(100, 200)]

    assert np.flatnonzero(counted(held, owner)[:10]).tolist() == [0, 4, 7]


def test_while_nobody_knows_what_is_usual_all_counts():
    assert counted([(0, 1)] * 40 + OTHERS[1:]).all()


def test_a_shop_in_which_most_come_for_two_things_is_left_as_it_is():
    """What is usual is the shop's own: of ten visits nine are to two things here, and by chance
    nobody looked at 0 and 1 and at something else."""
    usual = [(4 + n % 3, 7 + n % 3) for n in range(880)] + [(0, 1)] * 20
    borne_out = [(4 + n % 3, 7 + n % 3, 12) for n in range(100)]

    assert counted(usual + borne_out).all()


@given(st.data())
def test_only_rows_of_a_pair_go_and_never_below_what_may_count(data):
    n = data.draw(st.integers(0, 60))
    rows = st.lists(st.integers(0, 6), min_size=0, max_size=4, unique=True).map(tuple)
    held = data.draw(st.lists(rows, min_size=n, max_size=n)) + OTHERS
    owner = data.draw(st.lists(st.integers(0, 20), min_size=len(held), max_size=len(held)))

    found = counted(held, owner)

    two = [set(row) for row in held if len(row) == 2]
    longer = sum(len(row) > 2 for row in held)
    for pair in two:
        same = [set(row) == pair for row in held]
        behind = {who for row, who in zip(held, owner, strict=True) if pair < set(row)}
        most = max(int(TIMES * len(two) / longer * max(len(behind), 1)), LEAST)
        assert found[same].sum() == min(sum(same), most)
    assert all(kept for row, kept in zip(held, found, strict=True) if len(row) != 2)


def test_an_owner_of_several_rows_bears_out_once_though_there_are_as_many_codes_as_rows():
    held = [(0, 1)] * 40 + [(0, 1, 2)] * 20 + OTHERS
    rows = rows_of(held, [*range(40), *[99] * 20, *range(100, 200)])

    found = rows_that_count(replace(rows, n_owners=len(held)), most_times=TIMES, least=LEAST)

    assert found[:40].sum() == LEAST


def test_pairs_are_looked_up_a_block_at_a_time(monkeypatch):
    held = [(0, 1)] * 10 + [(0, 2)] * 10 + [(0, 1, 2)] * 8 + [(3, 4)] * 9 + OTHERS
    at_once = counted(held)

    monkeypatch.setattr(lone_pairs, "BLOCK_PLACES", 1)

    assert np.array_equal(counted(held), at_once)
    assert not at_once.all()


def test_of_visits_every_look_of_those_that_do_not_count_goes():
    looks = [(who, item, 60 * place) for who in range(20) for place, item in enumerate([1, 2, 1])]
    looks += [(100 + who, item, 60 * item) for who in range(100) for item in (7, 8, 9)]
    # An hour later: another visit, of which nothing else is known.
    looks += [(19, 5, 7_200)]
    shopper, item, at = (np.array(column) for column in zip(*looks, strict=True))
    seen = Interactions(shopper=shopper, item=item, at=at, weight=np.ones(len(looks), np.float32))

    found = visits_that_count(seen, gap_seconds=1_800, most_times=TIMES, least=LEAST)

    assert found[:60].reshape(20, 3).all(axis=1).sum() == LEAST
    assert found[:60].sum() == 3 * LEAST
    assert found[60:].all()


def test_of_nothing_nothing_counts():
    nothing = np.empty(0, np.int64)
    seen = Interactions(shopper=nothing, item=nothing, at=nothing, weight=np.empty(0, np.float32))

    assert not len(visits_that_count(seen, gap_seconds=1, most_times=TIMES, least=LEAST))


def test_options_out_of_their_range_are_refused():
    with pytest.raises(ValueError, match="1 time or more"):
        rows_that_count(rows_of([]), most_times=0.9, least=1)
    with pytest.raises(ValueError, match="at least 1 row"):
        rows_that_count(rows_of([]), most_times=1.0, least=0)
