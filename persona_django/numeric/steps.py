"""What shoppers did one after the other: visits, orders, or all that is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.decay import half_life_weight
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.rows import Rows
from persona_django.numeric.sorting import firsts, ranges

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Rows of items in the order in which they came.

    Parameters
    ----------
    indptr : (n_rows + 1,) int64, where each row begins; starts with 0
    item : (nnz,) int64, item codes 0 to n_items - 1, oldest first within a row
    at : (nnz,) int64, seconds since 1970 UTC, never falling within a row; items of one moment,
        such as those of one order, do not follow each other
    owner : (n_rows,) int64, codes 0 to n_owners - 1 of the shopper behind each row
    n_items : items there are
    n_owners : distinct shoppers there are

    Raises
    ------
    ValueError : the columns do not fit together, a time falls within a row, or a code is out of
        its range

    >>> Steps(indptr=np.array([0, 2]), item=np.array([4, 5]), at=np.array([9, 1]),
    ...     owner=np.array([0]), n_items=7, n_owners=1)
    Traceback (most recent call last):
    ...
    ValueError: within a row the oldest comes first
    """

    indptr: IntArray
    item: IntArray
    at: IntArray
    owner: IntArray
    n_items: int
    n_owners: int

    def __post_init__(self) -> None:
        n = len(self.item)
        sound = len(self.indptr) == len(self.owner) + 1 and len(self.at) == n
        if not sound or self.indptr[0] != 0 or self.indptr[-1] != n:
            raise ValueError("rows must cover all items, with one time each and one owner a row")
        if (np.diff(self.indptr) < 0).any():
            raise ValueError("a row ends where the next begins, so indptr must never fall")
        within = np.ones(n, dtype=bool)
        within[self.indptr[:-1][self.indptr[:-1] < n]] = False
        if (np.diff(self.at, prepend=0)[within] < 0).any():
            raise ValueError("within a row the oldest comes first")
        if n and not 0 <= self.item.min() <= self.item.max() < self.n_items:
            raise ValueError(f"items must be numbers from 0 to {self.n_items - 1}")
        if len(self) and not 0 <= self.owner.min() <= self.owner.max() < self.n_owners:
            raise ValueError(f"owners must be numbers from 0 to {self.n_owners - 1}")

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def row(self) -> IntArray:
        """(nnz,) int64, the row of each item."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def take(self, chosen: IntArray) -> Steps:
        """Some of the rows, by number and in the order given; codes stay what they are.

        Parameters
        ----------
        chosen : (m,) int64, numbers of rows; one that is named twice stands twice

        >>> steps = Steps(indptr=np.array([0, 2, 3]), item=np.array([4, 5, 6]), at=np.arange(3),
        ...     owner=np.array([0, 1]), n_items=7, n_owners=2)
        >>> steps.take(np.array([1])).item
        array([6])
        """
        begins, ends = self.indptr[chosen], self.indptr[chosen + 1]
        place = ranges(begins, ends)
        return Steps(
            indptr=np.concatenate([[0], np.cumsum(ends - begins)]),
            item=self.item[place],
            at=self.at[place],
            owner=self.owner[chosen],
            n_items=self.n_items,
            n_owners=self.n_owners,
        )

    def only(self, kept: NDArray[np.bool_]) -> Steps:
        """The same rows with some of their items; a row that has none left stays, empty.

        Parameters
        ----------
        kept : (nnz,) bool, the items that stay

        >>> steps = Steps(indptr=np.array([0, 2, 3]), item=np.array([4, 5, 6]), at=np.arange(3),
        ...     owner=np.array([0, 1]), n_items=7, n_owners=2)
        >>> steps.only(steps.item < 6).indptr
        array([0, 2, 2])
        """
        before = np.concatenate([[0], np.cumsum(kept)])
        return Steps(
            indptr=before[self.indptr],
            item=self.item[kept],
            at=self.at[kept],
            owner=self.owner,
            n_items=self.n_items,
            n_owners=self.n_owners,
        )

    def moments(self) -> IntArray:
        """(nnz,) int64, a number for each item, ascending; the same for those of one row and time.

        >>> Steps(indptr=np.array([0, 3]), item=np.array([4, 5, 6]), at=np.array([1, 1, 9]),
        ...     owner=np.array([0]), n_items=7, n_owners=1).moments()
        array([1, 1, 2])
        """
        return np.cumsum((np.diff(self.row, prepend=0) != 0) | (np.diff(self.at, prepend=0) != 0))

    def ended(self) -> IntArray:
        """(n_rows,) int64, when the last item of each row came; 0 where a row is empty.

        >>> Steps(indptr=np.array([0, 2, 2]), item=np.array([4, 5]), at=np.array([1, 9]),
        ...     owner=np.array([0, 0]), n_items=7, n_owners=1).ended()
        array([9, 0])
        """
        found = np.zeros(len(self), np.int64)
        filled = np.diff(self.indptr) > 0
        found[filled] = self.at[self.indptr[1:][filled] - 1]
        return found

    def to_end(self) -> IntArray:
        """(nnz,) int64, how many moments of its row came after that of each item; 0: the last.

        >>> Steps(indptr=np.array([0, 3]), item=np.array([4, 5, 6]), at=np.array([1, 1, 9]),
        ...     owner=np.array([0]), n_items=7, n_owners=1).to_end()
        array([1, 1, 0])
        """
        if not len(self.item):
            return np.empty(0, np.int64)
        row, moment = self.row, self.moments()
        last = np.zeros(len(self), np.int64)
        filled = np.diff(self.indptr) > 0
        last[filled] = moment[self.indptr[1:][filled] - 1]
        return last[row] - moment

    def reversed(self) -> Steps:
        """The same rows with the newest first, as if time ran backwards: times are negative.

        >>> Steps(indptr=np.array([0, 2]), item=np.array([4, 5]), at=np.array([1, 9]),
        ...     owner=np.array([0]), n_items=7, n_owners=1).reversed().item
        array([5, 4])
        """
        row = self.row
        place = self.indptr[row] + self.indptr[row + 1] - 1 - np.arange(len(self.item))
        return Steps(
            indptr=self.indptr,
            item=self.item[place],
            at=-self.at[place],
            owner=self.owner,
            n_items=self.n_items,
            n_owners=self.n_owners,
        )

    def as_rows(self, *, half_life_days: float = np.inf) -> Rows:
        """Who held what, whenever: each item of a row once.

        Parameters
        ----------
        half_life_days : days, above 0; a row that ended so long before the newest counts half,
            the weight of its entries being the root of that

        >>> Steps(indptr=np.array([0, 3]), item=np.array([5, 4, 5]), at=np.arange(3),
        ...     owner=np.array([0]), n_items=7, n_owners=1).as_rows().item.tolist()
        [4, 5]
        """
        pair = np.sort(self.row * self.n_items + self.item)
        pair = pair[firsts(pair)]
        row = pair // max(self.n_items, 1)
        return Rows(
            indptr=np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(self)))]),
            item=(pair - row * self.n_items).astype(np.int32),
            weight=self._strength(half_life_days)[row].astype(np.float32),
            owner=self.owner.astype(np.int32),
            n_items=self.n_items,
            n_owners=self.n_owners,
        )

    def _strength(self, half_life_days: float) -> NDArray[np.float64]:
        """(n_rows,) float64, what each row's entries weigh."""
        ended = self.ended()
        age = (ended.max(initial=0) - ended) / DAY_SECONDS
        return np.sqrt(half_life_weight(age, half_life_days=half_life_days))
