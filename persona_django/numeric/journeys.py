"""What visitors looked at one after the other, and what they bought in the end, as rows in time:
what viewed-next and viewed-then-bought are learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.interactions import Interactions, largest_of_each
from persona_django.numeric.orders import order_steps
from persona_django.numeric.sorting import coded, firsts
from persona_django.numeric.steps import Steps
from persona_django.numeric.visits import visits_of

IntArray = NDArray[np.int64]


def view_steps(views: Interactions, *, gap_seconds: int, cap: int) -> tuple[Steps, IntArray]:
    """One row for each visit: what was looked at, in order. A page that is loaded again counts
    once; of a visitor the newest `cap` views count.

    Parameters
    ----------
    views : in any order; weights and kinds are not looked at
    gap_seconds : seconds, above 0; a silence as long as this begins a new row
    cap : views of one visitor that count, 1 or more

    Returns
    -------
    steps : rows, owned by their visitors
    item_ids : (steps.n_items,) int64, ascending; the item behind each item code

    Raises
    ------
    ValueError : a bound is out of its range

    >>> views = Interactions(shopper=np.array([5, 5, 5]), item=np.array([30, 20, 20]),
    ...     at=np.array([9_000, 10, 15]), weight=np.ones(3, np.float32))
    >>> steps, item_ids = view_steps(views, gap_seconds=1800, cap=500)
    >>> item_ids[steps.item], steps.indptr
    (array([20, 30]), array([0, 1, 2]))
    """
    item, item_ids = coded(views.item)
    looks = _looks(views.shopper, item, views.at, gap_seconds=gap_seconds, cap=cap)
    return looks.as_steps(n_items=len(item_ids)), item_ids


def view_purchase_steps(
    views: Interactions,
    orders: Interactions,
    *,
    gap_seconds: int,
    cap: int,
    most_items: int,
    most_looks: int,
) -> tuple[Steps, NDArray[np.bool_], IntArray]:
    """One row for each time that somebody looked around: what they looked at, and what they bought
    meanwhile or soon after.

    Rows are cut by what was looked at alone, so that a purchase moves no figure but its own. One
    that came `gap_seconds` or longer after the last look belongs to no row and is left out.

    Parameters
    ----------
    views : in any order; weights and kinds are not looked at
    orders : order lines of the same shoppers, with `basket`
    gap_seconds : seconds, above 0; a silence as long as this begins a new row
    cap : views, and items bought, of one shopper that count, 1 or more
    most_items : distinct items of one order that count, as in `order_steps`
    most_looks : looks of one row that count, the newest, 1 or more

    Returns
    -------
    steps : rows, owned by their shoppers
    is_bought : (nnz,) bool, which of their items were bought; the others were looked at
    item_ids : (steps.n_items,) int64, ascending; the item behind each item code

    Raises
    ------
    ValueError : a bound is out of its range, or there is no basket

    >>> one = np.array([5])
    >>> views = Interactions(shopper=one, item=np.array([30]), at=np.array([100]),
    ...     weight=np.ones(1, np.float32))
    >>> orders = Interactions(shopper=one, item=np.array([20]), at=np.array([160]),
    ...     weight=np.ones(1, np.float32), basket=one)
    >>> steps, is_bought, item_ids = view_purchase_steps(views, orders, gap_seconds=1800, cap=500,
    ...     most_items=100, most_looks=50)
    >>> item_ids[steps.item], is_bought
    (array([30, 20]), array([False,  True]))
    """
    bought, bought_ids, buyers = order_steps(orders, cap=cap, most_items=most_items)
    n = len(views)
    item, item_ids = coded(np.append(views.item, bought_ids[bought.item]))
    looks = _looks(
        views.shopper, item[:n], views.at, gap_seconds=gap_seconds, cap=cap, most=most_looks
    )
    # Who bought in the second in which they looked had looked.
    who = np.append(looks.shopper, buyers[bought.owner[bought.row]])
    at = np.append(looks.at, bought.at)
    is_bought = np.arange(len(who)) >= len(looks)
    order = np.lexsort((is_bought, at, who))
    look = np.where(is_bought[order], -1, order)
    last = np.maximum.accumulate(look) if len(look) else look
    # Looks stand in order of shopper and time, so the last one before is the greatest so far.
    there = last >= 0
    there[there] = looks.shopper[last[there]] == who[order][there]
    there[there] = at[order][there] - looks.at[last[there]] < gap_seconds
    kept, last = order[there], last[there]
    rows = _Looks(
        row=looks.row[last],
        shopper=who[kept],
        item=np.append(looks.item, item[n:])[kept],
        at=at[kept],
    )
    return rows.as_steps(n_items=len(item_ids)), is_bought[kept], item_ids


@dataclass(frozen=True, kw_only=True)
class _Looks:
    """Items in order of shopper and time, with the number of the row of each."""

    row: IntArray
    shopper: IntArray
    item: IntArray
    at: IntArray

    def __len__(self) -> int:
        return len(self.row)

    def as_steps(self, *, n_items: int) -> Steps:
        begins = firsts(self.row)
        owner, owners = coded(self.shopper[begins])
        return Steps(
            indptr=np.append(begins, len(self)),
            item=self.item,
            at=self.at,
            owner=owner,
            n_items=n_items,
            n_owners=len(owners),
        )


def _looks(
    shopper: IntArray,
    item: IntArray,
    at: IntArray,
    *,
    gap_seconds: int,
    cap: int,
    most: int | None = None,
) -> _Looks:
    """The views that count, cut into rows; of each row the newest `most`, or all."""
    if cap < 1 or (most is not None and most < 1):
        raise ValueError(f"at least one view must count, got {cap} and {most}")
    order = np.lexsort((item, at, shopper))
    shopper, item, at = shopper[order], item[order], at[order]
    newest = largest_of_each(shopper, np.arange(len(shopper)), cap=cap)
    if newest is not None:
        shopper, item, at = shopper[newest], item[newest], at[newest]
    row = visits_of(shopper, at, gap_seconds=gap_seconds).number
    new = np.ones(len(row), dtype=bool)
    new[1:] = (row[1:] != row[:-1]) | (item[1:] != item[:-1])
    found = _Looks(row=row[new], shopper=shopper[new], item=item[new], at=at[new])
    newest = largest_of_each(found.row, np.arange(len(found)), cap=most) if most else None
    if newest is None:
        return found
    return _Looks(
        row=found.row[newest],
        shopper=found.shopper[newest],
        item=found.item[newest],
        at=found.at[newest],
    )
