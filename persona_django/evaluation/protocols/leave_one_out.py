"""leave-one-out: everybody's last item, from all before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persona_django.evaluation.log import read_log
from persona_django.evaluation.task import Options, Task, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam, one_answer

FEWEST = 3
"""Items of a user: one to learn from, one to rehearse with, one to be judged by."""


def read(path: Path, items: Path | None, parts: dict[str, set[str]], options: Options) -> Task:
    """The last item of everybody is the answer, the last but one teaches the ranker."""
    log = read_log(path, items, by=["user_id", "session_id"])
    steps = log.steps()
    if parts:
        raise BadEvaluation("leave-one-out judges every user, so that it takes no --split.")
    left = _steps_to_end(steps)
    asked = np.flatnonzero(np.diff(steps.indptr) >= FEWEST)
    if not len(asked):
        raise BadEvaluation(
            f"No user of {path.name} has {FEWEST} items, the fewest to be judged by."
        )
    before = log.catalogue.lessons(steps.only(left > 1))
    # The same object where nothing more is learnt from, so that the sources learn it once.
    lessons = log.catalogue.lessons(steps.only(left > 0)) if options.fit_validation else before
    exam = _exam(lessons, steps, left, asked, back=0)
    again = exam.holds(exam.answer_case, exam.answer).sum()
    notes = {"Answers in the history": f"{again:,}, which can only be missed"} if again else {}
    return task(
        exam,
        _exam(before, steps, left, asked, back=1),
        {
            "Users": f"{len(asked):,}, whose last item is the answer",
            "Fitted with the validation items": "yes" if options.fit_validation else "no",
            "Items of the history": "are not recommended",
            **notes,
        },
    )


def _exam(
    lessons: Lessons, steps: Steps, left: np.ndarray, asked: np.ndarray, *, back: int
) -> Exam:
    answer = steps.only(left == back).take(asked)
    questions = Questions(histories=steps.only(left > back).take(asked), now=answer.at)
    return one_answer(lessons, questions, answer.item, masked=True)


def _steps_to_end(steps: Steps) -> np.ndarray:
    """How many items of its row stand after each, whatever their times."""
    return steps.indptr[1:][steps.row] - 1 - np.arange(len(steps.item))
