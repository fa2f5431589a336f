"""Only what a crowd did: evidence of a pair that too few shoppers share leaves no trace at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import distinct, ranges, sort_order

BLOCK_PAIRS = 2_000_000
"""Pairs within rows looked at together, which bounds memory to some 100 MB; one item is the least.
"""
BLOCK_CELLS = 4_000_000
"""Counts of pairs held together, for the same reason."""


def backed(
    rows: Rows, *, min_support: int, progress: Callable[[int, int], None] | None = None
) -> Rows:
    """The entries that stand in a pair which a crowd of shoppers shares.

    An entry stays only if its row holds a second item such that at least `min_support` distinct
    owners have a row with both. Rows and owners left with nothing go too, so that an order whose
    pairs all stay below the crowd moves no count, no norm and no number of rows. Support of the
    pairs that reach the crowd is what it was before.

    Parameters
    ----------
    rows : who touched what; entries of weight 0 count for nothing and are left out
    min_support : distinct owners behind a pair, 1 or more
    progress : told the pairs done and the pairs there are; what it raises stops the work

    Returns
    -------
    Rows with the same item codes, and owner codes without gaps, in the same order

    Raises
    ------
    ValueError : `min_support` is below 1, or the rows are malformed

    References
    ----------
    Calandrino et al., "You might also like: privacy risks of collaborative filtering", IEEE
    Symposium on Security and Privacy 2011: what one purchase moves in public lists tells of it.

    >>> rows = Rows(indptr=np.array([0, 2, 4, 6]), item=np.array([0, 1, 0, 1, 1, 2], np.int32),
    ...     weight=np.ones(6, np.float32), owner=np.arange(3, dtype=np.int32), n_items=3,
    ...     n_owners=3)
    >>> found = backed(rows, min_support=2)
    >>> found.indptr, found.item, found.n_owners
    (array([0, 2, 4]), array([0, 1, 0, 1], dtype=int32), 2)
    """
    if min_support < 1:
        raise ValueError(f"min_support must be at least 1 shopper, got {min_support}")
    rows.check()
    entries = _by_rank(rows)
    kept = np.zeros(len(rows.item), dtype=bool)
    for low, high in _blocks(entries):
        first, second = _pairs(entries, low, high)
        shared = _is_shared(entries, first, second, min_support=min_support)
        kept[entries.place[first[shared]]] = True
        kept[entries.place[second[shared]]] = True
        if progress is not None:
            progress(int(entries.pairs[high]), int(entries.pairs[-1]))
    return _only(rows, kept)


def in_steps(counts: NDArray[np.int64], *, least: int) -> NDArray[np.int64]:
    """Counts rounded down to 1, 2 or 5 times a power of ten, so that one more rarely shows.

    Parameters
    ----------
    counts : any shape, int64, 0 or more
    least : what is below it counts as 0

    >>> in_steps(np.array([4, 7, 19, 20, 999]), least=5)
    array([  0,   5,  10,  20, 500])
    """
    grid = np.array([digit * 10**power for power in range(18) for digit in (1, 2, 5)])
    step = grid[np.maximum(np.searchsorted(grid, counts, side="right") - 1, 0)]
    return np.where(counts >= max(least, 1), step, 0)


def in_fine_steps(count: int, *, least: int) -> int:
    """A total rounded down: from 100 on by a quarter of itself at most, below that as `in_steps`.

    For a total that other counts are held against: with half of it missing, whatever is bought
    more often by itself than with others would seem to meet by chance.

    >>> in_fine_steps(49, least=5), in_fine_steps(180, least=5), in_fine_steps(4_999, least=5)
    (20, 150, 4000)
    """
    if count < 100:
        return int(in_steps(np.array(count), least=least))
    size = 10 ** (len(str(count)) - 2)
    steps = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
    return max(step * size for step in steps if step * size <= count)


@dataclass(frozen=True, kw_only=True)
class _Entries:
    """Entries row by row, the most popular item of each row first.

    Each pair is met once, from its less popular side: a popular item is in most rows but has few
    before it, so no single item makes a block far too large.
    """

    place: NDArray[np.int64]
    """Where each entry stands in the rows given."""
    rank: NDArray[np.int64]
    """Of each entry's item; 0 is the most popular."""
    owner: NDArray[np.int64]
    start: NDArray[np.int64]
    """Where each entry's row begins."""
    again: NDArray[np.bool_]
    """Whether the owner has the item in another row too."""
    by_rank: NDArray[np.int64]
    """Entries in order of rank."""
    ends: NDArray[np.int64]
    """(ranks + 1,) where each rank begins in `by_rank`."""
    pairs: NDArray[np.int64]
    """(ranks + 1,) pairs met before each rank."""
    n_owners: int


