"""The orders of each customer one after the other: what bought-after is learnt from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.interactions import (
    Interactions,
    largest_of_each,
    lots,
    numbered_orders,
)
from persona_django.numeric.sorting import coded, firsts
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]


def order_steps(
    lines: Interactions, *, cap: int, most_items: int
) -> tuple[Steps, IntArray, IntArray]:
    """One row for each customer: what they ordered, the oldest order first.

    An item counts once in an order, whatever its lines, and all of an order happened when its
    first line did. Of an order with more than `most_items` items a fixed sample counts, as in
    `basket_rows`; then the newest `cap` of each customer.

    Parameters
    ----------
    lines : order lines, with `basket`; weights are not looked at
    cap : items of one customer that count, 1 or more
    most_items : distinct items of one order that count, 1 or more

    Returns
    -------
    steps : one row for each customer, owned by that customer
    item_ids : (steps.n_items,) int64, ascending; the item behind each item code
    shopper_ids : (len(steps),) int64, ascending; the customer behind each row

    Raises
    ------
    ValueError : there is no basket, or a bound is below 1

    >>> lines = Interactions(shopper=np.array([5, 5, 5]), item=np.array([30, 20, 20]),
    ...     at=np.array([90, 10, 10]), weight=np.ones(3, np.float32), basket=np.array([2, 1, 1]))
    >>> steps, item_ids, shopper_ids = order_steps(lines, cap=500, most_items=100)
    >>> item_ids[steps.item], steps.at, shopper_ids
    (array([20, 30]), array([10, 90]), array([5]))
    """
    if lines.basket is None:
        raise ValueError("orders are needed to learn what is bought afterwards: basket is None")
    if cap < 1 or most_items < 1:
        raise ValueError(f"at least one item must count, got {cap} and {most_items}")
    shopper, shopper_ids = coded(lines.shopper)
    item, item_ids = coded(lines.item)
    order, shopper_of, basket_of = numbered_orders(shopper, lines.basket)
    begun = np.full(len(shopper_of), np.iinfo(np.int64).max)
    np.minimum.at(begun, order, lines.at)
    n_items = max(len(item_ids), 1)
    pair = np.sort(order * n_items + item)
    order, item = np.divmod(pair[firsts(pair)], n_items)
    drawn = largest_of_each(order, lots(basket_of[order], item_ids[item]), cap=most_items)
    if drawn is not None:
        order, item = order[drawn], item[drawn]
    shopper = shopper_of[order]
    by_time = np.lexsort((item, order, begun[order], shopper))
    shopper, order, item = shopper[by_time], order[by_time], item[by_time]
    newest = largest_of_each(shopper, np.arange(len(shopper)), cap=cap)
    if newest is not None:
        shopper, order, item = shopper[newest], order[newest], item[newest]
    counts = np.bincount(shopper, minlength=len(shopper_ids))
    steps = Steps(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        item=item,
        at=begun[order],
        owner=np.arange(len(shopper_ids)),
        n_items=len(item_ids),
        n_owners=len(shopper_ids),
    )
    return steps, item_ids, shopper_ids
