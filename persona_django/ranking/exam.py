"""A question that was answered by what somebody did next: what a ranker learns from, and is
judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.sorting import places_within, ranges
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]


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

    Raises
    ------
    ValueError : the answers are not of these cases
    """

    lessons: Lessons
    questions: Questions
    answer_indptr: IntArray
    answer: IntArray
    masked: bool

    def __post_init__(self) -> None:
        if len(self.answer_indptr) != len(self.questions) + 1:
            raise ValueError(
                f"{len(self.questions)} cases need as many ends of answers and a beginning, "
                f"got {len(self.answer_indptr)}"
            )
        if self.answer_indptr[0] != 0 or self.answer_indptr[-1] != len(self.answer):
            raise ValueError("the cases must cover all answers")

    @property
    def n_items(self) -> int:
        return self.questions.histories.n_items

    @property
    def answer_case(self) -> IntArray:
        """(m,) int64, the case of each answer."""
        return np.repeat(np.arange(len(self.questions)), np.diff(self.answer_indptr))

    def take(self, chosen: IntArray) -> Exam:
        """The same lessons, and some of the cases, by number and in the order given."""
        begins, ends = self.answer_indptr[chosen], self.answer_indptr[chosen + 1]
        return Exam(
            lessons=self.lessons,
            questions=self.questions.take(chosen),
            answer_indptr=np.concatenate([[0], np.cumsum(ends - begins)]),
            answer=self.answer[ranges(begins, ends)],
            masked=self.masked,
        )


def prefixes(steps: Steps, *, least: int) -> tuple[Questions, IntArray]:
    """Every beginning of `least` or more items of every row as a case, and the item after each."""
    length = np.diff(steps.indptr)
    times = np.maximum(length - least, 0)
    row = np.repeat(np.arange(len(steps)), times)
    size = places_within(times) + least
    begins = steps.indptr[row]
    place = ranges(begins, begins + size)
    histories = Steps(
        indptr=np.concatenate([[0], np.cumsum(size)]),
        item=steps.item[place],
        at=steps.at[place],
        owner=np.arange(len(row)),
        n_items=steps.n_items,
        n_owners=len(row),
    )
    after = begins + size
    return Questions(histories=histories, now=steps.at[after]), steps.item[after]


def one_answer(lessons: Lessons, questions: Questions, answer: IntArray, *, masked: bool) -> Exam:
    """An exam of which each case has one answer."""
    return Exam(
        lessons=lessons,
        questions=questions,
        answer_indptr=np.arange(len(answer) + 1),
        answer=answer,
        masked=masked,
    )
