"""Beginnings of visits as cases: what came next is known, and is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposers.base import Questions
from persona_django.numeric.sorting import places_within, ranges
from persona_django.numeric.steps import Steps
from persona_django.ranking.drawing import Draw, lots_of_cases

IntArray = NDArray[np.int64]
MOST_COPIED = 500_000
"""Items of the histories that are asked about together: a thousand beginnings of a visit of ten
thousand items are no small part any more."""


@dataclass(frozen=True, kw_only=True)
class Beginnings:
    """Beginnings of rows, each copied out of its row only when it is asked about: all of those of
    a row of n items hold n² / 2.

    Parameters
    ----------
    rows : whose beginnings
    row : (n_cases,) int64, the row of each
    size : (n_cases,) int64, items of it that are known, fewer than it has
    seen : how many of the last of those are looked at, 1 or more; None: all
    """

    rows: Steps
    row: IntArray
    size: IntArray
    seen: int | None = None

    def __len__(self) -> int:
        return len(self.row)

    @property
    def now(self) -> IntArray:
        """(n_cases,) int64, when what is asked for came, seconds since 1970 UTC."""
        return self.rows.at[self._ends]

    @property
    def answer(self) -> IntArray:
        """(n_cases,) int64, the item that came next."""
        return self.rows.item[self._ends]

    @property
    def histories(self) -> Steps:
        """All of them at once, for which a log of long rows has no room."""
        begins, ends = self._begins, self._ends
        place = ranges(begins, ends)
        return Steps(
            indptr=np.concatenate([[0], np.cumsum(ends - begins)]),
            item=self.rows.item[place],
            at=self.rows.at[place],
            owner=np.arange(len(self)),
            n_items=self.rows.n_items,
            n_owners=len(self),
        )

    def take(self, chosen: IntArray) -> Beginnings:
        """Some of the cases, by number and in the order given."""
        return replace(self, row=self.row[chosen], size=self.size[chosen])

    def few_of_each(self, most: int, *, seed: int) -> Beginnings:
        """At most so many of each row, drawn by lot, in the order they stand in."""
        order = np.lexsort((lots_of_cases(self.now, draw=Draw.OF_A_ROW, seed=seed), self.row))
        return self.take(np.sort(order[places_within(np.bincount(self.row)) < most]))

    def blocks(self, size: int) -> Iterator[Questions]:
        """All cases in their order, at most so many at a time, and fewer where they are long."""
        copied = np.cumsum(self._ends - self._begins)
        low = 0
        while low < len(self):
            before = copied[low - 1] if low else 0
            room = int(np.searchsorted(copied, before + MOST_COPIED, side="right"))
            high = max(min(low + size, room), low + 1)
            part = self.take(np.arange(low, min(high, len(self))))
            yield Questions(histories=part.histories, now=part.now)
            low = high

    @property
    def _ends(self) -> IntArray:
        return self.rows.indptr[self.row] + self.size

    @property
    def _begins(self) -> IntArray:
        size = self.size if self.seen is None else np.minimum(self.size, self.seen)
        return self._ends - size


def beginnings(steps: Steps, *, least: int, seen: int | None = None) -> Beginnings:
    """Every beginning of `least` or more items of every row that something came after."""
    times = np.maximum(np.diff(steps.indptr) - least, 0)
    return Beginnings(
        rows=steps,
        row=np.repeat(np.arange(len(steps)), times),
        size=places_within(times) + least,
        seen=seen,
    )
