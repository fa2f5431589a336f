"""Figures between a floor and a ceiling: right on hand-made cases, ordered on simulated ones."""

from __future__ import annotations

import numpy as np
import pytest

from example_shop.simulator.history import History, Lines, Orders, Searches, Views
from example_shop.simulator.oracle import best
from example_shop.simulator.scoring import (
    LONG,
    bought_by,
    judge_similar,
    judge_together,
    pairs_of_orders,
    pairs_of_shoppers,
)
from example_shop.simulator.world import Family, simulate


def history(orders: list[tuple[int, list[int]]], *, unpaid: int = -1) -> History:
    """Orders as (shopper, products); looks are the same products."""
    order = np.array([n for n, (_, products) in enumerate(orders) for _ in products])
    product = np.array([one for _, products in orders for one in products])
    shopper = np.array([who for who, _ in orders])
    none = np.zeros(len(order), dtype=np.int64)
    return History(
        orders=Orders(
            shopper=shopper,
            at=np.arange(len(orders)),
            paid=np.arange(len(orders)) != unpaid,
        ),
        lines=Lines(
            order=order,
            product=product,
            variant=product,
            quantity=none + 1,
            price=none + 100,
            full_price=none + 100,
            refunded=none,
            refunded_at=none,
            reason=none,
        ),
        views=Views(
            shopper=shopper[order],
            visit=order,
            kind=none + 1,
            product=product,
            variant=product,
            at=order,
        ),
        searches=Searches(
            shopper=none[:0], visit=none[:0], at=none[:0], words=np.array([], dtype=str)
        ),
        robot_is_honest=np.zeros(0, dtype=bool),
    )


def test_pairs_of_an_order_are_counted_both_ways_and_unpaid_orders_not_at_all():
    bought = history([(0, [1, 2]), (1, [1, 3]), (2, [4])], unpaid=1)

    assert sorted(map(tuple, pairs_of_orders(bought).tolist())) == [(1, 2), (2, 1)]


def test_buyers_of_a_pair_are_counted_once_however_often_they_buy_it():
    counts = bought_by(history([(0, [1, 2]), (0, [1, 2]), (7, [2, 1]), (8, [1, 3])]), 4)

    assert counts[1, 2] == counts[2, 1] == 2
    assert counts[1, 3] == 1
    assert counts[2, 3] == counts[1, 1] == 0


def test_only_the_newest_looks_of_a_busy_shopper_make_pairs():
    looked = history([(0, [n]) for n in range(30)])

    pairs = pairs_of_shoppers(looked, most=3)

    assert set(pairs.ravel().tolist()) == {27, 28, 29}
    assert len(pairs) == 6


def test_the_best_of_a_row_are_in_order_and_never_the_row_itself():
    score = np.array([[9.0, 1.0, 2.0], [5.0, 9.0, 4.0], [1.0, 7.0, 9.0]], dtype=np.float32)

    assert best(score, 2).tolist() == [[2, 1], [0, 2], [1, 0]]


@pytest.mark.parametrize("family", list(Family), ids=lambda family: family.value)
def test_the_oracle_reaches_its_own_ceiling_and_chance_its_floor(family):
    world = simulate(shoppers=300, products=200, seed=1, family=family)
    truth = world.oracle.expected
    nothing = np.full((200, LONG), -1, dtype=np.int64)

    for judge, score in (
        (judge_similar, truth.co_interest),
        (judge_together, truth.together),
    ):
        by_truth = judge(world, best(score, LONG))
        by_nobody = judge(world, nothing)

        next_month = [one for one in by_truth if "next month" in one.measure]
        assert all(one.found == one.ceiling > 2 * one.floor for one in next_month)
        assert all(one.found == 0.0 for one in by_nobody)
        assert all("floor" in one.line() and str(one.cases) for one in by_truth)


def test_lists_made_from_what_was_bought_lie_between_floor_and_ceiling():
    world = simulate(shoppers=800, products=200, seed=1)
    counts = bought_by(world.history, 200).astype(np.float32)
    sold = np.maximum(np.sqrt(np.bincount(world.history.lines.product, minlength=200)), 1)

    measured = judge_together(world, best(counts / sold / sold[:, None], LONG))

    assert all(one.floor < one.found <= one.ceiling for one in measured)
    assert measured[0].as_dict()["cases"] == len(world.oracle.partners.product)
