"""Who touched what, as one sparse table: the input of every relation between items."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import ranges


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of distinct items with weights, in the layout known as CSR.

    A row is a shopper (for `similar`) or an order (for `bought-together`); `owner` is the shopper
    behind it, so that ten orders of one shopper count as one opinion.

    Parameters
    ----------
    indptr : (n_rows + 1,) int64, position where each row begins in `item`; starts with 0
    item : (nnz,) int32, item codes 0 to n_items - 1, ascending and distinct within a row
    weight : (nnz,) float32, strength of the evidence, finite, 0 or more
    owner : (n_rows,) int32, codes 0 to n_owners - 1 of the shopper behind each row
    n_items : items there are, also those nobody touched
    n_owners : distinct shoppers there are

    >>> rows = Rows(indptr=np.array([0, 2, 3]), item=np.array([0, 1, 1], np.int32),
    ...     weight=np.ones(3, np.float32), owner=np.array([0, 1], np.int32), n_items=2, n_owners=2)
    >>> len(rows)
    2
    """

    indptr: NDArray[np.int64]
    item: NDArray[np.int32]
    weight: NDArray[np.float32]
    owner: NDArray[np.int32]
    n_items: int
    n_owners: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @classmethod
    def empty(cls, *, n_items: int = 0) -> Rows:
        """A table nobody has touched yet.

        >>> len(Rows.empty(n_items=5))
        0
        """
        return cls(
            indptr=np.zeros(1, np.int64),
            item=np.empty(0, np.int32),
            weight=np.empty(0, np.float32),
            owner=np.empty(0, np.int32),
            n_items=n_items,
            n_owners=0,
        )

    def only(self, kept: NDArray[np.bool_]) -> Rows:
        """The same rows with some of their entries; a row that has none left stays, empty.

        Parameters
        ----------
        kept : (nnz,) bool, the entries that stay

        >>> Rows.empty(n_items=5).only(np.zeros(0, bool)).n_items
        5
        """
        before = np.concatenate([[0], np.cumsum(kept)])
        return replace(
            self,
            indptr=before[self.indptr],
            item=self.item[kept],
            weight=self.weight[kept],
        )

    def take(self, chosen: NDArray[np.integer]) -> Rows:
        """Some of the rows, in the order given, among the same items and owners.

        Parameters
        ----------
        chosen : (m,) int64, numbers of rows

        >>> Rows.empty(n_items=5).take(np.zeros(0, np.int64)).n_items
        5
        """
        begins, ends = self.indptr[:-1][chosen], self.indptr[1:][chosen]
        place = ranges(begins, ends)
        return replace(
            self,
            indptr=np.concatenate([[0], np.cumsum(ends - begins)]),
            item=self.item[place],
            weight=self.weight[place],
            owner=self.owner[chosen],
        )

    def check(self) -> None:
        """Refuse a table that would be counted wrongly.

        Raises
        ------
        ValueError : lengths do not fit each other, a code is out of range, items of a row are not
            ascending and distinct, or a weight is not a finite number of 0 or more
        """
        lengths = np.diff(self.indptr)
        if len(self.indptr) == 0 or self.indptr[0] != 0 or (lengths < 0).any():
            raise ValueError("indptr must begin with 0 and never fall")
        if not len(self.item) == len(self.weight) == self.indptr[-1]:
            raise ValueError(
                f"indptr promises {self.indptr[-1]} entries, but there are {len(self.item)} items "
                f"and {len(self.weight)} weights"
            )
        if len(self.owner) != len(self):
            raise ValueError(f"{len(self)} rows need as many owners, got {len(self.owner)}")
        _in_range(self.item, self.n_items, "item")
        _in_range(self.owner, self.n_owners, "owner")
        if len(self.item) > 1:
            rises = self.item[1:] > self.item[:-1]
            first = self.indptr[1:-1]
            rises[first[(first > 0) & (first < len(self.item))] - 1] = True
            if not rises.all():
                raise ValueError("items of a row must be ascending and distinct")
        # The sum is not finite when any weight is not, and costs a tenth of asking each.
        if not np.isfinite(self.weight.sum(dtype=np.float64)) or (self.weight < 0).any():
            raise ValueError("weights must be finite numbers of 0 or more")


def _in_range(codes: NDArray[np.int32], count: int, name: str) -> None:
    if len(codes) and (codes.min() < 0 or codes.max() >= count):
        raise ValueError(f"{name} codes must lie between 0 and {count - 1}")
