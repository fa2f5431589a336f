"""Lists that are kept up with what comes in are those that learning everything would give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.increments import Increment, Learnt, differing, incremented, replaced
from persona_django.numeric.near_misses import NearMisses, near_misses
from persona_django.numeric.neighbours import Neighbours, Trials, Wish, top_neighbours
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import log_likelihood_ratio

ITEMS, OWNERS = 7, 12
Basket = dict[int, float]

baskets = st.dictionaries(
    st.integers(0, ITEMS - 1), st.sampled_from([0.25, 0.5, 1.0, 2.0]), max_size=5
)
changes = st.dictionaries(st.integers(0, OWNERS + 2), baskets, min_size=1, max_size=4)
wishes = st.builds(
    Wish,
    k=st.sampled_from([2, ITEMS]),
    min_support=st.integers(1, 3),
    min_llr=st.just(0.0),
    prior=st.sampled_from([0.0, 10.0]),
    discount=st.sampled_from([0.5, 0.75]),
)
GENEROUS = Wish(k=ITEMS, min_support=2, min_llr=0.0, prior=2.0, discount=0.5)


def rows_of(given: dict[int, Basket], *, n_items: int = ITEMS, n_owners: int = 0) -> Rows:
    """One row for each owner given, in order."""
    owners = sorted(given)
    entries = [sorted(given[owner].items()) for owner in owners]
    return Rows(
        indptr=np.concatenate([[0], np.cumsum([len(row) for row in entries])]).astype(np.int64),
        item=np.array([item for row in entries for item, _ in row], np.int32),
        weight=np.array([weight for row in entries for _, weight in row], np.float32),
        owner=np.array(owners, np.int32),
        n_items=n_items,
        n_owners=n_owners or len(owners),
    )


def learnt_from(rows: Rows, wish: Wish) -> Learnt:
    return Learnt(rows=rows, neighbours=full(rows, wish), near=near_misses(rows, wish), wish=wish)


def full(rows: Rows, wish: Wish) -> Neighbours:
    return top_neighbours(rows, backend="scipy", **vars(wish))


def lists(found: Neighbours) -> list[dict[int, tuple[float, int]]]:
    return [
        {
            int(found.item[at]): (float(found.score[at]), int(found.support[at]))
            for at in range(found.indptr[item], found.indptr[item + 1])
        }
        for item in range(len(found.item_support))
    ]


def same(mine: dict[int, tuple[float, int]], other: dict[int, tuple[float, int]]) -> bool:
    return mine.keys() == other.keys() and all(
        mine[item] == (pytest.approx(other[item][0], rel=1e-5), other[item][1]) for item in mine
    )


def after(before: dict[int, Basket], change: dict[int, Basket]) -> dict[int, Basket]:
    everyone = max([*before, *change]) + 1
    return {owner: change.get(owner, before.get(owner, {})) for owner in range(everyone)}


@given(before=st.lists(baskets, min_size=OWNERS, max_size=OWNERS), change=changes, wish=wishes)
def test_with_every_touched_item_counted_the_lists_are_those_of_learning_everything(
    before, change, wish
):
    before = dict(enumerate(before))
    whole = after(before, change)
    now = rows_of(change, n_owners=len(whole))

    found = incremented(learnt_from(rows_of(before), wish), now, share=0.0, tolerance=0.0)

    wanted = full(rows_of(whole), wish)
    touched = found.counted
    mine, theirs = lists(found.neighbours), lists(wanted)
    assert all(same(mine[item], theirs[item]) for item in np.flatnonzero(touched))
    if wish.k == ITEMS:
        assert all(map(same, mine, theirs))
    assert found.neighbours.item_support.tolist() == wanted.item_support.tolist()
    assert found.neighbours.owners == wanted.owners


@given(
    before=st.lists(baskets, min_size=OWNERS, max_size=OWNERS),
    owner=st.integers(0, OWNERS),
    basket=baskets,
    llr=st.sampled_from([0.0, 0.5]),
)
def test_one_shopper_more_is_known_without_counting_anything(before, owner, basket, llr):
    before = dict(enumerate(before))
    whole = after(before, {owner: basket})
    wish = replace(GENEROUS, min_llr=llr)
    learnt = learnt_from(rows_of(before), wish)
    now = rows_of({owner: basket}, n_owners=len(whole))

    found = incremented(learnt, now, share=1.0, tolerance=0.0)

    assert not found.counted.any()
    mine, theirs = lists(found.neighbours), lists(full(rows_of(whole), wish))
    for ours, wanted in zip(mine, theirs, strict=True):
        # What is listed is right; only chance, which everybody moves a little, may bring more.
        assert same(ours, {item: wanted.get(item) or (0.0, 0) for item in ours})
        assert llr or ours.keys() == wanted.keys()


@given(rows=st.lists(baskets, max_size=OWNERS), wish=wishes, llr=st.sampled_from([0.0, 1.0, 3.84]))
def test_a_near_miss_is_whom_one_more_owner_would_let_in(rows, wish, llr):
    rows, wish = rows_of(dict(enumerate(rows))), replace(wish, min_llr=llr)
    of_item, total = Trials.of(rows).of_item, len(rows)

    def passes(support: int, one: int, other: int) -> bool:
        counts = [np.array([max(int(of_item[item]), support)]) for item in (one, other)]
        surprise = float(log_likelihood_ratio(np.array([support]), *counts, total)[0])
        return support >= wish.min_support and surprise >= llr

    wanted = {}
    for one in range(ITEMS):
        for other in range(one + 1, ITEMS):
            products = [
                a[one] * a[other]
                for a in (row_of(rows, number) for number in range(total))
                if one in a and other in a
            ]
            both = len(products)
            if both and not passes(both, one, other) and passes(both + 1, one, other):
                wanted[one, other] = (both, pytest.approx(sum(products)))

    near = near_misses(rows, wish)
    pairs = zip(near.first.tolist(), near.second.tolist(), strict=True)
    told = zip(near.support.tolist(), near.product.tolist(), strict=True)
    assert dict(zip(pairs, told, strict=True)) == wanted


def row_of(rows: Rows, number: int) -> Basket:
    part = slice(rows.indptr[number], rows.indptr[number + 1])
    return dict(zip(rows.item[part].tolist(), rows.weight[part].tolist(), strict=True))


def three_shoppers() -> dict[int, Basket]:
    return {0: {0: 1.0, 1: 1.0}, 1: {0: 1.0, 1: 1.0, 2: 1.0}, 2: {3: 1.0}}


def told(increment: Increment, item: int) -> list[int]:
    return [*lists(increment.neighbours)[item]]


class TestWhatAShopWouldSee:
    def test_a_new_item_stands_in_lists_as_soon_as_it_has_its_crowd(self):
        before = learnt_from(rows_of(three_shoppers()), GENEROUS)
        both = {0: 1.0, 1: 1.0, ITEMS: 1.0}

        one = incremented(
            before, rows_of({0: both}, n_items=ITEMS + 1, n_owners=3), share=0.5, tolerance=0.0
        )
        two = incremented(
            before,
            rows_of({0: both, 3: both}, n_items=ITEMS + 1, n_owners=4),
            share=0.5,
            tolerance=0.0,
        )

        assert told(one, ITEMS) == []
        assert sorted(told(two, ITEMS)) == [0, 1]
        assert ITEMS in told(two, 0)
        assert two.changed[[0, 1, ITEMS]].all() and not two.changed[3]

    def test_who_is_erased_is_behind_nothing_any_more(self):
        before = learnt_from(rows_of(three_shoppers()), GENEROUS)
        assert told(incremented(before, rows_of({2: {}}, n_owners=3), share=1, tolerance=0), 0)

        found = incremented(before, rows_of({1: {}}, n_owners=3), share=1.0, tolerance=0.0)

        assert told(found, 0) == []
        assert found.changed.tolist() == [True, True, *[False] * 5]

    def test_a_score_that_hardly_moved_leaves_its_list_as_it_was(self):
        many = {owner: {0: 1.0, 1: 1.0} for owner in range(60)}
        before = learnt_from(rows_of(many), GENEROUS)
        now = rows_of({60: {0: 1.0, 1: 1.0}}, n_owners=61)

        loose = incremented(before, now, share=1.0, tolerance=0.05)
        strict = incremented(before, now, share=1.0, tolerance=0.0)

        assert not loose.changed.any()
        assert strict.changed[:2].all()
        assert loose.multiply_adds == 4

    def test_nothing_comes_of_nothing(self):
        before = learnt_from(rows_of(three_shoppers()), GENEROUS)

        found = incremented(before, rows_of({}, n_owners=3), share=0.1, tolerance=0.0)

        assert not found.changed.any() and found.multiply_adds == 0
        assert lists(found.neighbours) == lists(before.neighbours)


def test_the_table_has_the_rows_as_they_are_now():
    table = replaced(rows_of(three_shoppers()), rows_of({1: {5: 2.0}, 4: {0: 1.0}}, n_owners=5))

    assert [row_of(table, number) for number in range(5)] == [
        {0: 1.0, 1: 1.0},
        {5: 2.0},
        {3: 1.0},
        {},
        {0: 1.0},
    ]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"owner": np.array([1, 0], np.int32)}, "ascending"),
        ({"n_items": ITEMS - 1}, "all items and owners"),
        ({"n_owners": 2}, "all items and owners"),
        ({"weight": np.array([1.0, -1.0], np.float32)}, "weights"),
        ({"weight": np.array([1.0, 0.0], np.float32)}, "above 0"),
    ],
)
def test_what_cannot_be_an_increment_is_refused(now: dict[str, Any], told: str):
    before = learnt_from(rows_of(three_shoppers()), GENEROUS)
    rows = rows_of({0: {0: 1.0}, 1: {0: 1.0}}, n_owners=3)

    with pytest.raises(ValueError, match=told):
        incremented(before, replace(rows, **now), share=0.1, tolerance=0.0)


@pytest.mark.parametrize(("share", "tolerance"), [(-0.1, 0.0), (1.5, 0.0), (0.1, -1.0)])
def test_a_share_and_a_tolerance_out_of_range_are_refused(share, tolerance):
    before = learnt_from(rows_of(three_shoppers()), GENEROUS)

    with pytest.raises(ValueError, match="must"):
        incremented(before, rows_of({}, n_owners=3), share=share, tolerance=tolerance)


def test_where_owners_have_several_rows_near_misses_are_refused():
    rows = replace(rows_of(three_shoppers()), owner=np.zeros(3, np.int32))

    with pytest.raises(ValueError, match="one row"):
        near_misses(rows, GENEROUS)


def test_lists_of_other_lengths_are_compared_by_what_is_in_them():
    before = Neighbours.empty(n_items=2)
    grown = full(rows_of(three_shoppers()), GENEROUS)

    assert differing(before, grown, tolerance=0.0).tolist() == [True, True, *[False] * 5]
    assert len(NearMisses.none()) == 0
