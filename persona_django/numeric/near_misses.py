"""Pairs that are in no list, and that one more shopper might bring into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.neighbours import Trials, Wish
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import log_likelihood_ratio
from persona_django.numeric.sparse_blocks import blocks


@dataclass(frozen=True, kw_only=True)
class NearMisses:
    """Pairs that do not pass the gates, and would with one owner more behind them.

    Parameters
    ----------
    first, second : (n,) int32, item codes, the first below the second, ascending by both
    product : (n,) float32, sum of the products of weights
    support : (n,) int32, owners behind the pair, 1 or more

    >>> len(NearMisses.none())
    0
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    product: NDArray[np.float32]
    support: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def none(cls) -> NearMisses:
        """No pair at all.

        >>> NearMisses.none().product.tolist()
        []
        """
        empty = np.empty(0, np.int32)
        return cls(first=empty, second=empty, product=empty.astype(np.float32), support=empty)


def near_misses(rows: Rows, wish: Wish) -> NearMisses:
    """The near misses of a table in which every row has its own owner.

    There are some three times as many as listed pairs. With them lists can be kept right while
    more comes in, see `increments`: without, a pair that has just found its crowd could only be
    found by counting again all pairs of both of its items.

    Parameters
    ----------
    rows : who touched what
    wish : gates, as `neighbours.top_neighbours` was given them

    Raises
    ------
    ValueError : an owner has several rows, so that owners are not what is counted

    >>> rows = Rows(indptr=np.array([0, 2, 3]), item=np.array([0, 1, 1], np.int32),
    ...     weight=np.ones(3, np.float32), owner=np.arange(2, dtype=np.int32), n_items=2,
    ...     n_owners=2)
    >>> wish = Wish(k=9, min_support=2, min_llr=0.0, prior=0.0, discount=0.5)
    >>> near_misses(rows, wish).support.tolist()
    [1]
    """
    refuse_shared_owners(rows)
    trials = Trials.of(rows)
    parts: list[dict[str, NDArray[Any]]] = [vars(NearMisses.none())]
    for low, high, (dot, both, _owners) in blocks(rows):
        first = np.repeat(np.arange(low, high), np.diff(both.indptr))
        second, support = both.indices.astype(np.int64), both.data.astype(np.int64)
        likely = np.flatnonzero((first < second) & (support >= wish.min_support - 1))
        first, second, support = first[likely], second[likely], support[likely]
        near = ~_passes(support, first, second, wish, trials)
        near[near] = _passes(support[near] + 1, first[near], second[near], wish, trials)
        found = {"first": first, "second": second, "support": support, "product": dot.data[likely]}
        parts.append({name: column[near] for name, column in found.items()})
    columns = {
        name: np.concatenate([part[name] for part in parts]).astype(column.dtype)
        for name, column in parts[0].items()
    }
    return NearMisses(**columns)


def refuse_shared_owners(rows: Rows) -> None:
    """Raise ValueError unless row number r is the one row of owner r, with weights above 0.

    >>> refuse_shared_owners(Rows.empty())
    """
    if len(rows) != rows.n_owners or (rows.owner != np.arange(len(rows))).any():
        raise ValueError("every owner needs one row, and rows must stand in order of owner")
    if (rows.weight <= 0).any():
        raise ValueError("weights must be above 0")


def _passes(
    support: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    wish: Wish,
    trials: Trials,
) -> NDArray[np.bool_]:
    # Whoever is one more may be new to both of the items.
    ones, others = (np.maximum(trials.of_item[item], support) for item in (first, second))
    llr = log_likelihood_ratio(support, ones, others, trials.rows)
    passed: NDArray[np.bool_] = (support >= wish.min_support) & (llr >= wish.min_llr)
    return passed
