"""Customers' orders in time: an item once an order, bounded, the newest kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.interactions import Interactions
from persona_django.numeric.orders import order_steps

lines = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 4), st.integers(0, 50)),
    max_size=25,
)


def bought(rows: list[tuple[int, int, int, int]]) -> Interactions:
    """Customer, order, item and time of each line."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    shopper, basket, item, at = (np.ascontiguousarray(column) for column in columns)
    return Interactions(
        shopper=shopper, item=item, at=at, weight=np.ones(len(rows), np.float32), basket=basket
    )


@given(rows=lines)
def test_each_customer_s_orders_stand_in_time_with_each_item_once(rows):
    steps, items, shoppers = order_steps(bought(rows), cap=500, most_items=100)

    wanted = {}
    for who in sorted({row[0] for row in rows}):
        orders: dict[int, tuple[int, set[int]]] = {}
        for _, order, item, at in (row for row in rows if row[0] == who):
            begun, held = orders.get(order, (at, set()))
            orders[order] = (min(begun, at), held | {item})
        told = sorted(
            (begun, order, item) for order, (begun, held) in orders.items() for item in held
        )
        wanted[who] = [(begun, item) for begun, _, item in told]
    found = {
        int(who): list(
            zip(
                steps.at[steps.indptr[row] : steps.indptr[row + 1]].tolist(),
                items[steps.item[steps.indptr[row] : steps.indptr[row + 1]]].tolist(),
                strict=True,
            )
        )
        for row, who in enumerate(shoppers)
    }
    assert found == wanted


def test_of_a_wholesale_order_a_sample_counts_that_is_always_the_same():
    wholesale = bought([(1, 1, item, 5) for item in range(50)])

    first, *_ = order_steps(wholesale, cap=500, most_items=7)
    again, *_ = order_steps(wholesale, cap=500, most_items=7)

    assert len(first.item) == 7
    assert first.item.tolist() == again.item.tolist()


def test_the_newest_of_a_long_history_count():
    steps, items, _ = order_steps(
        bought([(1, order, order, 10 * order) for order in range(9)]), cap=3, most_items=9
    )

    assert items[steps.item].tolist() == [6, 7, 8]


@pytest.mark.parametrize("wrong", [{"cap": 0}, {"most_items": 0}])
def test_a_bound_below_one_is_refused(wrong):
    with pytest.raises(ValueError, match="at least one item"):
        order_steps(bought([(1, 1, 1, 1)]), **{"cap": 1, "most_items": 1, **wrong})


def test_without_orders_it_says_that_they_are_needed():
    one = np.array([1])

    with pytest.raises(ValueError, match="orders are needed"):
        order_steps(
            Interactions(shopper=one, item=one, at=one, weight=np.ones(1, np.float32)),
            cap=1,
            most_items=1,
        )
