"""Whatever is bought: what fewer than `min_buyers` shoppers share yields and moves nothing."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from django.conf import settings
from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from persona_django.numeric.interactions import Interactions
from persona_django.training import popularity, similarity
from persona_django.training.evidence import Evidence, behind_a_crowd, seen

K = 5
LLR = "llr"
CHANCE = frozenset({LLR, "leading", "everyone"})
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
            same = first.keys() - {LLR, "everyone"}
            assert all(np.array_equal(first[name], second[name]) for name in same)
        assert all(
            np.array_equal(column, popularity.popular(after)[name])
            for name, column in popularity.popular(before).items()
            # How many were read is a figure for staff, and in no list.
            if name != "people"
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
            for name in before.keys() - CHANCE - {"shoppers_with_two"}:
                assert np.array_equal(before[name], after[name]), name


baskets_and_buyers = st.lists(
    st.tuples(st.sets(st.integers(1, 6), min_size=1, max_size=3), st.integers(1, 14)),
    min_size=1,
    max_size=8,
)
"""What is ordered together, and by how many customers."""
NEARLY = [({1, 2}, 6), ({1}, 6), ({2}, 6), ({3, 4}, 6), ({5}, 25)]
"""49 orders, one short of a step. 1 and 2 meet as often as chance has it, 3 and 4 more often."""
ENOUGH = [({1, 2}, 6), ({1}, 9), ({2}, 6), ({3, 4}, 6), ({5}, 25)]
"""52 orders. 1 and 2 meet more often than chance has it; one more order of 1 alone is a step."""


@given(baskets=baskets_and_buyers, order=st.sets(st.integers(1, 8), min_size=1, max_size=3))
@example(baskets=NEARLY, order={8})
@example(baskets=NEARLY, order={1, 8})
@example(baskets=NEARLY, order={1, 3})
@example(baskets=ENOUGH, order={1})
@example(baskets=ENOUGH, order={1, 8})
@example(baskets=ENOUGH, order={1, 3})
@example(baskets=ENOUGH, order={8})
def test_one_order_moves_at_most_pairs_of_a_crowd_across_the_gate_of_chance(baskets, order):
    """At the gate of a shop that sets nothing. Most orders reach no step: then nothing moves."""
    bought = one_order_each(baskets)
    people = buyers_of([*bought, *((999, item) for item in order)])
    if any(len(people[one] & people[two]) >= K for one, two in combinations(order, 2)):
        return

    for rows in (similarity.rows_for_bought_together, similarity.rows_for_similar):
        before, after = (
            listed(rows, some, min_log_likelihood=3.84)
            for some in (bought, [*bought, *((999, item) for item in order)])
        )
        odds_before, odds_after = (
            {pair: llr for pair, (_, llr) in listed(rows, some, min_log_likelihood=0).items()}
            for some in (bought, [*bought, *((999, item) for item in order)])
        )

        stay = before.keys() & after.keys()
        assert [pair for pair in before if pair in stay] == [
            pair for pair in after if pair in stay
        ]
        assert all(before[pair][0] == after[pair][0] for pair in stay)
        for pair in before.keys() ^ after.keys():
            assert len(people[pair[0]] & people[pair[1]]) >= K
            assert (odds_before[pair] >= 3.84) != (odds_after[pair] >= 3.84)
        if steps_reached(bought) == steps_reached([*bought, *((999, item) for item in order)]):
            assert list(before.items()) == list(after.items())


def test_the_examples_of_steps_are_what_they_say():
    for baskets, order, moved in (
        (NEARLY, {8}, {(1, 2), (2, 1)}),
        (ENOUGH, {1, 8}, {(1, 2), (2, 1)}),
        (ENOUGH, {8}, set()),
    ):
        bought = one_order_each(baskets)
        before, after = (
            listed(similarity.rows_for_bought_together, some, min_log_likelihood=3.84)
            for some in (bought, [*bought, *((999, item) for item in order)])
        )
        assert before.keys() ^ after.keys() == moved
        assert (3, 4) in before and (3, 4) in after


@pytest.mark.parametrize("support", [K - 1, K, K + 1])
@pytest.mark.parametrize("rows", ["rows_for_bought_together", "rows_for_similar"])
def test_at_the_usual_gate_a_pair_is_listed_from_exactly_k_buyers_on(support, rows):
    bought = one_order_each([({1, 2}, support), ({1}, 3), ({2}, 3), ({3}, 150)])

    found = listed(getattr(similarity, rows), bought, min_log_likelihood=3.84)

    assert found.keys() == ({(1, 2), (2, 1)} if support >= K else set())


def listed(rows, bought, *, min_log_likelihood: float) -> dict[tuple[int, int], tuple]:
    """Pairs in the order of the lists: what a list is made of, and the likelihood behind it."""
    with conf_of(min_buyers=K, min_log_likelihood=min_log_likelihood):
        arrays = similarity.learn(rows(evidence_of(bought, K)), _silent)
    found, ids = similarity.neighbours_in(arrays), arrays["item_ids"]
    return {
        (int(ids[row]), int(ids[found.item[at]])): (
            (float(found.score[at]), int(found.support[at])),
            float(found.llr[at]),
        )
        for row in range(len(ids))
        for at in range(found.indptr[row], found.indptr[row + 1])
    }


def one_order_each(baskets) -> list[tuple[int, int]]:
    """Who bought what, when every customer orders once."""
    people = [items for items, n in baskets for _ in range(n)]
    return [(who, item) for who, items in enumerate(people) for item in sorted(items)]


def buyers_of(bought) -> dict[int, set[int]]:
    people: dict[int, set[int]] = {}
    for who, item in bought:
        people.setdefault(item, set()).add(who)
    return people


def steps_reached(bought) -> tuple[int, dict[int, int]]:
    """All there is that chance may be told of, counted over again by hand and with sets.

    How many orders there are; and of each item that belongs to a pair of a crowd, how many
    orders hold it outside all such pairs.
    """
    people = buyers_of(bought)
    together: dict[int, set[int]] = {}
    for one, other in combinations(people, 2):
        both = people[one] & people[other]
        if len(both) >= K:
            for item in (one, other):
                together[item] = together.get(item, set()) | both
    outside = {item: step(len(people[item] - both)) for item, both in together.items()}
    return step(len({who for who, _ in bought})), outside


def step(n: int) -> int:
    """The highest of 5, 10, 20, 50, 100 that is reached."""
    return max((at for at in (5, 10, 20, 50, 100) if at <= n), default=0)


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
            for name in CHANCE:
                assert np.array_equal(before[name], after[name]), name


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
