"""session-next: the next item of a visit, from the items before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persona_django.evaluation.log import Log, parts_of, read_log
from persona_django.evaluation.task import Options, Task, all_but_last, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.steps import Steps
from persona_django.ranking.beginnings import beginnings
from persona_django.ranking.exam import Exam, of_beginnings

TEST_SHARE = 0.1
"""Of the visits, the last ones in the file or in time, where the file names no part."""
REHEARSED_SHARE = 0.1
"""Of the visits to learn from, the last ones teach the ranker."""


def read(path: Path, items: Path | None, parts: dict[str, set[str]], options: Options) -> Task:
    """Visits to learn from, and every beginning of the later ones as a case."""
    log = read_log(path, items, by=["session_id"], in_turn=True)
    steps = log.steps()
    part = parts_of(log, parts)
    said = options.parted_by(parts)
    if part is None:
        part = np.full(len(steps), "train", dtype="U5")
        last = np.argsort(steps.ended(), kind="stable")
        part[last[all_but_last(len(last), TEST_SHARE) :]] = "test"
        said = f"the last {TEST_SHARE:.0%} of the visits"
    train = steps.take(np.flatnonzero(np.isin(part, options.learnt)))
    test = steps.take(np.flatnonzero(part == "test"))
    cut = int(len(train) * (1 - REHEARSED_SHARE))
    order = np.argsort(train.ended(), kind="stable")
    exam = _exam(log, train, test, options)
    if not len(exam.questions):
        raise BadEvaluation(
            f"No visit to be judged has more items than --min-prefix {options.min_prefix}; use a "
            f"smaller one."
        )
    rehearsal = _exam(log, train.take(order[:cut]), train.take(order[cut:]), options)
    return task(
        exam,
        rehearsal,
        {
            "Visits": f"{len(train):,} to learn from, {len(test):,} to be judged by",
            "Judged by": said,
            "Shortest beginning": f"{options.min_prefix} (--min-prefix)",
            "Items already in the visit": "may be recommended",
        },
    )


def _exam(log: Log, train: Steps, test: Steps, options: Options) -> Exam:
    asked = beginnings(test, least=options.min_prefix)
    return of_beginnings(log.catalogue.lessons(train), asked, masked=False)
