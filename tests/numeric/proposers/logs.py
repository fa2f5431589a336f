"""Small logs with a planted truth, and what is answered from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from persona_django.numeric.steps import Steps

Answers = list[dict[int, float]]


def steps_of(rows: Sequence[Sequence[int]], *, n_items: int, at_once: bool = False) -> Steps:
    """Each row another shopper's, a second between two items, or all of a row in one."""
    times = [np.zeros(len(row)) if at_once else np.arange(len(row)) for row in rows]
    return Steps(
        indptr=np.cumsum([0, *map(len, rows)]),
        item=np.array([item for row in rows for item in row], dtype=np.int64),
        at=np.concatenate([np.empty(0), *times]).astype(np.int64),
        owner=np.arange(len(rows)),
        n_items=n_items,
        n_owners=len(rows),
    )


def questions_of(rows: Sequence[Sequence[int]], *, n_items: int) -> Questions:
    """Asked a minute after everything."""
    return Questions(histories=steps_of(rows, n_items=n_items), now=np.full(len(rows), 60))


def told(proposer: Proposer, questions: Questions) -> Answers:
    """For each case the score of each item that is proposed to it."""
    part = proposer.propose(questions)
    cells = list(zip(part.case.tolist(), part.item.tolist(), strict=True))
    assert cells == sorted(set(cells)), "each once a case, by case and then by item"
    assert (part.case.dtype, part.item.dtype, part.score.dtype) == (np.int64, np.int64, np.float64)
    found: Answers = [{} for _ in range(len(questions))]
    for (case, item), score in zip(cells, part.score.tolist(), strict=True):
        found[case][item] = score
    return found


def answers(proposer: Proposer, lessons: Lessons, *histories: Sequence[int]) -> Answers:
    proposer.fit(lessons)
    return told(proposer, questions_of(histories, n_items=lessons.steps.n_items))


def best(answer: dict[int, float]) -> list[int]:
    return sorted(answer, key=lambda item: (-answer[item], item))
