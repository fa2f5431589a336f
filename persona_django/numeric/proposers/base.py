"""Ways to propose items to somebody with a history: what they learn from, what they are asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposals import Proposals, looked_up
from persona_django.numeric.sorting import firsts, sort_order
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """What may be learnt from.

    Parameters
    ----------
    steps : rows of what shoppers did, in time
    texts : by name of the field, a text of every item; empty where there are none
    labels : by name of the field, the attributes of every item as words; empty where there are
        none

    Raises
    ------
    ValueError : a field does not tell of every item
    """

    steps: Steps
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, told in (*self.texts.items(), *self.labels.items()):
            if len(told) != self.steps.n_items:
                raise ValueError(
                    f"{name} must tell of {self.steps.n_items} items, but tells of {len(told)}"
                )

    def labels_by_item(self) -> list[list[str]]:
        """All labels of each item, the same word of two fields being two of them."""
        return [
            [f"{name}: {label}" for name, labels in self.labels.items() for label in labels[item]]
            for item in range(self.steps.n_items)
        ]


@dataclass(frozen=True, kw_only=True)
class Latest:
    """Each item of each history once, where it came last, by case and then by item.

    Parameters
    ----------
    case, item : (n,) int64
    times : (n,) int64, how often it stands in the history
    at : (n,) int64, seconds since 1970 UTC of its last time
    to_end : (n,) int64, moments of the history after that; 0: none
    """

    case: IntArray
    item: IntArray
    times: IntArray
    at: IntArray
    to_end: IntArray


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What is known of each case when items are wanted for it.

    Parameters
    ----------
    histories : one row for each case
    now : (n_cases,) int64, seconds since 1970 UTC

    Raises
    ------
    ValueError : there are not as many moments as histories
    """

    histories: Steps
    now: IntArray

    def __post_init__(self) -> None:
        if len(self.now) != len(self.histories):
            raise ValueError(
                f"{len(self.histories)} histories need as many moments, got {len(self.now)}"
            )

    def __len__(self) -> int:
        return len(self.now)

    @cached_property
    def to_end(self) -> IntArray:
        """(nnz,) int64, as of the histories; worked out once."""
        return self.histories.to_end()

    @cached_property
    def latest(self) -> Latest:
        """What the histories hold; worked out once: most proposers ask it, and the features."""
        histories = self.histories
        row = histories.row
        pair = row * histories.n_items + histories.item
        # Entries of a row stand in order of time, and of one item they keep it.
        order = sort_order(pair)
        begins = firsts(pair[order])
        times = np.diff(np.append(begins, len(order)))
        last = order[begins + times - 1]
        return Latest(
            case=row[last],
            item=histories.item[last],
            times=times,
            at=histories.at[last],
            to_end=self.to_end[last],
        )

    def holds(self, case: IntArray, item: IntArray) -> NDArray[np.bool_]:
        """(n,) bool, whether the history of each case holds the item; case, item: (n,) int64."""
        n_items, latest = self.histories.n_items, self.latest
        keys = latest.case * n_items + latest.item
        return looked_up(keys, latest.times, case * n_items + item) > 0

    def take(self, chosen: IntArray) -> Questions:
        """Some of the cases, by number and in the order given."""
        return Questions(histories=self.histories.take(chosen), now=self.now[chosen])

    def blocks(self, size: int) -> Iterator[Questions]:
        """All cases in their order, so many at a time, which bounds memory."""
        for low in range(0, len(self), size):
            yield self.take(np.arange(low, min(low + size, len(self))))


class Proposer(ABC):
    """One way to propose items. `fit` learns; `propose` only reads what was learnt."""

    @abstractmethod
    def fit(self, lessons: Lessons) -> None:
        """Learn afresh; what was learnt before is forgotten."""

    @abstractmethod
    def propose(self, questions: Questions) -> Proposals:
        """What speaks for each item that anything speaks for, those of the history included."""

    def learns_as(self, other: Proposer) -> bool:
        """Whether what the other has learnt is what this one would learn from the same lessons."""
        return False


class Kept(Proposer):
    """A proposer that can be stored: what it learnt is arrays."""

    @abstractmethod
    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """What it learnt, by name; plain numbers."""

    @abstractmethod
    def take_over(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Know what `as_arrays` gave, over the arrays themselves. KeyError: one is missing."""
