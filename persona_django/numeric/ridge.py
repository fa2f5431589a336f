"""What a set of items calls for: each item explained by those that stand in the same rows.

Cosines of several seeds add up what is the same evidence: of two alike products in a cart the
second says little more than the first. A regression shares the credit among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import distinct

Progress = Callable[[int, int], None]
WIDEST = 4_000
"""Items whose counts with each other are held at once: a table of 64 MB."""
MOST_OF_A_BLOCK = 256
"""Systems solved in one go, which bounds their memory to some 40 MB at 100 regressors."""


@dataclass(frozen=True, kw_only=True)
class Calls:
    """For each item the weights of the items that call for it, in the layout known as CSR.

    Parameters
    ----------
    indptr : (n_items + 1,) int64, where the regressors of each item code begin
    item : (nnz,) int32, item code of a regressor, ascending within an item
    weight : (nnz,) float32, what its presence adds; may be below 0

    >>> calls = Calls(indptr=np.array([0, 1, 1]), item=np.array([1], np.int32),
    ...     weight=np.array([0.5], np.float32))
    >>> calls.score(np.array([1])).tolist()
    [0.5, 0.0]
    """

    indptr: NDArray[np.int64]
    item: NDArray[np.int32]
    weight: NDArray[np.float32]

    def score(self, seeds: NDArray[np.integer]) -> NDArray[np.float64]:
        """How much each item is called for by a set of seeds.

        Parameters
        ----------
        seeds : (s,) item codes; one that stands twice counts once

        Returns
        -------
        (n_items,) float64
        """
        n = len(self.indptr) - 1
        there = np.zeros(n, dtype=bool)
        there[seeds] = True
        owner = np.repeat(np.arange(n), np.diff(self.indptr))
        chosen = there[self.item]
        called = np.bincount(owner[chosen], weights=self.weight[chosen], minlength=n)
        return called.astype(np.float64, copy=False)


def local_ridge(
    rows: Rows, neighbours: Neighbours, *, penalty: float, progress: Progress | None = None
) -> Calls:
    """Regress every item on its neighbours, over rows that hold an item or do not.

    Parameters
    ----------
    rows : who touched what, or what was bought at once; two entries of a row count as the product
        of their weights, so that a row whose entries weigh the root of a half counts half
    neighbours : those of each item that may explain it, best by some other measure
    penalty : added to the number of rows of each regressor, above 0: how many rows of doubt there
        are about each weight
    progress : told the items done and all items; what it raises stops the work

    Returns
    -------
    Calls; an item without neighbours is called for by nothing

    Raises
    ------
    ValueError : the penalty is not above 0, or the tables are of different catalogues

    References
    ----------
    Ning and Karypis, "SLIM: sparse linear methods for top-N recommender systems", ICDM 2011, for
    the regression; Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, for
    its closed form from counts alone. Here the regressors of each item are fixed beforehand, so
    that the cost grows with items, not with their cube.

    >>> rows = Rows(indptr=np.array([0, 2, 4, 5]), item=np.array([0, 1, 0, 1, 2], np.int32),
    ...     weight=np.ones(5, np.float32), owner=np.arange(3, dtype=np.int32), n_items=3,
    ...     n_owners=3)
    >>> one_of_two = Neighbours(indptr=np.array([0, 1, 2, 2]), item=np.array([1, 0], np.int32),
    ...     score=np.ones(2, np.float32), support=np.full(2, 2, np.int32),
    ...     llr=np.ones(2, np.float32), item_support=np.array([2, 2, 1], np.int32), owners=3)
    >>> local_ridge(rows, one_of_two, penalty=2.0).weight
    array([0.5, 0.5], dtype=float32)
    """
    if not 0 < penalty < np.inf:
        raise ValueError(f"the penalty must be above 0, got {penalty}")
    if len(neighbours.indptr) != rows.n_items + 1:
        raise ValueError(
            f"rows of {rows.n_items} items and neighbours of {len(neighbours.indptr) - 1}"
        )
    rows.check()
    indptr = neighbours.indptr
    owner = np.repeat(np.arange(rows.n_items), np.diff(indptr))
    item = neighbours.item[np.lexsort((neighbours.item, owner))]
    weight = np.zeros(len(item), dtype=np.float32)
    table = _table(rows)
    # scikit-learn needs threadpoolctl itself, so it is there.
    from threadpoolctl import threadpool_limits

    # Each system is small: on a busy machine threads wait for each other longer than they work.
    with threadpool_limits(1, user_api="blas"):
        for low, high in _blocks(indptr, item):
            regressors = item[indptr[low] : indptr[high]]
            own = np.arange(low, high)
            wide = distinct(np.concatenate([own, regressors]))
            both = table[:, wide]
            weight[indptr[low] : indptr[high]] = _solved(
                (both.T @ both).toarray(),
                np.searchsorted(wide, regressors),
                starts=indptr[low : high + 1] - indptr[low],
                own=np.searchsorted(wide, own),
                penalty=penalty,
            )
            if progress is not None:
                progress(high, rows.n_items)
    return Calls(indptr=indptr, item=item, weight=weight)


def _table(rows: Rows) -> Any:
    from scipy.sparse import csc_matrix, csr_matrix

    shape = (len(rows), rows.n_items)
    return csc_matrix(csr_matrix((rows.weight, rows.item, rows.indptr), shape=shape))


def _blocks(indptr: NDArray[np.int64], item: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """Ranges of items that together have few enough different regressors; one item at least."""
    n_items = len(indptr) - 1
    low = 0
    while low < n_items:
        known: set[int] = set()
        high = low
        while high < min(low + MOST_OF_A_BLOCK, n_items):
            known.add(high)
            known.update(item[indptr[high] : indptr[high + 1]].tolist())
            if len(known) > WIDEST and high > low:
                break
            high += 1
        yield low, high
        low = high


def _solved(
    counts: NDArray[np.float32],
    place: NDArray[np.int64],
    *,
    starts: NDArray[np.int64],
    own: NDArray[np.int64],
    penalty: float,
) -> NDArray[np.float64]:
    """Weights of the regressors of a block's items, all of its systems solved in one go."""
    sizes = np.diff(starts)
    column = np.arange(int(sizes.max(initial=0)))
    # Shorter ones are filled up with regressors of no count, whose weight comes out as 0.
    there = column < sizes[:, None]
    at = np.zeros(there.shape, dtype=np.int64)
    at[there] = place
    among = counts[at[:, :, None], at[:, None, :]].astype(np.float64)
    among *= there[:, :, None] & there[:, None, :]
    among[:, column, column] += penalty
    together = np.where(there, counts[at, own[:, None]], 0.0)
    solved = np.linalg.solve(among, together[:, :, None])[:, :, 0]
    return solved[there].astype(np.float64, copy=False)
