"""holdout: a fifth of what everybody touched is hidden, and found by the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persona_django.evaluation.log import Log, read_log
from persona_django.evaluation.task import Options, Task, all_wanted, distinct, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam

HIDDEN_SHARE = 0.2


def read(path: Path, items: Path | None, parts: dict[str, set[str]], options: Options) -> Task:
    """A fifth of each user's items by lot, and a fifth of what is left to rehearse with."""
    log = read_log(path, items, by=["user_id"])
    if parts:
        raise BadEvaluation(
            "holdout draws its parts by lot (--seeds), so that it takes no --split."
        )
    steps = distinct(log.steps())
    rng = np.random.default_rng(options.seed)
    known, hidden = _drawn(steps, rng)
    exam = _exam(log, known, hidden)
    if not len(exam.questions):
        raise BadEvaluation(f"No user of {path.name} has items enough to hide any.")
    return task(
        exam,
        _exam(log, *_drawn(known, rng)),
        {
            "Users": f"{len(exam.questions):,}",
            "Hidden": f"{HIDDEN_SHARE:.0%} of each user's items, seed {options.seed}",
            "Items of the history": "are not recommended",
        },
    )


def _drawn(steps: Steps, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Each row without a fifth of its items, and that fifth; order and time mean nothing here."""
    steps = Steps(**{**vars(steps), "at": np.zeros_like(steps.at)})
    lot = rng.random(len(steps.item))
    order = np.lexsort((lot, steps.row))
    place = np.arange(len(order)) - steps.indptr[steps.row]
    hidden = np.zeros(len(order), dtype=bool)
    share = np.round(np.diff(steps.indptr) * HIDDEN_SHARE)
    hidden[order] = place < share[steps.row]
    return steps.only(~hidden), steps.only(hidden)


def _exam(log: Log, known: Steps, hidden: Steps) -> Exam:
    return all_wanted(log.catalogue.lessons(known), known, hidden, masked=True)
