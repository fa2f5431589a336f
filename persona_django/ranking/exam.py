"""A question that was answered by what somebody did next: what a ranker learns from, and is
judged by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.sorting import ranges
from persona_django.numeric.steps import Steps
from persona_django.ranking.beginnings import Beginnings
from persona_django.ranking.drawing import Draw, lots_of_cases

IntArray = NDArray[np.int64]
BLOCK_CASES = 1_000
"""Cases answered together, which bounds memory."""


class Asked(Protocol):
    """Cases to be answered: `Questions`, or what makes them block by block."""

    def __len__(self) -> int:
        """How many cases there are."""

    @property
    def now(self) -> IntArray:
        """As of `Questions`."""

    @property
    def histories(self) -> Steps:
        """As of `Questions`; all of them at once, which may be too many."""

    def take(self, chosen: IntArray) -> Asked:
        """Some of the cases, by number and in the order given."""

    def blocks(self, size: int) -> Iterator[Questions]:
        """All cases in their order, at most so many at a time."""


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What may be learnt from, what is asked, and what would have been right.

    Parameters
    ----------
    lessons : nothing in them tells an answer
    questions : the cases
    answer_indptr : (n_cases + 1,) int64, where the answers of each case begin in `answer`
    answer : (m,) int64, item codes, each once a case; empty where what was wanted is unknown
    masked : whether what stands in a history is never an answer
    group : (n_cases,) int64, of one number are cases that are alike, such as those of one visit;
        None: each stands alone

    Raises
    ------
    ValueError : the answers, or the groups, are not of these cases
    """

    lessons: Lessons
    questions: Asked
    answer_indptr: IntArray
    answer: IntArray
    masked: bool
    group: IntArray | None = None

    def __post_init__(self) -> None:
        if len(self.answer_indptr) != len(self.questions) + 1:
            raise ValueError(
                f"{len(self.questions)} cases need as many ends of answers and a beginning, "
                f"got {len(self.answer_indptr)}"
            )
        if self.answer_indptr[0] != 0 or self.answer_indptr[-1] != len(self.answer):
            raise ValueError("the cases must cover all answers")
        if self.group is not None and len(self.group) != len(self.questions):
            raise ValueError(f"{len(self.questions)} cases cannot be of {len(self.group)} groups")

    @property
    def n_items(self) -> int:
        return self.lessons.steps.n_items

    @property
    def answer_case(self) -> IntArray:
        """(m,) int64, the case of each answer."""
        return np.repeat(np.arange(len(self.questions)), np.diff(self.answer_indptr))

    @property
    def groups(self) -> IntArray:
        """(n_cases,) int64, the group of each case, of its own where it stands alone."""
        return np.arange(len(self.questions)) if self.group is None else self.group

    def holds(self, case: IntArray, item: IntArray) -> NDArray[np.bool_]:
        """(n,) bool, whether the history of each case holds the item; case: ascending."""
        found, low = np.zeros(len(case), dtype=bool), 0
        for block in self.questions.blocks(BLOCK_CASES):
            some = slice(*np.searchsorted(case, [low, low + len(block)]))
            found[some] = block.holds(case[some] - low, item[some])
            low += len(block)
        return found

    def few(self, most: int, *, seed: int) -> Exam:
        """At most so many of the cases, drawn by lot, in the order they stand in."""
        lots = lots_of_cases(self.questions.now, draw=Draw.AMONG_ALL, seed=seed)
        order = np.argsort(lots, kind="stable")
        return self.take(np.sort(order[:most]))

    def take(self, chosen: IntArray) -> Exam:
        """The same lessons, and some of the cases, by number and in the order given."""
        begins, ends = self.answer_indptr[chosen], self.answer_indptr[chosen + 1]
        return Exam(
            lessons=self.lessons,
            questions=self.questions.take(chosen),
            answer_indptr=np.concatenate([[0], np.cumsum(ends - begins)]),
            answer=self.answer[ranges(begins, ends)],
            masked=self.masked,
            group=None if self.group is None else self.group[chosen],
        )


def one_answer(
    lessons: Lessons,
    questions: Asked,
    answer: IntArray,
    *,
    masked: bool,
    group: IntArray | None = None,
) -> Exam:
    """An exam of which each case has one answer."""
    return Exam(
        lessons=lessons,
        questions=questions,
        answer_indptr=np.arange(len(answer) + 1),
        answer=answer,
        masked=masked,
        group=group,
    )


def of_beginnings(lessons: Lessons, asked: Beginnings, *, masked: bool) -> Exam:
    """An exam that asks for what came next; cases of one row are a group."""
    return one_answer(lessons, asked, asked.answer, masked=masked, group=asked.row)
