"""Neighbours by scipy's sparse products, a block of items at a time, where numba is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.neighbours import (
    Neighbours,
    Progress,
    Trials,
    Wish,
    item_owners,
    repeats_owners,
)
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import log_likelihood_ratio, norm_scale, norms
from persona_django.numeric.sorting import best_of_each

BLOCK_WORK = 2_000_000
"""Multiply-adds of one block, which bound its memory to some 100 MB; one item is the least."""


def sparse_neighbours(
    rows: Rows, wish: Wish, trials: Trials, *, progress: Progress | None
) -> Neighbours:
    """As `neighbours.top_neighbours`; the rows of an owner stand side by side.

    >>> rows = Rows.empty(n_items=2)
    >>> sparse_neighbours(rows, Wish(k=1, min_support=1, min_llr=0.0, prior=0.0, discount=0.5),
    ...     Trials.of(rows), progress=None).item.tolist()
    []
    """
    support = item_owners(rows)
    scale = norm_scale(norms(rows.item, rows.weight, n_items=rows.n_items), discount=wish.discount)
    counts = np.zeros(rows.n_items, np.int64)
    parts: list[dict[str, NDArray[Any]]] = []
    for low, high, block in blocks(rows):
        part = _best_of(block, low, wish, scale, trials)
        counts[low:high] = np.bincount(part.pop("first") - low, minlength=high - low)
        parts.append(part)
        if progress is not None:
            progress(high, rows.n_items)
    empty = Neighbours.empty(n_items=rows.n_items, owners=rows.n_owners)
    names = ("item", "score", "support", "llr")
    columns = {
        name: np.concatenate([getattr(empty, name), *(part[name] for part in parts)])
        for name in names
    }
    return Neighbours(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        item_support=support.astype(np.int32),
        owners=rows.n_owners,
        **columns,
    )


def blocks(rows: Rows) -> Iterator[tuple[int, int, tuple[Any, Any, Any]]]:
    """Items `low` to `high` against all: dot products, rows and distinct owners, built alike."""
    from scipy.sparse import csr_matrix

    shape = (len(rows), rows.n_items)
    weight = csr_matrix((rows.weight.astype(np.float64), rows.item, rows.indptr), shape=shape)
    one = csr_matrix((np.ones(len(rows.item), np.int32), rows.item, rows.indptr), shape=shape)
    weight_of, one_of = weight.T.tocsr(), one.T.tocsr()
    repeated = _repeated(rows, one_of)
    lengths = np.diff(rows.indptr)
    work = np.bincount(rows.item, weights=np.repeat(lengths, lengths), minlength=rows.n_items)
    done = np.concatenate([[0], np.cumsum(work)])
    low = 0
    while low < rows.n_items:
        high = int(np.searchsorted(done, done[low] + BLOCK_WORK, side="right")) - 1
        high = min(max(high, low + 1), rows.n_items)
        dot, both = weight_of[low:high] @ weight, one_of[low:high] @ one
        dot.sort_indices()
        both.sort_indices()
        owners = both
        if repeated is not None:
            owners = both - _too_many(repeated, low, high, rows)
            owners.sort_indices()
        yield low, high, (dot, both, owners)
        low = high


def _best_of(
    block: tuple[Any, Any, Any],
    low: int,
    wish: Wish,
    scale: NDArray[np.float64],
    trials: Trials,
) -> dict[str, NDArray[Any]]:
    """The pairs of a block that pass the gates and are among the best of their first item."""
    dot, both, owners = block
    kept = owners.data >= wish.min_support
    first = np.repeat(np.arange(low, low + both.shape[0]), np.diff(both.indptr))[kept]
    second, support = both.indices[kept].astype(np.int64), owners.data[kept].astype(np.int64)
    with np.errstate(over="ignore"):
        cosine = dot.data[kept] * (scale[first] * scale[second])
        score = (cosine * (support / (support + wish.prior))).astype(np.float32)
    together = both.data[kept].astype(np.int64)
    of_item = trials.of_item
    llr = log_likelihood_ratio(together, of_item[first], of_item[second], trials.rows)
    passed = (first != second) & (llr >= wish.min_llr) & (score > 0) & (score < np.inf)
    first, second, support = first[passed], second[passed], support[passed]
    score, llr = score[passed], llr[passed]
    # Within an item, columns ascend already, so ties are left by item code.
    order = best_of_each(first - low, score, k=wish.k)
    return {
        "first": first[order],
        "item": second[order].astype(np.int32),
        "score": score[order],
        "support": support[order].astype(np.int32),
        "llr": llr[order].astype(np.float32),
    }


def _repeated(rows: Rows, one_of: Any) -> Any:
    """The part of the rows where a shopper could count twice: items in two of their rows or more.

    None when there is no such part.
    """
    if not repeats_owners(rows):
        return None
    from scipy.sparse import csr_matrix

    row = np.repeat(np.arange(len(rows)), np.diff(rows.indptr))
    pair = rows.owner[row].astype(np.int64) * rows.n_items + rows.item
    _, group, times = np.unique(pair, return_inverse=True, return_counts=True)
    twice = times[group] > 1
    ones = np.ones(int(twice.sum()), np.int32)
    found = csr_matrix((ones, (row[twice], rows.item[twice])), shape=one_of.T.shape)
    return found, found.T.tocsr()


def _too_many(repeated: Any, low: int, high: int, rows: Rows) -> Any:
    """How often each pair counts an owner again, for items `low` to `high`."""
    from scipy.sparse import csr_matrix

    by_row, by_item = repeated
    part = by_item[low:high]
    item = np.repeat(np.arange(high - low), np.diff(part.indptr))
    length = np.diff(by_row.indptr)[part.indices]
    place = np.repeat(by_row.indptr[part.indices] - (np.cumsum(length) - length), length)
    second = by_row.indices[place + np.arange(len(place))].astype(np.int64)
    owner = rows.owner[np.repeat(part.indices, length)]
    pair = np.repeat(item, length) * rows.n_items + second
    order = np.lexsort((owner, pair))
    pair, owner = pair[order], owner[order]
    again = np.flatnonzero((pair[1:] == pair[:-1]) & (owner[1:] == owner[:-1])) + 1
    row, column = np.divmod(pair[again], rows.n_items)
    counts = np.ones(len(again), np.int32)
    return csr_matrix((counts, (row, column)), shape=(high - low, rows.n_items))
