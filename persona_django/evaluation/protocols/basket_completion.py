"""basket-completion: one item of a basket is hidden, and found by the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persona_django.evaluation.log import Log, parts_of, read_log
from persona_django.evaluation.task import (
    Options,
    Task,
    all_but_last,
    by_beginning,
    distinct,
    task,
)
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposers.base import Questions
from persona_django.numeric.sorting import places_within
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam, one_answer

TEST_SHARE = 0.1
REHEARSED_SHARE = 0.1
HIDING_SEED = 7
"""Draws the item that is hidden."""
REHEARSALS = 4
"""Times at most that a basket is rehearsed, each time with another item hidden."""
LARGEST = 100
"""Items of a basket to learn from: larger ones are a wholesaler's."""


def read(path: Path, items: Path | None, parts: dict[str, set[str]], options: Options) -> Task:
    """Earlier baskets to learn from, later ones of two or more items as cases."""
    log = read_log(path, items, by=["basket_id"], moments="basket_id", in_turn=True)
    steps = distinct(log.steps())
    part = parts_of(log, parts)
    if part is not None:
        train = by_beginning(steps.take(np.flatnonzero(np.isin(part, options.learnt))))
        test = steps.take(np.flatnonzero(part == "test"))
        said = options.parted_by(parts)
    else:
        ordered = by_beginning(steps)
        cut = all_but_last(len(ordered), TEST_SHARE)
        train, test = ordered.take(np.arange(cut)), ordered.take(np.arange(cut, len(ordered)))
        last = "by time" if log.timed else "of the file"
        said = f"the last {TEST_SHARE:.0%} of the baskets {last}"
    early = int(len(train) * (1 - REHEARSED_SHARE))
    exam = _exam(log, train, test, seed=HIDING_SEED, times=1)
    if not len(exam.questions):
        raise BadEvaluation("No basket to be judged by has two items, so none can be hidden.")
    rehearsal = _exam(
        log,
        train.take(np.arange(early)),
        train.take(np.arange(early, len(train))),
        seed=HIDING_SEED + 1,
        times=REHEARSALS,
    )
    return task(
        exam,
        rehearsal,
        {
            "Baskets": f"{len(train):,} to learn from, {len(test):,} to be judged by",
            "Judged by": said,
            "Hidden": f"one item of each basket of two or more, seed {HIDING_SEED}",
            "Left out of learning": f"baskets of more than {LARGEST} items",
        },
    )


def _exam(log: Log, train: Steps, test: Steps, *, seed: int, times: int) -> Exam:
    """Each basket of two or more items so many times, as far as it has items."""
    small = train.take(np.flatnonzero(np.diff(train.indptr) <= LARGEST))
    test = test.take(np.flatnonzero(np.diff(test.indptr) > 1))
    size = np.diff(test.indptr)
    first = (np.random.default_rng(seed).random(len(test)) * size).astype(np.int64)
    each = np.minimum(times, size)
    basket = np.repeat(np.arange(len(test)), each)
    # From the item that the lot fell on evenly round the basket, so that none is hidden twice.
    further = places_within(each) * size[basket] // each[basket]
    cases = test.take(basket)
    hidden = cases.indptr[:-1] + (first[basket] + further) % size[basket]
    kept = np.ones(len(cases.item), dtype=bool)
    kept[hidden] = False
    questions = Questions(histories=cases.only(kept), now=cases.at[hidden])
    lessons = log.catalogue.lessons(small)
    return one_answer(lessons, questions, cases.item[hidden], masked=True, group=basket)
