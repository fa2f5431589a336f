"""Whatever is bought: what fewer than `min_buyers` shoppers share yields and moves nothing."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.interactions import Interactions
from persona_django.training import popularity, similarity
from persona_django.training.evidence import Evidence, behind_a_crowd, seen

K = 5
LLR = "llr"
"""Chance is reckoned against all orders, in steps: an order may be the one that reaches a step."""

buyers_and_items = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 8)), min_size=1, max_size=80
)


@given(bought=buyers_and_items, k=st.integers(3, 6))
def test_no_cell_with_fewer_than_k_buyers_ever_yields_anything(bought, k):
    with conf_of(min_buyers=k):
        evidence = evidence_of(bought, k)
        together = similarity.learn(similarity.rows_for_bought_together(evidence), _silent)
        similar = similarity.learn(similarity.rows_for_similar(evidence), _silent)
        shown = popularity.popular(evidence)

    buyers = {item: {who for who, what in bought if what == item} for _, item in bought}
    for arrays in (together, similar):
        found = similarity.neighbours_in(arrays)
        ids = arrays["item_ids"]
        for row in range(len(ids)):
            for at in range(found.indptr[row], found.indptr[row + 1]):
                both = buyers[int(ids[row])] & buyers[int(ids[found.item[at]])]
                assert len(both) >= k
                assert found.support[at] <= len(both)
    for item, people in buyers.items():
        assert (item in shown["group_id"].tolist()) == (len(people) >= k)


@given(bought=buyers_and_items, order=st.sets(st.integers(1, 8), min_size=1, max_size=4))
def test_an_order_whose_items_stay_below_k_is_invisible(bought, order):
    before = evidence_of(bought, K)
    after = evidence_of([*bought, *((999, item) for item in order)], K)
    buyers = {item: {who for who, what in bought if what == item} for item in order}
    if any(len(people) + 1 >= K for people in buyers.values()):
        return

    with conf_of(min_buyers=K):
        for rows in (similarity.rows_for_bought_together, similarity.rows_for_similar):
            first = similarity.learn(rows(before), _silent)
            second = similarity.learn(rows(after), _silent)
            assert first.keys() == second.keys()
            assert all(np.array_equal(first[name], second[name]) for name in first if name != LLR)
        assert all(
            np.array_equal(column, popularity.popular(after)[name])
            for name, column in popularity.popular(before).items()
        )


@given(bought=buyers_and_items, order=st.sets(st.integers(1, 8), min_size=1, max_size=4))
def test_an_order_whose_pairs_stay_below_k_is_invisible(bought, order):
    people: dict[int, set[int]] = {item: {999} for item in order}
    for who, what in bought:
        people.setdefault(what, set()).add(who)
    if any(len(people[one] & people[two]) >= K for one, two in combinations(order, 2)):
        return

    with conf_of(min_buyers=K):
        for rows in (similarity.rows_for_bought_together, similarity.rows_for_similar):
            before, after = (
                similarity.learn(rows(evidence_of(some, K)), _silent)
                for some in (bought, [*bought, *((999, item) for item in order)])
            )
            # How many shoppers have two items is told to the merchant, never on a page.
            for name in before.keys() - {"shoppers_with_two", LLR}:
                assert np.array_equal(before[name], after[name]), name


@pytest.mark.parametrize("order", [{7}, {1, 3}, {2, 4, 7}, {8, 9}])
def test_between_two_steps_not_even_the_likelihood_moves(order):
    bought = [(who, item) for who in range(6) for item in (1, 2)]
    bought += [(who, item) for who in range(20, 33) for item in (1,)]
    bought += [(who, item) for who in range(40, 53) for item in (2,)]
    bought += [(who, item) for who in range(60, 73) for item in (3, 4)]

    with conf_of(min_buyers=K):
        for rows in (similarity.rows_for_bought_together, similarity.rows_for_similar):
            before, after = (
                similarity.learn(rows(evidence_of(some, K)), _silent)
                for some in (bought, [*bought, *((999, item) for item in order)])
            )
            assert len(before[LLR]) == 4
            assert np.array_equal(before[LLR], after[LLR])


def test_the_only_pair_of_a_small_shop_is_learnt_from_all_the_orders_that_lack_it():
    bought = [(who, item) for who in range(6) for item in (1, 2)]
    bought += [(who, 3 + who) for who in range(100, 160)]

    with conf_of(min_buyers=K, min_log_likelihood=3.84):
        for rows in (similarity.rows_for_bought_together, similarity.rows_for_similar):
            found = similarity.learn(rows(evidence_of(bought, K)), _silent)
            assert found["item_ids"].tolist() == [1, 2]
            assert similarity.neighbours_in(found).item.tolist() == [1, 0]


def test_what_is_in_almost_every_order_goes_with_nothing_in_particular():
    """Bread is bought with jam by a crowd, but far more often without."""
    bread, jam = 1, 2
    bought = [(who, item) for who in range(6) for item in (bread, jam)]
    bought += [(who, bread) for who in range(100, 400)]
    bought += [(who, jam) for who in range(500, 506)]

    with conf_of(min_buyers=K, min_log_likelihood=3.84):
        found = similarity.learn(
            similarity.rows_for_bought_together(evidence_of(bought, K)), _silent
        )

    assert similarity.neighbours_in(found).item.tolist() == []


@given(bought=buyers_and_items)
def test_a_pair_below_k_adds_no_buyer_to_any_other_pair(bought):
    """Items above k each, together below it: their lists may not name each other."""
    with conf_of(min_buyers=K):
        arrays = similarity.learn(
            similarity.rows_for_bought_together(evidence_of(bought, K)), _silent
        )
    found, ids = similarity.neighbours_in(arrays), arrays["item_ids"]
    named = {
        (int(ids[row]), int(ids[other]))
        for row in range(len(ids))
        for other in found.item[found.indptr[row] : found.indptr[row + 1]]
    }
    people: dict[int, set[int]] = {}
    for who, what in bought:
        people.setdefault(what, set()).add(who)
    for one, other in combinations(people, 2):
        if len(people[one] & people[other]) < K:
            assert (one, other) not in named and (other, one) not in named


def evidence_of(bought: list[tuple[int, int]], k: int) -> Evidence:
    n = len(bought)
    who, what = (np.array(column, dtype=np.int64) for column in zip(*bought, strict=True))
    nothing = np.empty(0, dtype=np.int64)
    lines = Interactions(
        shopper=who,
        item=what,
        at=np.full(n, 1_000_000, dtype=np.int64),
        weight=np.ones(n, dtype=np.float32),
        basket=who,
    )
    none = Interactions(
        shopper=nothing, item=nothing, at=nothing, weight=nothing.astype(np.float32)
    )
    return Evidence(
        browsed=none,
        aggregated=none,
        bought=behind_a_crowd(lines, crowd=k),
        bought_seen=seen(lines),
        rows_read=n,
        now=1_000_000,
        seconds=0.0,
    )


def conf_of(*, min_buyers: int, min_log_likelihood: float = 0.0) -> override_settings:
    """Settings for the arithmetic of one example; the gate of chance is open unless asked for."""
    return override_settings(
        PERSONA={
            **settings.PERSONA,
            "MIN_BUYERS": min_buyers,
            "MIN_LOG_LIKELIHOOD": min_log_likelihood,
            "MIN_SUPPORT": 1,
            "SIMILARITY_BACKEND": "scipy",
        }
    )


def _silent(done: int, total: int) -> None:
    pass
