"""What changes in lists of neighbours when some shoppers do more, without counting all again.

Whatever one shopper's row gains or loses changes only the pairs of that row. So their products and
owners are added to what is known of each pair: of a listed pair its score and support say it, of
a pair that was nearly listed `near_misses` do. Every listed pair is then weighed again, because
the norms of its items moved. What cannot be known so, as who comes into a list that others left,
is known of the items whose evidence moved most: their rows are counted from the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.near_misses import NearMisses, refuse_shared_owners
from persona_django.numeric.neighbours import Neighbours, Trials, Wish
from persona_django.numeric.pair_changes import (
    Delta,
    Pairs,
    as_matrix,
    joined,
    ones_of,
    pair_keys,
    places_of,
    taken,
)
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import log_likelihood_ratio, norm_scale, norms
from persona_django.numeric.sorting import best_of_each, sort_order

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What an increment starts from: a table in which row r is that of owner r, and what was
    learnt from it.

    >>> Learnt(rows=Rows.empty(), neighbours=Neighbours.empty(n_items=0), near=NearMisses.none(),
    ...     wish=Wish(k=9, min_support=1, min_llr=0.0, prior=0.0, discount=0.5)).wish.k
    9
    """

    rows: Rows
    neighbours: Neighbours
    near: NearMisses
    wish: Wish

    def __post_init__(self) -> None:
        refuse_shared_owners(self.rows)


@dataclass(frozen=True, kw_only=True)
class Increment:
    """The lists as they are now.

    Parameters
    ----------
    rows : the table as it is now
    neighbours : of all items
    changed : (n_items,) bool, the lists that differ from what they were, see `incremented`
    counted : (n_items,) bool, the items whose rows were counted from the table
    multiply_adds : what it took, beside `neighbours.multiply_adds` of the table

    >>> Increment.__name__
    'Increment'
    """

    rows: Rows
    neighbours: Neighbours
    changed: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    multiply_adds: int


def incremented(learnt: Learnt, now: Rows, *, share: float, tolerance: float) -> Increment:
    """The lists after some owners' rows changed, and which lists that touches.

    Parameters
    ----------
    learnt : before
    now : the rows that changed, as they are now, one for each of their owners in ascending order;
        an owner above those of `learnt` is new, as are items above its items, and a row that is
        empty now was erased. `n_items` and `n_owners` are those of everything
    share : of an item's owners, 0 to 1; where more of them came, left or changed, the item's row
        is counted from the table, so that it is what learning everything would give
    tolerance : of a score, 0 or more; a list of the same items of which no score moved by more
        is not called changed

    Returns
    -------
    Increment
        In the lists of all other items the scores of what was listed are exact, too, and who was
        one owner short of the gates is found. Not found is who passed the gates before, below the
        last of a full list, and who gained two owners at once.

    Raises
    ------
    ValueError : rows are malformed, owners are not ascending, or there are fewer items or owners
        than before

    >>> rows = Rows(indptr=np.array([0, 2]), item=np.array([0, 1], np.int32),
    ...     weight=np.ones(2, np.float32), owner=np.zeros(1, np.int32), n_items=2, n_owners=1)
    >>> wish = Wish(k=9, min_support=1, min_llr=0.0, prior=1.0, discount=0.5)
    >>> before = Learnt(rows=Rows.empty(), neighbours=Neighbours.empty(n_items=0),
    ...     near=NearMisses.none(), wish=wish)
    >>> incremented(before, rows, share=0.5, tolerance=0.0).neighbours.item.tolist()
    [1, 0]
    """
    _refuse(learnt, now, share, tolerance)
    table = replaced(learnt.rows, now)
    delta = Delta.of(learnt.rows, now)
    trials, wish = Trials.of(table), learnt.wish
    moved = delta.owners > share * np.maximum(trials.of_item, 1)
    scale = norm_scale(
        norms(table.item, table.weight, n_items=table.n_items), discount=wish.discount
    )
    known = [_listed(learnt, delta), _nearly(learnt.near, delta)]
    pairs = joined([pair.without(moved) for pair in known])
    counted, work = _counted(table, moved)
    pairs = joined([pairs, counted, counted.turned().without_first(moved)])
    passed, score, llr = _weighed(pairs, wish, scale, trials)
    first, second, support = pairs.first[passed], pairs.second[passed], pairs.support[passed]
    # Ties are left by item code, as learning everything leaves them.
    by_pair = sort_order(first * table.n_items + second)
    best = by_pair[best_of_each(first[by_pair], score[by_pair], k=wish.k)]
    sizes = np.bincount(first[best], minlength=table.n_items)
    neighbours = Neighbours(
        indptr=np.concatenate([[0], np.cumsum(sizes)]),
        item=second[best].astype(np.int32),
        score=score[best],
        support=support[best].astype(np.int32),
        llr=llr[best].astype(np.float32),
        item_support=trials.of_item.astype(np.int32),
        owners=table.n_owners,
    )
    return Increment(
        rows=table,
        neighbours=neighbours,
        changed=differing(learnt.neighbours, neighbours, tolerance=tolerance),
        counted=moved,
        multiply_adds=delta.multiply_adds + work,
    )


