"""Two kinds of evidence make one list, by hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.numeric.chance import People
from persona_django.training import join as joining
from persona_django.training.join import Part, join, people_behind
from tests.similarity.made import neighbours


def part(lists, *, squares: float, item_support: int = 100) -> Part:
    found, ids = neighbours(lists, item_support=item_support)
    return Part(
        neighbours=found,
        item_ids=ids,
        squares=np.full(len(ids), squares),
        people=People.of_one_kind(found.item_support, 1_000, crowd=3),
    )


def listed(found, ids) -> dict[int, list[tuple[int, float, int]]]:
    return {
        int(ids[row]): [
            (int(ids[found.item[at]]), round(float(found.score[at]), 4), int(found.support[at]))
            for at in range(found.indptr[row], found.indptr[row + 1])
        ]
        for row in range(len(ids))
        if found.indptr[row] < found.indptr[row + 1]
    }


@pytest.fixture(params=[1, 4_096], autouse=True)
def _whatever_the_size_of_a_block(request, monkeypatch):
    monkeypatch.setattr(joining, "BLOCK_ITEMS", request.param)


def test_one_kind_of_evidence_is_taken_as_it_is():
    only = part({1: [(2, 0.5, 9)], 2: [(1, 0.5, 9)]}, squares=4.0)

    assert listed(*join(only, k=5, discount=0.5)) == {1: [(2, 0.5, 9)], 2: [(1, 0.5, 9)]}


@pytest.mark.parametrize("parts", [(), (part({}, squares=1.0),) * 2])
def test_no_evidence_gives_no_list(parts):
    found, ids = join(*parts, k=5, discount=0.5)

    assert (len(ids), len(found.item), found.indptr.tolist()) == (0, 0, [0])


def test_a_kind_that_found_no_pair_weighs_on_the_norms_all_the_same():
    browsed = part({1: [(2, 0.5, 9)]}, squares=4.0)
    bought = part({1: [], 2: []}, squares=12.0)

    for parts in ((browsed, bought), (bought, browsed)):
        # The product 0.5 * 4 over norms squared of 4 + 12.
        assert listed(*join(*parts, k=5, discount=0.5))[1] == [(2, 0.125, 9)]


def test_kinds_that_found_no_pair_give_items_without_lists():
    found, ids = join(*(part({1: [], 2: []}, squares=1.0),) * 2, k=5, discount=0.5)

    assert (ids.tolist(), found.indptr.tolist(), len(found.item)) == ([1, 2], [0, 0, 0], 0)


def test_a_pair_cut_from_the_list_of_one_of_its_items_counts_for_both():
    # In the first kind item 1 has no room for item 2, but item 2 names item 1.
    browsed = part({1: [(3, 0.9, 9)], 2: [(1, 0.8, 9)]}, squares=1.0)
    bought = part({1: [(2, 0.8, 6)], 2: [(1, 0.8, 6)]}, squares=1.0)

    found = listed(*join(browsed, bought, k=1, discount=0.5))

    assert found[1] == [(2, 0.8, 9)]
    assert found[2] == [(1, 0.8, 9)]


def test_three_kinds_of_evidence_add_up_like_two():
    kinds = [part({1: [(2, score, 9)]}, squares=1.0) for score in (0.3, 0.6, 0.9)]

    assert listed(*join(*kinds, k=5, discount=0.5))[1] == [(2, 0.6, 9)]


def test_products_add_up_and_norms_too():
    # Item norms squared: 4 from browsing, 1 from purchases, 5 in all. The pair's product is
    # 0.5 * 4 + 0.8 * 1 = 2.8, so its cosine is 2.8 / 5.
    browsed = part({1: [(2, 0.5, 9)]}, squares=4.0)
    bought = part({1: [(2, 0.8, 6)]}, squares=1.0)

    assert listed(*join(browsed, bought, k=5, discount=0.5))[1] == [(2, 0.56, 9)]


def test_a_pair_that_only_one_kind_knows_is_weighed_against_all_of_both():
    browsed = part({1: [(2, 0.5, 9)], 3: []}, squares=4.0)
    bought = part({1: [(3, 0.8, 6)], 2: []}, squares=1.0)

    found = listed(*join(browsed, bought, k=5, discount=0.5))

    assert found[1] == [(2, 0.4, 9), (3, 0.16, 6)]


def test_supports_are_never_added_because_one_shopper_may_be_in_both():
    browsed = part({1: [(2, 0.5, 9)]}, squares=1.0, item_support=20)
    bought = part({1: [(2, 0.5, 11)]}, squares=1.0, item_support=15)

    found, ids = join(browsed, bought, k=5, discount=0.5)

    assert listed(found, ids)[1][0][2] == 11
    assert found.item_support.tolist() == [20, 20]


def test_only_the_best_are_kept_and_equal_scores_stand_in_order_of_item():
    browsed = part({1: [(2, 0.5, 9), (4, 0.5, 9), (5, 0.2, 9)]}, squares=1.0)
    bought = part({1: [(3, 0.5, 9), (6, 0.1, 9)], 9: [(1, 0.05, 9)]}, squares=1.0)

    found = listed(*join(browsed, bought, k=2, discount=0.5))

    assert [other for other, *_ in found[1]] == [2, 3]
    assert [other for other, *_ in found[9]] == [1]


@pytest.mark.parametrize("discount", [0.3, 0.5, 0.8])
def test_splitting_evidence_that_agrees_changes_no_score(discount):
    # Twice the same evidence: product and squared norms double, and so does each power of two.
    one = part({1: [(2, 0.5, 9)]}, squares=3.0)
    found = listed(*join(one, one, k=5, discount=discount))

    assert found[1][0][1] == pytest.approx(0.5 * 2 / 4**discount, abs=1e-4)


def test_each_kind_of_evidence_keeps_its_own_people():
    browsed = part({1: [(3, 0.5, 9)]}, squares=1.0, item_support=20)
    bought = part({2: [(3, 0.5, 11)]}, squares=1.0, item_support=15)
    _, ids = join(browsed, bought, k=5, discount=0.5)

    people = people_behind(browsed, bought, item_ids=ids)

    assert ids.tolist() == [1, 2, 3]
    assert people.leading.tolist() == [[20, 0, 20], [0, 15, 15]]
    assert people.everyone.tolist() == [1_000, 1_000]


def test_where_nothing_was_learnt_there_are_no_people():
    assert people_behind(item_ids=np.empty(0, np.int64)).leading.shape == (0, 0)
