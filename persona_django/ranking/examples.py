"""What a ranker learns from: candidates of cases whose answers are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.caps import lots
from persona_django.numeric.sorting import distinct, pairs_among

IntArray = NDArray[np.int64]

DRAWN = 60
"""Candidates of a case, besides its answers, that a ranker learns from: others teach it little."""
JUDGED_SHARE = 5
"""Of so many parts of the answered cases the last is kept from the fits to choose the better one
by: cases of one visit or basket stand side by side, and one would give the next away."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Candidates of some cases.

    Parameters
    ----------
    matrix : (n, f) float32, their features
    case, item : (n,) int64, ascending by case
    """

    matrix: NDArray[np.float32]
    case: IntArray
    item: IntArray

    def take(self, kept: NDArray[np.bool_]) -> Candidates:
        """Some of them; kept is (n,) bool."""
        return Candidates(matrix=self.matrix[kept], case=self.case[kept], item=self.item[kept])


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Candidates of answered cases.

    Parameters
    ----------
    matrix : (n, f) float32, their features
    label : (n,) bool, which were answers
    case : (n,) int64, number of the case, ascending
    drawn : (n,) bool, which are learnt from: the answers, and some of the others
    judged : (n,) bool, which belong to the last cases, of which all candidates are here; of the
        cases before them only what was drawn
    answered : cases there are
    """

    matrix: NDArray[np.float32]
    label: NDArray[np.bool_]
    case: IntArray
    drawn: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    answered: int


def examples_of(
    parts: Iterable[Candidates], answers: tuple[IntArray, IntArray], *, columns: int, lot: IntArray
) -> Examples:
    """Gather examples part by part, and keep no more than is learnt from or judged by.

    Cases whose answers are not among their candidates teach nothing and are left out. What is
    drawn of a case hangs on its lot alone.

    Parameters
    ----------
    parts : candidates, of each case in one part, by case
    answers : case and item of each answer
    columns : features there are
    lot : (n_cases,) int64, 0 or more, see `drawing.lots_of_cases`
    """
    empty = Candidates(
        matrix=np.empty((0, columns), np.float32), case=np.empty(0, np.int64),
        item=np.empty(0, np.int64),
    )  # fmt: skip
    kept: list[_Part] = [_Part(empty, answers, 0, lot)]
    answered = 0
    for candidates in parts:
        part = _Part(candidates, answers, answered, lot)
        answered += part.answered
        kept.append(part)
        # However many cases are to come, those before the last share of what is there already
        # will not be among the judged.
        for one in kept:
            one.thin(_first_judged(answered))
    first = _first_judged(answered)
    return Examples(
        matrix=np.concatenate([part.candidates.matrix for part in kept]),
        label=np.concatenate([part.label for part in kept]),
        case=np.concatenate([part.candidates.case for part in kept]),
        drawn=np.concatenate([part.drawn for part in kept]),
        judged=np.concatenate([part.number >= first for part in kept]),
        answered=answered,
    )


def _first_judged(answered: int) -> int:
    return answered - answered // JUDGED_SHARE


class _Part:
    """Candidates of the answered cases among some, and how many were answered before them."""

    def __init__(
        self,
        candidates: Candidates,
        answers: tuple[IntArray, IntArray],
        before: int,
        lot: IntArray,
    ) -> None:
        label = pairs_among(candidates.case, candidates.item, answers)
        cases = distinct(candidates.case[label])
        among = np.isin(candidates.case, cases)
        self.candidates = candidates.take(among)
        self.label = label[among]
        self.number = before + np.searchsorted(cases, self.candidates.case)
        self.answered = len(cases)
        self.drawn = self.label | (_lots(self.candidates, lot) < _share(self.number - before))
        self._is_thin = False

    def thin(self, first_judged: int) -> None:
        """Leave out what is not drawn of cases before this one, once that is all of them."""
        if self._is_thin or (len(self.number) and self.number[-1] >= first_judged):
            return
        kept, self._is_thin = self.drawn, True
        self.candidates = self.candidates.take(kept)
        self.label, self.number, self.drawn = self.label[kept], self.number[kept], kept[kept]


def _lots(candidates: Candidates, lot: IntArray) -> NDArray[np.float64]:
    """(n,) float64, 0 to 1, drawn for each."""
    return lots(lot[candidates.case], candidates.item) / 2.0**63


def _share(case: IntArray) -> NDArray[np.float64]:
    """Of each candidate, the share of its case that is drawn."""
    return (DRAWN / np.maximum(np.bincount(case), 1))[case]
