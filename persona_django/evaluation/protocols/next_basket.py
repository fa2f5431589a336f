"""next-basket: all of somebody's next order, from the orders before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from persona_django.evaluation.log import Log, parts_of, read_log
from persona_django.evaluation.task import Options, Task, all_wanted, last_moment, task
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam


def read(path: Path, items: Path | None, parts: dict[str, set[str]], options: Options) -> Task:
    """The last basket of everybody who is judged; labels as `--labels` says."""
    log = read_log(path, items, by=["user_id"], moments="basket_id")
    steps = log.steps()
    histories, targets = last_moment(steps)
    part = parts_of(log, parts)
    judged = np.flatnonzero(part == "test") if part is not None else np.arange(len(steps))
    teaching = np.flatnonzero(np.isin(part, options.learnt)) if part is not None else judged
    lessons = log.catalogue.lessons(histories)
    exam = all_wanted(lessons, histories.take(judged), targets.take(judged), masked=False)
    if not len(exam.questions):
        raise BadEvaluation(f"Nobody to be judged by has two baskets in {path.name}.")
    if options.labels == "users":
        if part is None:
            raise BadEvaluation("--labels users needs users apart: a column part or --split.")
        rehearsal = all_wanted(
            lessons, histories.take(teaching), targets.take(teaching), masked=False
        )
        said = f"the last baskets of the users of {' and '.join(options.learnt)}"
    else:
        rehearsal = _rolled_back(log, histories)
        said = "each history's own last basket, rolled back"
    return task(
        exam,
        rehearsal,
        {
            "Users": f"{len(exam.questions):,} judged by their last basket",
            "The ranker's labels": f"{options.labels}: {said}",
            "Items bought before": "may be recommended",
        },
    )


def _rolled_back(log: Log, histories: Steps) -> Exam:
    earlier, own_last = last_moment(histories)
    return all_wanted(log.catalogue.lessons(earlier), earlier, own_last, masked=False)
