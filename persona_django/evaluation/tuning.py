"""Options of the sources, chosen by what they find where nothing is judged later.

Only the rehearsal is looked at, whose questions and answers are older than those of the exam. One
option after the other is tried on one source alone, which is far cheaper than on the pipeline, and
on the earlier half of the cases. In the end the tuned pipeline has to beat the untuned one on the
later half, by which nothing was chosen, else nothing is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from persona_django.evaluation import judging
from persona_django.evaluation.lineup import LINEUPS, Tuned, choices_of, ways_of
from persona_django.evaluation.methods import Alone
from persona_django.evaluation.task import Task
from persona_django.numeric import metrics
from persona_django.ranking.choosing import JUDGED_BY
from persona_django.ranking.exam import Exam
from persona_django.ranking.pipeline import Entry, Pipeline

MOST_CASES = 6_000
"""Cases of the rehearsal that are looked at."""
CHOOSING_SHARE = 0.5
"""Of the cases, the earlier ones that options are chosen by; the rankers of both pipelines learn
from them, too, before the others decide."""
Progress = Callable[[str, int, int], None]


@dataclass(kw_only=True)
class Tuning:
    """What was tried and what came of it."""

    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By source, those that were better than what it has anyway."""
    tried: int = 0
    before: float = 0.0
    after: float = 0.0
    """NDCG of the pipelines, untuned and tuned, on cases that neither learnt from, and by which no
    option was chosen."""


def tune(
    protocol: str,
    task: Task,
    *,
    minutes: float,
    seed: int = 0,
    progress: Progress = lambda stage, done, total: None,
) -> Tuning:
    """Try options until the time is up. The exam of the task is never looked at."""
    until = time.monotonic() + 60 * minutes
    learnt, judged = _halves(_sample(task.rehearsal, seed=seed))
    found = Tuning()
    if not len(learnt.questions) or not len(judged.questions):
        return found
    lineup = LINEUPS[protocol]
    for number, (name, entry) in enumerate(lineup.items()):
        # Each source has its share of the time that is left, and a third is for the comparison.
        share = (until - time.monotonic()) * 2 / 3 / (len(lineup) - number)
        progress(name, number, len(lineup))
        chosen = _best_options(entry, learnt, found, until=time.monotonic() + share)
        if chosen:
            found.options[name] = chosen
    if found.options:
        progress("the pipeline", len(lineup), len(lineup))
        found.before = _worth_of_pipeline(lineup, {}, learnt, judged, seed=seed)
        found.after = _worth_of_pipeline(lineup, found.options, learnt, judged, seed=seed)
        if found.after <= found.before:
            found.options = {}
    return found


def _best_options(entry: Entry, exam: Exam, found: Tuning, *, until: float) -> dict[str, Any]:
    """One option after the other, each at its best given those before."""
    chosen: dict[str, Any] = {}
    best = _worth(entry, chosen, exam)
    for option, values in choices_of(entry).items():
        usual = entry.options.get(option)
        for value in values:
            if value == usual or time.monotonic() > until:
                continue
            found.tried += 1
            worth = _worth(entry, {**chosen, option: value}, exam)
            if worth > best:
                best, chosen = worth, {**chosen, option: value}
    return chosen


def _worth(entry: Entry, options: Mapping[str, Any], exam: Exam) -> float:
    alone = Alone(lambda: entry.way(options).proposer)
    return _ndcg(alone.answer_exam(exam, k=JUDGED_BY), exam)


def _worth_of_pipeline(
    lineup: Mapping[str, Entry],
    options: Tuned,
    learnt: Exam,
    judged: Exam,
    *,
    seed: int,
) -> float:
    pipeline = Pipeline(ways_of(lineup, options), seed=seed)
    pipeline.fit(judged.lessons, learnt)
    return _ndcg(pipeline.lists(judged.questions, masked=judged.masked, k=JUDGED_BY), judged)


def _ndcg(shown: np.ndarray, exam: Exam) -> float:
    judged = judging.by_case(shown, exam, k=[JUDGED_BY], ideal="k")
    return metrics.mean(judged[f"ndcg@{JUDGED_BY}"])


def _sample(exam: Exam, *, seed: int) -> Exam:
    return exam.few(MOST_CASES, seed=seed)


def _halves(exam: Exam) -> tuple[Exam, Exam]:
    """Earlier cases to learn from and later ones to judge by; none of one visit in both."""
    n = len(exam.questions)
    cut, group = int(n * CHOOSING_SHARE), exam.group
    while group is not None and 0 < cut < n and group[cut] == group[cut - 1]:
        cut += 1
    return exam.take(np.arange(cut)), exam.take(np.arange(cut, n))
