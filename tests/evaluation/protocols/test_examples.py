"""Each line is a case, a short history and the item that came after it."""

from __future__ import annotations

import pytest

from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import items_in, read, rows_of, seen, written

HEADER = "example_id,history_item_ids,item_id,part"
LINES = [
    (1, "tea cup", "pot", "train"),
    (2, "cup", "tea", "train"),
    (3, "pot", "cup", "valid"),
    (4, "tea tea", "lid", "test"),
]


def test_lines_of_test_are_cases_and_those_of_validation_rehearsed(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    asked, rehearsed = seen("examples", path)

    assert asked == [("tea tea", "lid")]
    assert rehearsed == [("pot", "cup")]


def test_histories_with_their_answers_are_learnt_from_and_nothing_of_test(tmp_path):
    path = written(tmp_path, HEADER, LINES)
    names = items_in(path)

    without, fitted = (
        read("examples", path, fit_validation=told).exam.lessons.steps for told in (False, True)
    )

    assert rows_of(without, names) == ["tea cup pot", "cup tea"]
    assert rows_of(fitted, names) == ["tea cup pot", "cup tea", "pot cup"]


def test_without_training_lines_those_of_validation_teach_half_and_half(tmp_path):
    path = written(tmp_path, HEADER, [(0, "cup", "cup", "val"), *LINES[2:]])

    task = read("examples", path)

    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["cup cup", "pot cup"]
    assert rows_of(task.rehearsal.lessons.steps, items_in(path)) == ["cup cup"]
    assert seen("examples", path)[1] == [("pot", "cup")]


def test_without_validation_what_is_rehearsed_is_not_learnt_from_before(tmp_path):
    path = written(tmp_path, HEADER, [*LINES[:2], LINES[3]])

    task = read("examples", path)

    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["tea cup pot", "cup tea"]
    assert rows_of(task.rehearsal.lessons.steps, items_in(path)) == ["tea cup pot"]
    assert seen("examples", path)[1] == [("cup", "tea")]


def test_items_of_the_history_may_be_answers(tmp_path):
    task = read("examples", written(tmp_path, HEADER, LINES))

    assert (task.exam.masked, task.unknown_targets) == (False, 1)


def test_missing_parts_and_a_split_are_said(tmp_path):
    path = written(tmp_path, HEADER, LINES[:2])

    with pytest.raises(BadEvaluation, match="column part has train"):
        read("examples", path)
    with pytest.raises(BadEvaluation, match="not by --split"):
        read("examples", path, split={"train": {"1"}, "test": {"2"}})


def test_what_is_learnt_for_both_is_learnt_once(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    same, fitted = (read("examples", path, fit_validation=told) for told in (False, True))

    assert same.exam.lessons is same.rehearsal.lessons
    assert fitted.exam.lessons is not fitted.rehearsal.lessons
