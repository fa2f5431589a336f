"""How good the lists of one method were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.evaluation.intervals import intervals_of_groups
from persona_django.numeric import metrics
from persona_django.numeric.content import label_vectors, text_vectors
from persona_django.numeric.inference import bootstrap_interval
from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.sorting import distinct
from persona_django.ranking.exam import Exam

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Judged = dict[str, FloatArray]


def by_case(shown: IntArray, exam: Exam, *, k: Sequence[int], ideal: str) -> Judged:
    """What each case got, by metric and length of the list, as in "hr@10"."""
    wanted = np.diff(exam.answer_indptr)
    answers = np.split(exam.answer, exam.answer_indptr[1:-1])
    hit = metrics.hits(shown, [part.tolist() for part in answers])
    found: Judged = {}
    several = bool((wanted > 1).any())
    repeated = None if exam.masked else _in_history(shown[:, : max(k)], exam)
    for length in k:
        top = hit[:, :length]
        rate = metrics.hit_rate(top, wanted)
        found[f"hr@{length}"] = rate
        if several:
            found[f"phr@{length}"] = rate
            found[f"precision@{length}"] = metrics.precision(top, wanted)
            found[f"map@{length}"] = metrics.average_precision(top, wanted)
        found[f"recall@{length}"] = metrics.recall(top, wanted)
        found[f"ndcg@{length}"] = metrics.ndcg(top, wanted, ideal=ideal)
        found[f"mrr@{length}"] = metrics.reciprocal_rank(top, wanted)
        if repeated is not None:
            found.update(_repeated_and_new(top, exam, repeated, length))
    return found


def descriptions(lessons: Lessons) -> Any | None:
    """(n_items, d) scipy CSR matrix of what describes the items: their labels, or else their
    texts; None where nothing does."""
    found = label_vectors(lessons.labels_by_item(), fewest=1)
    if found is None or not found.shape[1]:
        found = text_vectors(lessons.texts, weights=dict.fromkeys(lessons.texts, 1.0))
    return found if found.shape[1] else None


def of_the_catalogue(
    shown: IntArray, exam: Exam, *, k: Sequence[int], described: Any | None = None
) -> dict[str, float]:
    """What the lists together show of the catalogue, how surprising they are and, where items are
    described, how unlike each other the items of a list."""
    steps = exam.lessons.steps
    knowing = np.bincount(steps.as_rows().item, minlength=exam.n_items)
    found: dict[str, float] = {}
    for length in k:
        top = shown[:, :length]
        found[f"coverage@{length}"] = metrics.coverage(top, n_items=exam.n_items)
        found[f"gini@{length}"] = metrics.gini(top, n_items=exam.n_items)
        novel = metrics.novelty(top, shoppers=knowing, of=max(len(steps), 1))
        found[f"novelty@{length}"] = _mean(novel)
        if described is not None:
            unlike = metrics.diversity(top, vectors=described)
            found[f"diversity@{length}"] = _mean(unlike)
    return found


def summary(
    judged: Judged, group: IntArray | None = None
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Means over the cases, and where they lie in 95 % of samples like this one, of whole groups
    where cases are alike; NaN and no interval where no case is judged."""
    values = {name: _mean(values) for name, values in judged.items()}
    known = {name: cases for name, cases in judged.items() if not np.isnan(values[name])}
    if group is None or len(distinct(group)) == len(group):
        return values, {name: bootstrap_interval(cases) for name, cases in known.items()}
    return values, intervals_of_groups(known, group)


def _mean(values: FloatArray) -> float:
    return math.nan if np.isnan(values).all() else metrics.mean(values)


def _in_history(shown: IntArray, exam: Exam) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which answers, and which places of the lists, stand in the history of their case already."""
    case = np.repeat(np.arange(len(shown)), shown.shape[1])
    again = exam.holds(exam.answer_case, exam.answer)
    return again, exam.holds(case, np.maximum(shown, 0).ravel()).reshape(shown.shape)


def _repeated_and_new(
    hit: NDArray[np.bool_],
    exam: Exam,
    in_history: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    length: int,
) -> Judged:
    """Recall of answers that stand in the history already, and of those that do not."""
    again, shown_again = in_history[0], in_history[1][:, :length]
    found = {}
    for name, of_answers, of_places in (
        ("recall_repeated", again, shown_again),
        ("recall_new", ~again, ~shown_again),
    ):
        wanted = np.bincount(exam.answer_case[of_answers], minlength=len(hit))
        found[f"{name}@{length}"] = metrics.recall(hit & of_places, wanted)
    return found
