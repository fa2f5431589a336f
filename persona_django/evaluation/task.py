"""One evaluation, ready to be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command was told beyond the protocol and the file.

    `labels`: "own" or "users", where a next basket's ranker finds its answers. `min_prefix`: items
    of a visit that must be known before its next one is asked for.
    """

    min_prefix: int = 1
    labels: str = "own"
    fit_validation: bool = False
    seed: int = 0

    @property
    def learnt(self) -> tuple[str, ...]:
        """The parts to learn from."""
        return ("train", "val") if self.fit_validation else ("train",)

    def parted_by(self, split: Mapping[str, object]) -> str:
        """What told the rows to learn from and those to be judged by, for the header."""
        told = "the split file" if split else "the column part"
        return f"{told}, learning from {' and '.join(self.learnt)}"


@dataclass(frozen=True, kw_only=True)
class Task:
    """The exam that is judged, and one before it from which a ranker learns.

    `rehearsal` knows nothing of the answers of `exam`. `unknown_targets`: answers that nobody met
    in the lessons, so that only what is said about them can find them. `notes`: what was used, for
    the header.
    """

    exam: Exam
    rehearsal: Exam
    unknown_targets: int
    notes: Mapping[str, str] = field(default_factory=dict)


def task(exam: Exam, rehearsal: Exam, notes: Mapping[str, str]) -> Task:
    """A task whose unknown answers are counted."""
    if not len(exam.lessons.steps.item):
        raise BadEvaluation("Nothing is left to learn from; give a larger file or another split.")
    met = np.zeros(exam.n_items, dtype=bool)
    met[exam.lessons.steps.item] = True
    return Task(
        exam=exam,
        rehearsal=rehearsal,
        unknown_targets=int((~met[exam.answer]).sum()),
        notes=notes,
    )


def last_moment(steps: Steps) -> tuple[Steps, Steps]:
    """Each row without its last moment, and that moment alone."""
    is_last = steps.to_end() == 0
    return steps.only(~is_last), steps.only(is_last)


def all_wanted(lessons: Lessons, histories: Steps, targets: Steps, *, masked: bool) -> Exam:
    """An exam in which all items of a target are answers; cases without history or target are
    none."""
    asked = np.flatnonzero((np.diff(histories.indptr) > 0) & (np.diff(targets.indptr) > 0))
    histories, targets = histories.take(asked), targets.take(asked)
    wanted = targets.as_rows()
    return Exam(
        lessons=lessons,
        questions=Questions(histories=histories, now=targets.at[targets.indptr[:-1]]),
        answer_indptr=wanted.indptr,
        answer=wanted.item.astype(np.int64),
        masked=masked,
    )


def all_but_last(n: int, share: float) -> int:
    """How many of n come before the last share of them, which is one at least."""
    return max(min(int(np.ceil(n * (1 - share))), n - 1), 0)


def by_beginning(steps: Steps) -> Steps:
    """The rows that hold anything in the order in which they began."""
    filled = np.flatnonzero(np.diff(steps.indptr) > 0)
    began = steps.at[steps.indptr[filled]]
    return steps.take(filled[np.argsort(began, kind="stable")])


def distinct(steps: Steps) -> Steps:
    """Each item of a row once, where it came first."""
    pair = steps.row * steps.n_items + steps.item
    kept = np.zeros(len(pair), dtype=bool)
    kept[np.unique(pair, return_index=True)[1]] = True
    return steps.only(kept)
