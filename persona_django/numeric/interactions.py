"""From what happened to who touched what: daily limits, caps, decay, and one weight a pair."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.caps import largest_of_each, lots
from persona_django.numeric.decay import half_life_weight
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import coded, firsts, in_order, sort_order

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """Evidence as aligned columns, in any order.

    Parameters
    ----------
    shopper : (n,) int64, any number that names the shopper
    item : (n,) int64, any number of 0 or more that names the item (its family)
    at : (n,) int64, seconds since 1970 UTC
    weight : (n,) float32, finite, how much such an interaction counts before it ages; a negative
        one takes earlier interest back
    basket : (n,) int64 or None, any number that names the order within its shopper
    kind : (n,) int16 or None, kind of event; without it, interactions of equal weight are taken
        to be of one kind
    context : (n,) int16 or None, the circumstances, as whoever stored them codes them

    Raises
    ------
    ValueError : the columns differ in length, a weight is not finite, or an item is negative

    >>> one = np.array([1])
    >>> len(Interactions(shopper=one, item=one, at=one, weight=np.array([2.0], np.float32)))
    1
    """

    shopper: IntArray
    item: IntArray
    at: IntArray
    weight: NDArray[np.float32]
    basket: IntArray | None = None
    kind: NDArray[np.int16] | None = None
    context: NDArray[np.int16] | None = None

    def __post_init__(self) -> None:
        columns = (self.item, self.at, self.weight, self.basket, self.kind, self.context)
        if any(column is not None and len(column) != len(self) for column in columns):
            raise ValueError("the columns of interactions must be equally long")
        if not np.isfinite(self.weight.sum(dtype=np.float64)):
            raise ValueError("the weights of interactions must be finite numbers")
        if len(self) and self.item.min() < 0:
            raise ValueError("items must be numbers of 0 or more")

    def __len__(self) -> int:
        return len(self.shopper)

    def take(self, kept: NDArray[np.bool_]) -> Interactions:
        """Some of them.

        Parameters
        ----------
        kept : (n,) bool
        """
        if kept.all():
            return self
        rows = np.flatnonzero(kept)
        columns: dict[str, Any] = {
            field.name: None if column is None else column[rows]
            for field in fields(self)
            for column in (getattr(self, field.name),)
        }
        return Interactions(**columns)


def shopper_rows(
    interactions: Interactions,
    *,
    now: int,
    half_life_days: float | NDArray[np.float64],
    cap: int,
    daily: bool = True,
) -> tuple[Rows, IntArray, IntArray]:
    """One row for each shopper: the items they showed interest in, and how much.

    With `daily`, interactions of one kind with one item on one day (UTC) count once, as the newest
    and strongest of them. Then the newest `cap` of each shopper are kept, every one fades by its
    age, and those of one item are added up to log(1 + sum), so that the tenth visit to a page says
    less than the first. Items whose sum is not above 0 are left out.

    Parameters
    ----------
    interactions : evidence of any number of shoppers
    now : seconds since 1970 UTC
    half_life_days : days, above 0, one for all interactions or (n,) one for each
    cap : interactions of one shopper that count, 1 or more

    Returns
    -------
    rows : one for each shopper left, owned by that shopper
    item_ids : (rows.n_items,) int64, ascending; the item behind each item code
    shopper_ids : (len(rows),) int64, ascending; the shopper behind each row

    Raises
    ------
    ValueError : `cap` is below 1 or the half-life is not above 0

    References
    ----------
    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008:
    the logarithm of repeated evidence.

    >>> seen = Interactions(shopper=np.array([5, 5, 5]), item=np.array([30, 30, 20]),
    ...     at=np.array([0, 60, 60]), weight=np.ones(3, np.float32))
    >>> rows, item_ids, shopper_ids = shopper_rows(seen, now=60, half_life_days=9.0, cap=500)
    >>> item_ids[rows.item], rows.weight.round(2)
    (array([20, 30]), array([0.69, 0.69], dtype=float32))
    """
    _refuse_cap(cap)
    shopper, shopper_ids = coded(interactions.shopper)
    item, item_ids = coded(interactions.item)
    if len(item) == 0:
        return Rows.empty(), item_ids, shopper_ids
    pair = shopper * len(item_ids) + item
    # Columns of millions of numbers are let go as soon as they are used up.
    del shopper, item
    pair, newest = _newest_of_each_day(pair, interactions) if daily else in_order(pair)
    at = interactions.at[newest]
    counted = largest_of_each(pair // len(item_ids), at, cap=cap)
    if counted is not None:
        # One after the other, so that only one of them is there twice.
        pair = pair[counted]
        at = at[counted]
        newest = newest[counted]
    del counted
    if isinstance(half_life_days, np.ndarray):
        half_life_days = half_life_days[newest]
    np.subtract(now, at, out=at)
    age_days = at / DAY_SECONDS
    del at
    weight = half_life_weight(age_days, half_life_days=half_life_days)
    weight *= interactions.weight[newest]
    del age_days, newest
    first = firsts(pair)
    total = np.add.reduceat(weight, first)
    pair = pair[first]
    del weight, first
    np.maximum(total, 0.0, out=total)
    strength = np.log1p(total, out=total).astype(np.float32)
    del total
    kept = strength > 0
    if not kept.all():
        pair, strength = pair[kept], strength[kept]
    row = pair // len(item_ids)
    code = pair
    code -= row * len(item_ids)
    indptr, present = _compressed(row)
    rows = Rows(
        indptr=indptr,
        item=code.astype(np.int32),
        weight=strength,
        owner=np.arange(len(present), dtype=np.int32),
        n_items=len(item_ids),
        n_owners=len(present),
    )
    return rows, item_ids, shopper_ids[present]


def basket_rows(
    interactions: Interactions, *, now: int, half_life_days: float, cap: int
) -> tuple[Rows, IntArray, IntArray]:
    """One row for each order: the items bought together in it.

    An item counts once in an order, by its strongest line, whatever the quantity, and fades by
    the order's age. Of an order with more than `cap` items a fixed sample of `cap` counts, so
    that one wholesale order does not make every pair; the same order always gives the same
    sample. Lines whose weight is not above 0 are left out.

    Parameters
    ----------
    interactions : order lines, with `basket`
    now : seconds since 1970 UTC
    half_life_days : days, above 0
    cap : distinct items of one order that count, 1 or more

    Returns
    -------
    rows : one for each order left, those of one shopper side by side
    item_ids : (rows.n_items,) int64, ascending; the item behind each item code
    shopper_ids : (rows.n_owners,) int64, ascending; the shopper behind each owner code

    Raises
    ------
    ValueError : there is no basket, `cap` is below 1 or the half-life is not above 0

    >>> lines = Interactions(shopper=np.array([5, 5, 5]), item=np.array([30, 20, 20]),
    ...     at=np.zeros(3, np.int64), weight=np.ones(3, np.float32), basket=np.array([1, 1, 2]))
    >>> rows, item_ids, shopper_ids = basket_rows(lines, now=0, half_life_days=9.0, cap=100)
    >>> rows.indptr, item_ids[rows.item], rows.owner
    (array([0, 2, 3]), array([20, 30, 20]), array([0, 0], dtype=int32))
    """
    _refuse_cap(cap)
    if interactions.basket is None:
        raise ValueError("orders are needed to learn what is bought together: basket is None")
    shopper, shopper_ids = coded(interactions.shopper)
    item, item_ids = coded(interactions.item)
    if len(item) == 0:
        return Rows.empty(), item_ids, shopper_ids
    order, shopper_of, basket_of = numbered_orders(shopper, interactions.basket)
    age_days = (now - interactions.at) / DAY_SECONDS
    weight = interactions.weight * half_life_weight(age_days, half_life_days=half_life_days)
    weight = weight.astype(np.float32)
    line = np.flatnonzero(weight > 0)
    pair = order[line] * len(item_ids) + item[line]
    by_pair = sort_order(pair)
    pair, weight = pair[by_pair], weight[line][by_pair]
    first = firsts(pair)
    strongest = np.maximum.reduceat(weight, first) if len(first) else weight
    row, code = np.divmod(pair[first], len(item_ids))
    drawn = largest_of_each(row, lots(basket_of[row], item_ids[code]), cap=cap)
    if drawn is not None:
        row, code, strongest = row[drawn], code[drawn], strongest[drawn]
    indptr, present = _compressed(row)
    owner, owners = coded(shopper_of[present])
    rows = Rows(
        indptr=indptr,
        item=code.astype(np.int32),
        weight=strongest.astype(np.float32, copy=False),
        owner=owner.astype(np.int32),
        n_items=len(item_ids),
        n_owners=len(owners),
    )
    return rows, item_ids, shopper_ids[owners]


def numbered_orders(shopper: IntArray, basket: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Numbers from 0 for the orders that lines belong to, those of one shopper side by side.

    Parameters
    ----------
    shopper : (n,) int64, codes of the shoppers
    basket : (n,) int64, any number that names the order within its shopper

    Returns
    -------
    order : (n,) int64, the order of each line
    shopper_of : (orders,) int64, the shopper's code of each order
    basket_of : (orders,) int64, the number that names it

    >>> numbered_orders(np.array([0, 1, 1]), np.array([7, 7, 5]))
    (array([0, 2, 1]), array([0, 1, 1]), array([7, 5, 7]))
    """
    code, baskets = coded(basket)
    n = max(len(baskets), 1)
    order, pairs = coded(shopper * n + code)
    return order, pairs // n, baskets[pairs % n]