def _by_rank(rows: Rows) -> _Entries:
    row = np.repeat(np.arange(len(rows)), np.diff(rows.indptr))
    place = np.flatnonzero(rows.weight > 0)
    times = np.bincount(rows.item[place], minlength=rows.n_items)
    rank_of = np.empty(rows.n_items, dtype=np.int64)
    rank_of[np.argsort(-times, kind="stable")] = np.arange(rows.n_items)
    place = place[sort_order(row[place] * rows.n_items + rank_of[rows.item[place]])]
    rank, row = rank_of[rows.item[place]], row[place]
    owner = rows.owner[row].astype(np.int64)
    start = np.searchsorted(row, row)
    by_rank = sort_order(rank)
    before = (np.arange(len(place)) - start)[by_rank]
    ends = np.concatenate([[0], np.cumsum(np.bincount(rank, minlength=rows.n_items))])
    return _Entries(
        place=place,
        rank=rank,
        owner=owner,
        start=start,
        again=_again(owner * rows.n_items + rank),
        by_rank=by_rank,
        ends=ends,
        pairs=np.concatenate([[0], np.cumsum(before)])[ends],
        n_owners=rows.n_owners,
    )


def _again(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each value is there more than once."""
    order = sort_order(values)
    same = values[order][1:] == values[order][:-1]
    found = np.zeros(len(values), dtype=bool)
    found[order[1:][same]] = True
    found[order[:-1][same]] = True
    return found


def _blocks(entries: _Entries) -> Iterator[tuple[int, int]]:
    """Ranges of ranks of bounded work and width."""
    low, ranks = 0, len(entries.ends) - 1
    while low < ranks and entries.pairs[low] < entries.pairs[-1]:
        high = int(np.searchsorted(entries.pairs, entries.pairs[low] + BLOCK_PAIRS, "right")) - 1
        # Ranks `low` to `high` against all before `high`: (high - low) * high cells at most.
        widest = (low + (low * low + 4.0 * BLOCK_CELLS) ** 0.5) / 2
        high = max(min(high, int(widest), ranks), low + 1)
        yield low, high
        low = high


def _pairs(entries: _Entries, low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries of the block, each beside every entry before it in its row."""
    entry = entries.by_rank[entries.ends[low] : entries.ends[high]]
    start = entries.start[entry]
    length = entry - start
    first = np.repeat(entry, length)
    second = ranges(start, entry)
    return first, second


def _is_shared(
    entries: _Entries,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    min_support: int,
) -> NDArray[np.bool_]:
    """Of each pair of entries: do enough distinct owners have both items in one row?"""
    if not len(first):
        return np.zeros(0, dtype=bool)
    rank = entries.rank[first]
    low = rank[0]
    width = int(rank[-1])
    cell = (rank - low) * width + entries.rank[second]
    # Only an owner who has both items more than once could be counted twice: few are sorted.
    twice = entries.again[first] & entries.again[second]
    support = np.bincount(cell[~twice])
    if twice.any():
        owned = cell[twice] * entries.n_owners + entries.owner[first[twice]]
        once = np.bincount(distinct(owned) // entries.n_owners, minlength=len(support))
        once[: len(support)] += support
        support = once
    return support[cell] >= min_support


def _only(rows: Rows, kept: NDArray[np.bool_]) -> Rows:
    """The kept entries, without rows and owners that have none left."""
    found = rows.only(kept)
    counts = np.diff(found.indptr)
    left = counts > 0
    owners, owner = np.unique(rows.owner[left], return_inverse=True)
    return replace(
        found,
        indptr=np.concatenate([[0], np.cumsum(counts[left])]),
        owner=owner.astype(np.int32),
        n_owners=len(owners),
    )
