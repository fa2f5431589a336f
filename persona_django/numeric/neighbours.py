"""The best neighbours of every item: the relations `similar` and `bought-together`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import distinct, sort_order

Progress = Callable[[int, int], None]
"""Called now and then with the work done and the work there is; what it raises stops the work."""


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """For each item those that go with it, best first, in the layout known as CSR.

    Parameters
    ----------
    indptr : (n_items + 1,) int64, where the neighbours of each item code begin
    item : (nnz,) int32, item code of the neighbour
    score : (nnz,) float32, above 0 and falling within an item; equal scores by item code
    support : (nnz,) int32, distinct owners behind the pair
    llr : (nnz,) float32, log-likelihood ratio of the pair, its trials being rows
    item_support : (n_items,) int32, distinct owners of each item
    owners : distinct owners there are
    gap : (nnz,) float32, seconds, how long after the item its neighbour typically comes (median);
        None for relations without an order

    >>> len(Neighbours.empty(n_items=4).indptr)
    5
    """

    indptr: NDArray[np.int64]
    item: NDArray[np.int32]
    score: NDArray[np.float32]
    support: NDArray[np.int32]
    llr: NDArray[np.float32]
    item_support: NDArray[np.int32]
    owners: int
    gap: NDArray[np.float32] | None = None

    @classmethod
    def empty(cls, *, n_items: int, owners: int = 0) -> Neighbours:
        """No neighbour of anything.

        >>> Neighbours.empty(n_items=1).item.tolist()
        []
        """
        return cls(
            indptr=np.zeros(n_items + 1, np.int64),
            item=np.empty(0, np.int32),
            score=np.empty(0, np.float32),
            support=np.empty(0, np.int32),
            llr=np.empty(0, np.float32),
            item_support=np.zeros(n_items, np.int32),
            owners=owners,
        )


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What chance is reckoned against: how many rows there are, and how many hold each item.

    Parameters
    ----------
    rows : rows there are, 0 or more
    of_item : (n_items,) int64, rows that hold each item

    >>> Trials.of(Rows.empty(n_items=2))
    Trials(rows=0, of_item=array([0, 0]))
    """

    rows: int
    of_item: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Rows) -> Trials:
        """Counted in a table. An entry of weight 0 is no evidence and is not counted.

        >>> Trials.of(Rows.empty(n_items=1)).rows
        0
        """
        item = rows.item[rows.weight > 0]
        return cls(rows=len(rows), of_item=np.bincount(item, minlength=rows.n_items))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What `top_neighbours` was asked for, for the two backends.

    >>> Wish(k=50, min_support=3, min_llr=3.84, prior=10.0, discount=0.5).k
    50
    """

    k: int
    min_support: int
    min_llr: float
    prior: float
    discount: float

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"at least one neighbour must be kept, got k={self.k}")
        if self.min_support < 1:
            raise ValueError(f"min_support must be at least 1 shopper, got {self.min_support}")
        if not 0 <= self.min_llr < np.inf:
            raise ValueError(f"min_llr must be 0 or more, got {self.min_llr}")
        if not 0 <= self.prior < np.inf:
            raise ValueError(f"prior must be 0 shoppers or more, got {self.prior}")
        if not 0 <= self.discount < np.inf:
            raise ValueError(f"the popularity discount must be 0 or more, got {self.discount}")


def top_neighbours(
    rows: Rows,
    *,
    k: int,
    min_support: int,
    min_llr: float,
    prior: float,
    discount: float,
    trials: Trials | None = None,
    threads: int = 2,
    backend: str = "auto",
    progress: Progress | None = None,
) -> Neighbours:
    """The items that go best with each item, for reasons that more than a few shoppers gave.

    With w the weights, the score of items i and j is

        sum over rows of w[r,i] * w[r,j] / (|i| * |j|) ** (2 * discount) * s / (s + prior)

    where |i| is the Euclidean norm of the item's weights and s the support, the distinct owners
    of rows that hold both. A pair is dropped, before the best are chosen, unless its support and
    its log-likelihood ratio reach their gates and its score is finite and above 0.

    Chance is reckoned in rows: how many of them would hold both items if each of the two were
    spread over all rows alike. Reckoned in owners, what regular buyers put into different orders
    would pass for an expectation of finding it in one, and no pair of a regular basket would
    ever beat it. The crowd behind a pair is counted in owners all the same.

    Parameters
    ----------
    rows : who touched what; entries of weight 0 count for nothing
    k : neighbours kept for each item, 1 or more
    min_support : distinct owners behind a pair, 1 or more
    min_llr : log-likelihood ratio of a pair, 0 or more; see `similarity.log_likelihood_ratio`
    prior : owners, 0 or more; the support at which a score keeps half its size
    discount : no unit, 0 or more; 0.5 is the cosine, more holds popular items back harder
    trials : for the log-likelihood ratio, where the table holds less than was seen; never below
        what is counted in the table itself
    threads : of the compiled backend, 1 or more; the result does not depend on it
    backend : `auto`, `numba` or `scipy`, see `available_backend`
    progress : called from this thread

    Returns
    -------
    the same neighbours from every backend, to the fifth digit of their scores

    Raises
    ------
    ValueError : an option is out of its range, the rows are malformed, there are trials of other
        items, or the backend is unknown or not installed

    References
    ----------
    Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001;
    Dunning 1993 and Koren 2008 as in `similarity`.

    >>> rows = Rows(indptr=np.array([0, 2, 4, 5]), item=np.array([0, 1, 0, 1, 2], np.int32),
    ...     weight=np.ones(5, np.float32), owner=np.arange(3, dtype=np.int32), n_items=3,
    ...     n_owners=3)
    >>> found = top_neighbours(rows, k=5, min_support=2, min_llr=0.0, prior=2.0, discount=0.5)
    >>> found.indptr, found.item.tolist(), found.score.tolist(), found.support.tolist()
    (array([0, 1, 2, 2]), [1, 0], [0.5, 0.5], [2, 2])
    """
    wish = Wish(k=k, min_support=min_support, min_llr=min_llr, prior=prior, discount=discount)
    if threads < 1:
        raise ValueError(f"at least one thread is needed, got {threads}")
    chosen = available_backend(backend)
    rows.check()
    rows = _by_owner(_without_zeros(rows))
    trials = _at_least(Trials.of(rows), trials)
    if chosen == "numba":
        from persona_django.numeric.compiled_pass import compiled_neighbours

        return compiled_neighbours(rows, wish, trials, threads=threads, progress=progress)
    from persona_django.numeric.sparse_blocks import sparse_neighbours

    return sparse_neighbours(rows, wish, trials, progress=progress)


def available_backend(requested: str = "auto") -> str:
    """Which way of counting will be used: `numba` (compiled) or `scipy` (always there).

    Raises
    ------
    ValueError : the name is unknown, or `numba` is asked for and not installed

    >>> available_backend("scipy")
    'scipy'
    """
    if requested not in {"auto", "numba", "scipy"}:
        raise ValueError(f"the backend must be auto, numba or scipy, got {requested!r}")
    if requested == "scipy":
        return "scipy"
    if find_spec("numba") is not None:
        return "numba"
    if requested == "numba":
        raise ValueError("numba is not installed: pip install persona-django[fast]")
    return "scipy"


def multiply_adds(rows: Rows) -> int:
    """How much work the pairs of a table are: the sum of squared row lengths.

    >>> multiply_adds(Rows.empty())
    0
    """
    lengths = np.diff(rows.indptr)
    return int((lengths * lengths).sum())


def item_owners(rows: Rows) -> NDArray[np.int64]:
    """Distinct owners of each item; rows must stand in order of owner, or each have its own.

    Returns
    -------
    (n_items,) int64, 0 to n_owners

    >>> item_owners(Rows.empty(n_items=2))
    array([0, 0])
    """
    if not repeats_owners(rows):
        return np.bincount(rows.item, minlength=rows.n_items)
    owner = np.repeat(rows.owner.astype(np.int64), np.diff(rows.indptr))
    # Widened as an array: numpy 1 keeps four bytes where only the number beside them has eight.
    pair = distinct(rows.item.astype(np.int64) * rows.n_owners + owner)
    return np.bincount(pair // rows.n_owners, minlength=rows.n_items)


def repeats_owners(rows: Rows) -> bool:
    """Whether some shopper stands behind more than one row.

    >>> repeats_owners(Rows.empty())
    False
    """
    return bool(np.bincount(rows.owner).max(initial=0) > 1)


def _at_least(counted: Trials, given: Trials | None) -> Trials:
    if given is None:
        return counted
    if len(given.of_item) != len(counted.of_item):
        raise ValueError(
            f"trials of {len(counted.of_item)} items are needed, got {len(given.of_item)}"
        )
    return Trials(
        rows=max(given.rows, counted.rows), of_item=np.maximum(given.of_item, counted.of_item)
    )


def _without_zeros(rows: Rows) -> Rows:
    kept = rows.weight > 0
    return rows if kept.all() else rows.only(kept)


def _by_owner(rows: Rows) -> Rows:
    """The same table with the rows of each owner side by side, where that matters."""
    if not repeats_owners(rows) or (rows.owner[1:] >= rows.owner[:-1]).all():
        return rows
    return rows.take(sort_order(rows.owner))
