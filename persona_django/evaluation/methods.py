"""What is tried: the pipeline with its sources, each source alone, or a method by dotted path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from persona_django.evaluation.lineup import LINEUPS, Entry, Tuned, ways_of
from persona_django.evaluation.task import Task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposals import Proposals, lists
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from persona_django.ranking.exam import BLOCK_CASES, Exam
from persona_django.ranking.pipeline import Pipeline, unmasked

IntArray = NDArray[np.int64]
DEFAULT = "default"
"""The whole pipeline: its sources, features and ranker."""


class Method(Protocol):
    """Learns from a task and answers its exam."""

    def answer(self, task: Task, *, k: int, seed: int) -> IntArray:
        """(n_cases, k) int64 item codes, best first, -1 for an empty place."""


class Whole:
    """The pipeline; its ranker learns from the rehearsal."""

    def __init__(self, lineup: Mapping[str, Entry], tuned: Tuned) -> None:
        self.lineup, self.tuned = lineup, tuned

    def answer(self, task: Task, *, k: int, seed: int) -> IntArray:
        pipeline = Pipeline(ways_of(self.lineup, self.tuned), seed=seed)
        pipeline.fit(task.exam.lessons, task.rehearsal)
        return pipeline.lists(task.exam.questions, masked=task.exam.masked, k=k)


class Alone:
    """One source, in the order of its own scores."""

    def __init__(self, made: Callable[[], Proposer]) -> None:
        self.made = made

    def answer(self, task: Task, *, k: int, seed: int) -> IntArray:
        return self.answer_exam(task.exam, k=k)

    def answer_exam(self, exam: Exam, *, k: int) -> IntArray:
        """Learn from its lessons, and answer each case of it."""
        proposer = self.made()
        proposer.fit(exam.lessons)
        questions = exam.questions
        found = [np.empty((0, k), np.int64)]
        for block in questions.blocks(BLOCK_CASES):
            part = proposer.propose(block)
            if exam.masked:
                part = unmasked(part, block)
            found.append(lists(part.case, part.item, part.score, k=k, n_cases=len(block)))
        return np.concatenate(found)


class Checked(Proposer):
    """A proposer from elsewhere: its proposals are put in order, so that equal scores stand as
    they do for all, and those that cannot be judged are refused."""

    def __init__(self, proposer: Proposer, name: str) -> None:
        self.proposer, self.name = proposer, name

    def fit(self, lessons: Lessons) -> None:
        self.proposer.fit(lessons)

    def propose(self, questions: Questions) -> Proposals:
        part = self.proposer.propose(questions)
        n_items = questions.histories.n_items
        for values, most in ((part.case, len(questions)), (part.item, n_items)):
            if len(values) and not 0 <= values.min() <= values.max() < most:
                raise BadEvaluation(f"{self.name} proposes cases or items that do not exist.")
        order = np.lexsort((part.item, part.case))
        pair = part.case[order] * n_items + part.item[order]
        if (np.diff(pair) == 0).any():
            raise BadEvaluation(f"{self.name} must propose an item to a case only once.")
        return Proposals(case=part.case[order], item=part.item[order], score=part.score[order])


def method_of(name: str, protocol: str, tuned: Tuned | None = None) -> Method:
    """A method by name, or by the dotted path of a `Proposer`; sources with what was tuned."""
    lineup, tuned = LINEUPS[protocol], tuned or {}
    if name == DEFAULT:
        return Whole(lineup, tuned)
    if name in lineup:
        return Alone(lambda: lineup[name].way(tuned.get(name, {})).proposer)
    if "." not in name:
        raise BadEvaluation(
            f"There is no method {name!r} for {protocol}. There are {DEFAULT}, "
            f"{', '.join(lineup)}, and dotted paths."
        )
    module, _, attribute = name.rpartition(".")
    try:
        made = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise BadEvaluation(f"{name} cannot be imported: {error}.") from error
    if not (isinstance(made, type) and issubclass(made, Proposer)):
        raise BadEvaluation(f"{name} must be a class that inherits Proposer.")
    try:
        made()
    except TypeError as error:
        raise BadEvaluation(f"{name} must be made without arguments: {error}.") from error
    return Alone(lambda: Checked(made(), name))