def replaced(rows: Rows, now: Rows) -> Rows:
    """The table with the rows of some owners as they are now.

    Parameters
    ----------
    rows : in which row r is that of owner r
    now : as for `incremented`

    >>> one = Rows(indptr=np.array([0, 1]), item=np.array([2], np.int32),
    ...     weight=np.ones(1, np.float32), owner=np.array([1], np.int32), n_items=3, n_owners=2)
    >>> replaced(Rows.empty(n_items=3), one).indptr
    array([0, 0, 1])
    """
    lengths = np.zeros(now.n_owners, np.int64)
    lengths[: len(rows)] = np.diff(rows.indptr)
    is_new = np.zeros(now.n_owners, bool)
    is_new[now.owner] = True
    kept = np.repeat(~is_new[: len(rows)], np.diff(rows.indptr))
    lengths[now.owner] = np.diff(now.indptr)
    comes = np.repeat(is_new, lengths)
    item, weight = np.empty(len(comes), np.int32), np.empty(len(comes), np.float32)
    item[~comes], item[comes] = rows.item[kept], now.item
    weight[~comes], weight[comes] = rows.weight[kept], now.weight
    return Rows(
        indptr=np.concatenate([[0], np.cumsum(lengths)]),
        item=item,
        weight=weight,
        owner=np.arange(now.n_owners, dtype=np.int32),
        n_items=now.n_items,
        n_owners=now.n_owners,
    )


def differing(before: Neighbours, after: Neighbours, *, tolerance: float) -> NDArray[np.bool_]:
    """Which items' lists hold other items than before, or a score that moved by more than a share.

    Returns
    -------
    (n,) bool, of the items of `after`, which may be more

    >>> differing(Neighbours.empty(n_items=1), Neighbours.empty(n_items=2), tolerance=0.0)
    array([False, False])
    """
    n = len(after.item_support)
    old, new = (pair_keys(_rows_of(found), found.item, n) for found in (before, after))
    order = sort_order(old)
    place = places_of(old[order], new)
    stays = place >= 0
    at = order[place[stays]]
    drift = np.abs(after.score[stays].astype(np.float64) - before.score[at])
    moved = np.zeros(len(new), bool)
    moved[stays] = drift > tolerance * before.score[at]
    left = np.ones(len(old), bool)
    left[at] = False
    changed = np.zeros(n, bool)
    changed[_rows_of(after)[~stays | moved]] = True
    changed[_rows_of(before)[left]] = True
    return changed


