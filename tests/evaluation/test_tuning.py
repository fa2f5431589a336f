"""Options are chosen by the rehearsal alone, within a time, and only where they are better."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from persona_django.evaluation import tuning
from persona_django.evaluation.judging import by_case
from persona_django.evaluation.lineup import LINEUPS, Tuned, choices_of
from persona_django.evaluation.methods import Whole
from persona_django.evaluation.task import Task
from persona_django.evaluation.tuning import tune
from persona_django.numeric.steps import Steps
from persona_django.ranking.exam import Exam
from tests.evaluation.logs import read, written

pytestmark = pytest.mark.usefixtures("one_thread")
LONG = 5.0
"""Minutes that these small files never need."""


def visits(n: int, *, kinds: int = 6) -> list[tuple[str, str, int]]:
    """Visits in which the first item decides what comes last, whatever stands between."""
    draw = random.Random(11)
    lines = []
    for visit in range(n):
        kind = draw.randrange(kinds)
        between = [f"noise{draw.randrange(2 * kinds)}" for _ in range(2)]
        items = [f"start{kind}", *between, f"end{kind}"]
        lines += [(f"v{visit}", item, place) for place, item in enumerate(items)]
    return lines


@pytest.fixture
def log(tmp_path):
    return written(tmp_path, "session_id,item_id,position", visits(260))


@pytest.fixture
def long_log(tmp_path):
    """With cases enough for a difference to be none of chance, and too little of each kind for the
    pipeline to do without what is chosen."""
    return written(tmp_path, "session_id,item_id,position", visits(4_000, kinds=160))


def test_what_is_chosen_is_better_where_nobody_looked(long_log, monkeypatch):
    only_popular_and_following(monkeypatch)
    task = read("session-next", long_log, min_prefix=3)

    found = tune("session-next", task, minutes=LONG)
    untuned, tuned = (judged(task, options) for options in ({}, found.options))

    assert found.options, "the first item counts too little as it is"
    assert found.after > found.before
    assert found.tried > 5
    assert tuned.mean() > untuned.mean() + 2 * (tuned - untuned).std() / len(tuned) ** 0.5


def test_no_visit_that_options_are_chosen_by_decides_whether_they_are_better(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    task = read("session-next", log, min_prefix=1)
    chosen_by, decided_by = set(), set()
    worth, decide = tuning._worth, tuning._worth_of_pipeline

    def choosing(entry, options, exam):
        chosen_by.update(exam.group.tolist())
        return worth(entry, options, exam)

    def deciding(lineup, options, learnt, judged, *, seed):
        decided_by.update(judged.group.tolist())
        return decide(lineup, options, learnt, judged, seed=seed)

    monkeypatch.setattr(tuning, "_worth", choosing)
    monkeypatch.setattr(tuning, "_worth_of_pipeline", deciding)
    tune("session-next", task, minutes=LONG)

    assert chosen_by and decided_by
    assert not chosen_by & decided_by
    assert chosen_by | decided_by == set(task.rehearsal.group.tolist())


def test_what_is_better_only_for_those_it_was_chosen_by_is_not_taken(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    task = read("session-next", log, min_prefix=3)
    late = len(task.rehearsal.questions) // 2
    answer = task.rehearsal.answer.copy()
    # The later half goes on to what its last item says, which counts less with what is chosen.
    answer[late:] = followed_by_the_last(task.exam.lessons.steps, task.rehearsal)[late:]
    other = replace(task, rehearsal=replace(task.rehearsal, answer=answer))

    found = tune("session-next", other, minutes=LONG)

    assert 0 < found.after <= found.before, "something was chosen"
    assert found.options == {}


def test_what_is_judged_later_changes_nothing(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    task = read("session-next", log, min_prefix=3)
    wrong = np.zeros_like(task.exam.answer)
    other = replace(task, exam=replace(task.exam, answer=wrong))

    assert tune("session-next", task, minutes=LONG) == tune("session-next", other, minutes=LONG)


def test_without_time_nothing_is_tried_and_nothing_changed(log):
    found = tune("session-next", read("session-next", log), minutes=1e-9)

    assert (found.tried, found.options) == (0, {})


def test_progress_names_each_source(log, monkeypatch):
    only_popular_and_following(monkeypatch)
    heard = []

    tune(
        "session-next",
        read("session-next", log),
        minutes=1e-9,
        progress=lambda stage, done, total: heard.append((stage, done, total)),
    )

    assert heard == [("viewed-next", 0, 2), ("popular", 1, 2)]


@pytest.mark.parametrize("protocol", LINEUPS)
def test_every_value_that_may_be_tried_makes_a_source(protocol):
    for entry in LINEUPS[protocol].values():
        for option, values in choices_of(entry).items():
            for value in values:
                assert entry.way({option: value}).proposer is not None


def only_popular_and_following(monkeypatch):
    """Few sources, so that a test takes seconds."""
    lineup = LINEUPS["session-next"]
    few = {name: lineup[name] for name in ("viewed-next", "popular")}
    monkeypatch.setitem(LINEUPS, "session-next", few)


def judged(task: Task, options: Tuned) -> np.ndarray:
    """What each case of the exam gives the whole pipeline."""
    shown = Whole(LINEUPS["session-next"], options).answer(task, k=10, seed=0)
    return by_case(shown, task.exam, k=[10], ideal="k")["ndcg@10"]


def followed_by_the_last(steps: Steps, exam: Exam) -> np.ndarray:
    """Of each case, what came after its last item most often."""
    after = np.zeros((exam.n_items, exam.n_items), np.int64)
    same_row = steps.row[1:] == steps.row[:-1]
    np.add.at(after, (steps.item[:-1][same_row], steps.item[1:][same_row]), 1)
    histories = exam.questions.histories
    return after.argmax(axis=1)[histories.item[histories.indptr[1:] - 1]]