def _refuse_cap(cap: int) -> None:
    if cap < 1:
        raise ValueError(f"at least one interaction must count, got a cap of {cap}")


def _compressed(row: IntArray) -> tuple[IntArray, IntArray]:
    """Row pointers of ascending row numbers, and the row numbers that occur."""
    first = firsts(row)
    return np.append(first, len(row)), row[first]


def _newest_of_each_day(pair: IntArray, interactions: Interactions) -> tuple[IntArray, IntArray]:
    """The newest interaction of each pair, kind and day: its pair, ascending, and its position.

    What is given as pairs is used up.
    """
    at = interactions.at
    kind = interactions.kind
    if kind is None:
        # The bits of a weight name it as well as any number would.
        kind = (interactions.weight.astype(np.float32) + np.float32(0)).view(np.int32)
    within, known = coded(kind)
    day = at // DAY_SECONDS
    day -= day.min()
    days = int(day.max()) + 1
    within *= days
    within += day
    del day
    size = len(known) * days
    if int(pair.max()) < 2**62 // size:
        # One number a row sorts several times faster than three columns.
        pair *= size
        pair += within
        del within
        pair, order = in_order(pair)
        first = firsts(pair)
        pair //= size
    else:
        order = np.lexsort((within, pair))
        pair = pair[order]
        ascending = np.diff(pair, prepend=-1) | np.diff(within[order], prepend=-1)
        first = np.flatnonzero(ascending)
    if len(first) == len(pair):
        return pair, order
    # Only what happened more than once is looked at more closely: it is the smaller part.
    newest = order[first]
    times = np.diff(np.append(first, len(pair)))
    again = order[np.repeat(times > 1, times)]
    sizes = times[times > 1]
    begins = np.cumsum(sizes) - sizes
    best = _are_largest(at[again], begins, sizes)
    weight = np.where(best, interactions.weight[again], -np.inf)
    best &= _are_largest(weight, begins, sizes)
    last = np.maximum.reduceat(np.where(best, np.arange(len(again)), -1), begins)
    newest[times > 1] = again[last]
    return pair[first], newest


def _are_largest(values: NDArray[Any], begins: IntArray, sizes: IntArray) -> NDArray[np.bool_]:
    """Of runs of values, whether each is the largest of its run."""
    found: NDArray[np.bool_] = values == np.repeat(np.maximum.reduceat(values, begins), sizes)
    return found