def _scale(rows: Rows, wish: Wish) -> NDArray[np.float64]:
    norm = norms(rows.item, rows.weight, n_items=rows.n_items)
    return norm_scale(norm, discount=wish.discount)


def _listed(learnt: Learnt, delta: Delta) -> Pairs:
    """Every pair of a list, with what it has now."""
    found, wish, rows = learnt.neighbours, learnt.wish, learnt.rows
    scale = _scale(rows, wish)
    first, second = _rows_of(found), found.item.astype(np.int64)
    support = found.support.astype(np.int64)
    shrunk = scale[first] * scale[second] * (support / (support + wish.prior))
    pairs = Pairs(first=first, second=second, product=found.score / shrunk, support=support)
    return delta.added_to(pairs)


def _nearly(near: NearMisses, delta: Delta) -> Pairs:
    """The near misses that were touched, from both sides, with what they have now."""
    pairs = Pairs(
        first=near.first.astype(np.int64),
        second=near.second.astype(np.int64),
        product=near.product.astype(np.float64),
        support=near.support.astype(np.int64),
    )
    touched = pairs.only(delta.at(pairs)[0])
    now = delta.added_to(touched)
    return joined([now, now.turned()])


def _counted(table: Rows, items: NDArray[np.bool_]) -> tuple[Pairs, int]:
    """All pairs of some items, counted from the table, and the multiply-adds it took."""
    lengths = np.diff(table.indptr)
    before = np.concatenate([[0], np.cumsum(items[table.item])])
    held = before[table.indptr[1:]] - before[table.indptr[:-1]]
    rows = np.flatnonzero(held)
    if not len(rows):
        return Pairs.none(), 0
    matrix = as_matrix(taken(table, rows, table.n_items), len(rows))
    codes = np.flatnonzero(items)
    ones = ones_of(matrix)
    product = matrix[:, codes].T.tocsr() @ matrix
    support = ones[:, codes].T.tocsr() @ ones
    product.sort_indices()
    support.sort_indices()
    first = codes[np.repeat(np.arange(len(codes)), np.diff(support.indptr))]
    pairs = Pairs(
        first=first,
        second=support.indices.astype(np.int64),
        product=product.data,
        support=support.data.astype(np.int64),
    )
    work = int((held[rows] * lengths[rows]).sum())
    return pairs.only(pairs.first != pairs.second), work


def _weighed(
    pairs: Pairs, wish: Wish, scale: NDArray[np.float64], trials: Trials
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float64]]:
    """Which pairs pass the gates, and of those the scores and likelihoods."""
    passed = pairs.support >= wish.min_support
    pairs = pairs.only(passed)
    llr = log_likelihood_ratio(
        pairs.support, trials.of_item[pairs.first], trials.of_item[pairs.second], trials.rows
    )
    cosine = pairs.product * (scale[pairs.first] * scale[pairs.second])
    score = (cosine * (pairs.support / (pairs.support + wish.prior))).astype(np.float32)
    likely = (llr >= wish.min_llr) & (score > 0) & (score < np.inf)
    passed[passed] = likely
    return passed, score[likely], llr[likely]


def _rows_of(found: Neighbours) -> IntArray:
    return np.repeat(np.arange(len(found.item_support)), np.diff(found.indptr))


def _refuse(learnt: Learnt, now: Rows, share: float, tolerance: float) -> None:
    now.check()
    if (now.weight <= 0).any():
        raise ValueError("weights must be above 0")
    if (np.diff(now.owner) <= 0).any():
        raise ValueError("owners of the changed rows must be ascending, each with one row")
    if now.n_items < learnt.rows.n_items or now.n_owners < learnt.rows.n_owners:
        raise ValueError("an increment has all items and owners of before, and perhaps more")
    if not 0 <= share <= 1:
        raise ValueError(f"the share must lie between 0 and 1, got {share}")
    if not 0 <= tolerance < np.inf:
        raise ValueError(f"the tolerance must be 0 or more, got {tolerance}")
