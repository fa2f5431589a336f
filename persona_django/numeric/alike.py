"""The items that are most alike, by vectors of what is said about them and of the shop's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BLOCK_PAIRS = 2_000_000
"""Pairs of items with something in common, looked at together, which bounds memory to some 200 MB;
those of one item are the least."""
MOST_WITH_ALL = 100_000
"""Items whose vectors of the shop's own are compared with all others': minutes of a day's job."""
SIFTED = 16
"""Of how many values one is looked at first, where the largest of many are wanted."""


def most_alike(
    vectors: Any,
    *,
    k: int,
    own: NDArray[np.float32] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int32], FloatArray]:
    """The items whose vectors are most alike, of each item.

    Memory is bounded, but time grows with the pairs that have something in common: vectors of what
    all have, see `most_in_common`, take the square of their number. So do `own` vectors, up to
    MOST_WITH_ALL items; of more, those are compared that have something in common otherwise.

    Parameters
    ----------
    vectors : (n, d) scipy CSR matrix as of `text_vectors`, or float64 array
    k : kept of each item, 1 or more
    own : (n, e) float32 of the shop's own, as of `beside_own`; None: none
    progress : told the items done and all items; what it raises stops the work

    Returns
    -------
    indptr : (n + 1,) int64, where those of each item begin
    item : (m,) int32, best first; equally alike ones by number
    score : (m,) float64, above 0

    >>> most_alike(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), k=1)[:2]
    (array([0, 1, 2, 2]), array([1, 0], dtype=int32))
    """
    from scipy.sparse import csr_matrix

    if k < 1:
        raise ValueError(f"at least one item must be kept, got k={k}")
    table = csr_matrix(vectors)
    n, across = table.shape[0], table.T.tocsr()
    theirs = own if own is not None and own.shape[1] else None
    with_all = theirs is not None and n <= MOST_WITH_ALL
    counts, items, scores = np.zeros(n, np.int64), [np.empty(0, np.int32)], [np.empty(0)]
    for low, high in _even_blocks(n) if with_all else _blocks(table, across):
        block = (table[low:high] @ across).tocsr()
        of, item, score = _entries(block)
        if theirs is not None and with_all:
            whole = np.asarray(theirs[low:high] @ theirs.T, dtype=np.float64)
            whole[of, item] += score
            of, item = np.nonzero(whole > 0)
            score = whole[of, item]
        elif theirs is not None:
            score = score + np.einsum("ij,ij->i", theirs[low + of], theirs[item])
        alike = np.flatnonzero((score > 0) & (item != low + of))
        of, item, score = of[alike], item[alike], score[alike]
        best = _best_of_each(of, item, score, k=k)
        counts[low:high] = np.bincount(of[best], minlength=high - low)
        items.append(item[best].astype(np.int32))
        scores.append(score[best])
        if progress is not None:
            progress(high, n)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    return indptr, np.concatenate(items), np.concatenate(scores)


def _entries(block: Any) -> tuple[NDArray[np.int64], NDArray[np.integer], FloatArray]:
    """Row, column and value of everything in a CSR matrix."""
    return np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)), block.indices, block.data


def _even_blocks(n: int) -> Iterator[tuple[int, int]]:
    """Ranges of items that are compared with all others."""
    size = max(BLOCK_PAIRS // max(n, 1), 1)
    for low in range(0, n, size):
        yield low, min(low + size, n)


def _blocks(table: Any, across: Any) -> Iterator[tuple[int, int]]:
    """Ranges of items that together have so much in common with others; one item at least."""
    n = table.shape[0]
    times = np.diff(across.indptr).astype(np.int64)
    met = np.concatenate([[0], np.cumsum(times[table.indices])])[table.indptr]
    # However many words two items share, they are one pair.
    done = np.concatenate([[0], np.cumsum(np.minimum(np.diff(met), n))])
    low = 0
    while low < n:
        high = int(np.searchsorted(done, done[low] + BLOCK_PAIRS, side="right")) - 1
        high = max(high, low + 1)
        yield low, high
        low = high


def _best_of_each(
    own: NDArray[np.int64], item: NDArray[np.integer], score: FloatArray, *, k: int
) -> NDArray[np.int64]:
    """Positions of the `k` best of each own item, which ascend, best first; equal ones by item.

    The few are told from the many before they are put in order: an item may have something in
    common with all of a shop.
    """
    sizes = np.bincount(own)
    ends = np.cumsum(sizes)
    kept = np.ones(len(own), dtype=bool)
    for end, size in zip(ends[sizes > k].tolist(), sizes[sizes > k].tolist(), strict=True):
        among = slice(end - size, end)
        least = _largest(score[among], k)
        kept[among] = score[among] > least
        equal = np.flatnonzero(score[among] == least) + (end - size)
        wanted = k - int(np.count_nonzero(kept[among]))
        kept[equal[item[equal] <= -_largest(-item[equal], wanted)]] = True
    few = np.flatnonzero(kept)
    return few[np.lexsort((item[few], -score[few], own[few]))]


def _largest(values: NDArray[Any], k: int) -> Any:
    """The k-th largest of as many values at least."""
    if len(values) >= SIFTED * k:
        # That of a few of them is no larger, and leaves few to look at.
        least = _largest(values[::SIFTED], k)
        above = values[values > least]
        return _largest(above, k) if len(above) >= k else least
    return np.partition(values, len(values) - k)[len(values) - k]
