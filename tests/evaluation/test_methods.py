"""Methods by name and by dotted path."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.evaluation.lineup import LINEUPS
from persona_django.evaluation.methods import DEFAULT, method_of
from persona_django.exceptions import BadEvaluation
from persona_django.numeric.proposals import Proposals
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from tests.evaluation.logs import items_in, read, visits, written

HERE = "tests.evaluation.test_methods"


class AllAlike(Proposer):
    """Everything, with one score, last item first."""

    def fit(self, lessons: Lessons) -> None:
        self.n_items = lessons.steps.n_items

    def propose(self, questions: Questions) -> Proposals:
        n = len(questions) * self.n_items
        item = np.tile(np.arange(self.n_items)[::-1], len(questions))
        case = np.repeat(np.arange(len(questions)), self.n_items)
        return Proposals(case=case, item=item, score=np.ones(n))


class Twice(AllAlike):
    def propose(self, questions: Questions) -> Proposals:
        case = np.zeros(2, np.int64)
        return Proposals(case=case, item=case, score=np.ones(2))


class Unknown(AllAlike):
    def propose(self, questions: Questions) -> Proposals:
        return Proposals(case=np.zeros(1, int), item=np.array([self.n_items]), score=np.ones(1))


class Asking(AllAlike):
    def __init__(self, wanted: int) -> None:
        self.wanted = wanted


def task_of(folder, *, protocol="session-next", name="log.csv"):
    path = written(folder, "session_id,item_id,position", visits(40), name=name)
    return read(protocol, path), items_in(path)


def test_equal_scores_stand_in_an_order_that_no_method_and_no_name_decides(tmp_path):
    task, names = task_of(tmp_path)

    shown = method_of(f"{HERE}.AllAlike", "session-next").answer(task, k=12, seed=0)

    assert (shown == np.arange(12)).all()
    listed = [names[item] for item in shown[0]]
    assert sorted(listed) != listed != sorted(listed, reverse=True)


def test_what_stands_in_a_history_is_not_shown_where_it_is_no_answer(tmp_path):
    task, _ = task_of(tmp_path, protocol="leave-one-out")

    shown = method_of(f"{HERE}.AllAlike", "leave-one-out").answer(task, k=12, seed=0)

    histories = task.exam.questions.histories
    for row in range(len(histories)):
        known = histories.item[histories.indptr[row] : histories.indptr[row + 1]]
        assert set(shown[row][shown[row] >= 0]) == set(range(12)) - set(known)


@pytest.mark.parametrize("protocol", ["session-next", "leave-one-out"])
def test_every_source_alone_shows_items_once_and_best_first(protocol, tmp_path):
    task, _ = task_of(tmp_path, protocol=protocol)

    for name in LINEUPS[protocol]:
        shown = method_of(name, protocol).answer(task, k=5, seed=0)

        assert shown.shape == (len(task.exam.questions), 5)
        for row in shown.tolist():
            filled = [item for item in row if item >= 0]
            assert len(set(filled)) == len(filled)
            assert row[: len(filled)] == filled


def test_the_pipeline_finds_what_always_follows(tmp_path, one_thread):
    path = written(tmp_path, "session_id,item_id,position", visits(200))
    task = read("session-next", path)

    shown = method_of(DEFAULT, "session-next").answer(task, k=1, seed=0)

    assert (shown[:, 0] == task.exam.answer).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "There is no method 'nobody' for session-next. There are default, repeats"),
        ("no.such.Thing", "no.such.Thing cannot be imported"),
        (f"{HERE}.Nobody", "cannot be imported"),
        (".Nobody", "cannot be imported"),
        (f"{HERE}.HERE", "must be a class that inherits Proposer"),
        ("pathlib.Path", "must be a class that inherits Proposer"),
        (f"{HERE}.Asking", "must be made without arguments"),
    ],
)
def test_what_is_no_method_is_said(name, said):
    with pytest.raises(BadEvaluation) as raised:
        method_of(name, "session-next")

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("name", "said"), [("Twice", "only once"), ("Unknown", "that do not exist")]
)
def test_proposals_that_cannot_be_judged_are_said(name, said, tmp_path):
    task, _ = task_of(tmp_path)

    with pytest.raises(BadEvaluation, match=said):
        method_of(f"{HERE}.{name}", "session-next").answer(task, k=3, seed=0)
