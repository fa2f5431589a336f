"""Questions with their answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.ranking import exam as module
from persona_django.ranking.exam import Exam
from tests.numeric.proposers.logs import questions_of, steps_of


def exam(**changed: Any) -> Exam:
    """Three cases, of which the second has no answer."""
    options = {
        "lessons": Lessons(steps=steps_of([[0, 1]], n_items=4)),
        "questions": questions_of([[0], [1], [2, 3]], n_items=4),
        "answer_indptr": np.array([0, 2, 2, 3]),
        "answer": np.array([1, 3, 0]),
        "masked": True,
    }
    return Exam(**{**options, **changed})


def test_every_answer_knows_its_case():
    whole = exam()

    assert whole.answer_case.tolist() == [0, 0, 2]
    assert whole.n_items == 4


def test_some_cases_are_taken_with_their_own_answers_in_the_order_given():
    whole = exam()

    some = whole.take(np.array([2, 1, 0]))

    assert some.answer_case.tolist() == [0, 2, 2]
    assert some.answer.tolist() == [0, 1, 3]
    assert some.questions.histories.item.tolist() == [2, 3, 1, 0]
    assert some.lessons is whole.lessons and some.masked and some.group is None
    assert len(whole.take(np.array([], dtype=np.int64)).questions) == 0


def test_cases_of_a_visit_stay_together_when_some_are_taken():
    visits = exam(group=np.array([7, 7, 3]))

    assert visits.take(np.array([2, 0])).group.tolist() == [3, 7]


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_what_stands_in_the_history_of_its_own_case_is_told_however_many_are_asked_at_once(
    at_once, monkeypatch
):
    monkeypatch.setattr(module, "BLOCK_CASES", at_once)

    held = exam().holds(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 3, 0]))

    assert held.tolist() == [True, False, True, True, False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"answer_indptr": np.array([0, 3])}, "3 cases need"),
        ({"answer_indptr": np.array([0, 2, 2, 2])}, "cover all answers"),
        ({"answer_indptr": np.array([1, 2, 2, 3])}, "cover all answers"),
        ({"questions": Questions(histories=steps_of([], n_items=4), now=np.array([]))}, "0 cases"),
        ({"group": np.array([1, 2])}, "3 cases cannot be of 2 groups"),
    ],
)
def test_answers_of_other_cases_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        exam(**wrong)
