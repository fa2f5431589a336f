"""Everybody's last item, from all before it."""

from __future__ import annotations

import pytest

from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import items_in, read, rows_of, seen, written

HEADER = "user_id,item_id,position"
LINES = [
    ("ann", "tea", 1),
    ("ann", "cup", 2),
    ("ann", "pot", 3),
    ("bob", "cup", 2),
    ("bob", "lid", 1),
]


def test_the_last_item_is_wanted_and_the_last_but_one_rehearsed(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    asked, rehearsed = seen("leave-one-out", path)

    assert asked == [("tea cup", "pot")]
    assert rehearsed == [("tea", "cup")]


def test_two_items_of_everybody_are_kept_from_learning(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    task = read("leave-one-out", path)

    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["tea", ""]
    assert (task.exam.masked, task.unknown_targets) == (True, 1)


def test_validation_items_are_learnt_from_when_told_but_not_in_the_rehearsal(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    task = read("leave-one-out", path, fit_validation=True)

    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["tea cup", "lid"]
    assert rows_of(task.rehearsal.lessons.steps, items_in(path)) == ["tea", ""]


def test_answers_that_are_not_new_are_counted_aloud(tmp_path):
    path = written(tmp_path, HEADER, [*LINES, ("ann", "tea", 4)])

    notes = read("leave-one-out", path).notes

    assert notes["Answers in the history"] == "1, which can only be missed"
    assert (
        "Answers in the history"
        not in read("leave-one-out", written(tmp_path, HEADER, LINES)).notes
    )


def test_people_with_two_items_are_too_few(tmp_path):
    path = written(tmp_path, HEADER, LINES[3:])

    with pytest.raises(BadEvaluation, match="has 3 items"):
        read("leave-one-out", path)


def test_a_split_is_refused(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    with pytest.raises(BadEvaluation, match="takes no --split"):
        read("leave-one-out", path, split={"train": {"ann"}, "test": {"bob"}})


def test_what_is_learnt_for_both_is_learnt_once(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    same, fitted = (read("leave-one-out", path, fit_validation=told) for told in (False, True))

    assert same.exam.lessons is same.rehearsal.lessons
    assert fitted.exam.lessons is not fitted.rehearsal.lessons
