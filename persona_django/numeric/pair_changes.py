"""Pairs of items with what stands behind them, and what changed rows add to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import distinct

IntArray = NDArray[np.int64]
DTYPES = {"first": np.int64, "second": np.int64, "product": np.float64, "support": np.int64}


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs from the side of their first item: the sum of their products, and their owners.

    Parameters
    ----------
    first, second : (n,) int64, item codes
    product : (n,) float64, sum over rows of the products of both weights
    support : (n,) int64, rows that hold both

    >>> len(Pairs.none().first)
    0
    """

    first: IntArray
    second: IntArray
    product: NDArray[np.float64]
    support: IntArray

    @classmethod
    def none(cls) -> Pairs:
        """No pair at all.

        >>> Pairs.none().support.tolist()
        []
        """
        return cls(**{name: np.empty(0, dtype) for name, dtype in DTYPES.items()})

    def only(self, kept: NDArray[np.bool_]) -> Pairs:
        return Pairs(**{name: column[kept] for name, column in vars(self).items()})

    def without(self, items: NDArray[np.bool_]) -> Pairs:
        return self.only(~(items[self.first] | items[self.second]))

    def without_first(self, items: NDArray[np.bool_]) -> Pairs:
        return self.only(~items[self.first])

    def turned(self) -> Pairs:
        return Pairs(
            first=self.second, second=self.first, product=self.product, support=self.support
        )


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What the changed rows add to pairs, each from its lower item, ascending by `key`.

    Parameters
    ----------
    key : (n,) int64, first item times `n_items`, plus the second
    product : (n,) float64, more of the sum of products, or less
    support : (n,) int64, more rows that hold both, or fewer
    owners : (n_items,) int64, owners whose entry of an item came, left or changed
    multiply_adds : what it took

    >>> nobody = Rows.empty(n_items=2)
    >>> Delta.of(nobody, nobody).owners
    array([0, 0])
    """

    key: IntArray
    product: NDArray[np.float64]
    support: IntArray
    owners: IntArray
    n_items: int
    multiply_adds: int

    @classmethod
    def of(cls, rows: Rows, now: Rows) -> Delta:
        before = as_matrix(taken(rows, now.owner[now.owner < len(rows)], now.n_items), len(now))
        after = as_matrix(now, len(now))
        change = after - before
        change.eliminate_zeros()
        came = ones_of(after) - ones_of(before)
        came.eliminate_zeros()
        product, support = _symmetric(change, before), _symmetric(came, ones_of(before))
        keys = [pair_keys(part.row, part.col, now.n_items) for part in (product, support)]
        key = distinct(np.concatenate(keys))
        products, supports = np.zeros(len(key)), np.zeros(len(key), np.int64)
        products[np.searchsorted(key, keys[0])] = product.data
        supports[np.searchsorted(key, keys[1])] = support.data
        longest = np.maximum(np.diff(before.indptr), np.diff(after.indptr))
        return cls(
            key=key,
            product=products,
            support=supports,
            owners=np.bincount(change.indices, minlength=now.n_items),
            n_items=now.n_items,
            multiply_adds=int((np.diff(change.indptr) * longest).sum()),
        )

    def at(self, pairs: Pairs) -> tuple[NDArray[np.bool_], NDArray[np.float64], IntArray]:
        """Of each pair whether it is touched, and what is added to it."""
        low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
        place = places_of(self.key, pair_keys(low, high, self.n_items))
        touched = place >= 0
        if not len(self.key):
            return touched, np.zeros(len(low)), np.zeros(len(low), np.int64)
        return (
            touched,
            np.where(touched, self.product[place], 0.0),
            np.where(touched, self.support[place], 0),
        )

    def added_to(self, pairs: Pairs) -> Pairs:
        _, product, support = self.at(pairs)
        return Pairs(
            first=pairs.first,
            second=pairs.second,
            product=pairs.product + product,
            support=pairs.support + support,
        )


def _symmetric(change: Any, before: Any) -> Any:
    """What (before + change) squared has more than before squared, above the diagonal."""
    from scipy.sparse import triu

    mixed = change.T @ before
    return triu(mixed + mixed.T + change.T @ change, k=1).tocoo()


def as_matrix(rows: Rows, height: int) -> Any:
    from scipy.sparse import csr_matrix

    # Owners who are new had no row before.
    indptr = np.append(rows.indptr, np.full(height - len(rows), rows.indptr[-1]))
    shape = (height, rows.n_items)
    return csr_matrix((rows.weight.astype(np.float64), rows.item, indptr), shape=shape)


def ones_of(matrix: Any) -> Any:
    ones = matrix.astype(np.int64)
    ones.data = np.ones(len(ones.data), np.int64)
    return ones


def taken(rows: Rows, which: NDArray[Any], n_items: int) -> Rows:
    """Some rows of a table, among more items than it had."""
    return replace(rows.take(which), n_items=n_items)


def pair_keys(first: NDArray[Any], second: NDArray[Any], n_items: int) -> IntArray:
    return first.astype(np.int64) * n_items + second


def places_of(ascending: IntArray, wanted: IntArray) -> IntArray:
    """Place of each number in an ascending column, -1 where it is not in it."""
    if not len(ascending):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[place] == wanted, place, -1)


def joined(parts: list[Pairs]) -> Pairs:
    return Pairs(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in DTYPES})
