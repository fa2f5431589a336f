"""The next item of a visit, from the items before it."""

from __future__ import annotations

import pytest

from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import items_in, read, rows_of, seen, written

HEADER = "session_id,item_id,position"
LINES = [
    ("v1", "tea", 1),
    ("v1", "cup", 2),
    ("v2", "cup", 1),
    ("v2", "pot", 2),
    ("v2", "cup", 3),
    ("v3", "tea", 1),
    ("v3", "cup", 2),
    ("v3", "lid", 3),
]


def parted(*parts: str) -> list[tuple[str, ...]]:
    of = dict(zip(("v1", "v2", "v3"), parts, strict=True))
    return [(*map(str, line), of[str(line[0])]) for line in LINES]


def test_every_beginning_of_the_last_tenth_of_visits_is_a_case(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    asked, rehearsed = seen("session-next", path)

    assert asked == [("tea", "cup"), ("tea cup", "lid")]
    assert rehearsed == [("cup", "pot"), ("cup pot", "cup")]


def test_cases_of_one_visit_are_known_to_be_alike(tmp_path):
    lines = [(visit, f"i{n}", n) for visit in range(20) for n in range(4)]

    exam = read("session-next", written(tmp_path, HEADER, lines)).exam

    assert exam.group.tolist() == [0, 0, 0, 1, 1, 1]


def test_earlier_visits_are_learnt_from_and_the_rehearsed_ones_not_twice(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    task = read("session-next", path)

    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["tea cup", "cup pot cup"]
    assert rows_of(task.rehearsal.lessons.steps, items_in(path)) == ["tea cup"]
    assert (task.exam.masked, task.unknown_targets) == (False, 1)


def test_a_beginning_has_the_items_that_were_asked_for(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    assert seen("session-next", path, min_prefix=2)[0] == [("tea cup", "lid")]


def test_the_last_visits_are_those_that_ended_last(tmp_path):
    lines = [
        ("late", "tea", 500),
        ("late", "cup", 900),
        ("early", "cup", 100),
        ("mid", "pot", 300),
    ]
    path = written(tmp_path, "session_id,item_id,timestamp", lines)

    assert seen("session-next", path)[0] == [("tea", "cup")]


def test_the_column_part_says_which_visits_are_judged(tmp_path):
    path = written(tmp_path, f"{HEADER},part", parted("test", "train", "train"))

    assert seen("session-next", path)[0] == [("tea", "cup")]
    said = read("session-next", path).notes["Judged by"]
    assert said == "the column part, learning from train"


def test_a_validation_part_is_learnt_from_only_when_told(tmp_path):
    path = written(tmp_path, f"{HEADER},part", parted("train", "valid", "test"))
    names = items_in(path)

    without = read("session-next", path).exam.lessons.steps
    fitted = read("session-next", path, fit_validation=True).exam.lessons.steps

    assert rows_of(without, names) == ["tea cup"]
    assert rows_of(fitted, names) == ["tea cup", "cup pot cup"]


def test_a_split_says_which_visits_are_judged(tmp_path):
    path = written(tmp_path, HEADER, LINES)
    split = {"train": {"v1", "v3"}, "test": {"v2"}}

    assert seen("session-next", path, split=split)[0] == [("cup", "pot"), ("cup pot", "cup")]


def test_a_visit_to_judge_may_have_the_number_of_one_to_learn_from(tmp_path):
    lines = [("1", "tea", 1, "train"), ("1", "pot", 1, "test"), ("1", "cup", 2, "test")]
    path = written(tmp_path, f"{HEADER},part", lines)

    task = read("session-next", path)

    assert seen("session-next", path)[0] == [("pot", "cup")]
    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["tea"]


def test_too_short_visits_are_said(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    with pytest.raises(BadEvaluation, match="--min-prefix 3"):
        read("session-next", path, min_prefix=3)


def test_a_single_visit_leaves_nothing_to_learn_from(tmp_path):
    path = written(tmp_path, HEADER, LINES[:2])

    with pytest.raises(BadEvaluation, match="Nothing is left to learn from"):
        read("session-next", path)
