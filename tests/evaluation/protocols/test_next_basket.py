"""All of somebody's next order, from the orders before it."""

from __future__ import annotations

import pytest

from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import items_in, read, rows_of, seen, written

HEADER = "user_id,basket_id,item_id"
LINES = [
    ("ann", "a1", "tea"),
    ("ann", "a1", "cup"),
    ("ann", "a2", "tea"),
    ("ann", "a3", "pot"),
    ("bob", "b1", "cup"),
    ("bob", "b2", "tea"),
    ("bob", "b2", "pot"),
    ("cid", "c1", "tea"),
]


def test_the_last_basket_of_everybody_with_two_is_wanted(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    asked, _ = seen("next-basket", path)

    assert asked == [("tea cup tea", "pot"), ("cup", "pot tea")]


def test_all_histories_may_be_learnt_from_and_no_last_basket(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    exam = read("next-basket", path).exam

    assert rows_of(exam.lessons.steps, items_in(path)) == ["tea cup tea", "cup", ""]


def test_items_bought_before_may_be_answers_and_those_nobody_met_are_counted(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    task = read("next-basket", path)

    assert not task.exam.masked
    assert task.unknown_targets == 2


def test_the_rankers_own_labels_are_the_last_baskets_of_the_histories(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    task = read("next-basket", path)

    assert seen("next-basket", path)[1] == [("tea cup", "tea")]
    assert rows_of(task.rehearsal.lessons.steps, items_in(path))[0] == "tea cup"


def test_labels_of_users_are_the_last_baskets_of_those_to_learn_from(tmp_path):
    part = {"ann": "train", "bob": "test", "cid": "train"}
    lines = [(*line, part[line[0]]) for line in LINES]
    path = written(tmp_path, f"{HEADER},part", lines)

    asked, rehearsed = seen("next-basket", path, labels="users")

    assert asked == [("cup", "pot tea")]
    assert rehearsed == [("tea cup tea", "pot")]


def test_a_split_says_who_is_who_and_validation_teaches_only_when_told(tmp_path):
    path = written(tmp_path, HEADER, LINES)
    split = {"train": {"cid"}, "val": {"ann"}, "test": {"bob"}}

    asked, without = seen("next-basket", path, labels="users", split=split)
    _, fitted = seen("next-basket", path, labels="users", split=split, fit_validation=True)

    assert asked == [("cup", "pot tea")]
    assert without == []
    assert fitted == [("tea cup tea", "pot")]


def test_baskets_come_by_number_whatever_the_order_of_the_lines(tmp_path):
    lines = [("ann", "z", 1, "tea"), ("ann", "a", 3, "pot"), ("ann", "m", 2, "cup")]
    path = written(tmp_path, "user_id,basket_id,basket_no,item_id", lines)

    assert seen("next-basket", path)[0] == [("tea cup", "pot")]


def test_two_baskets_of_one_minute_are_two(tmp_path):
    lines = [
        ("ann", "a1", 100, "tea"),
        ("ann", "a2", 200, "cup"),
        ("ann", "a3", 200, "pot"),
        ("ann", "a3", 260, "lid"),
    ]
    path = written(tmp_path, "user_id,basket_id,timestamp,item_id", lines)

    assert seen("next-basket", path)[0] == [("tea cup", "lid pot")]


def test_baskets_of_two_people_with_the_same_number_are_two(tmp_path):
    lines = [
        ("ann", "1", 900, "tea"),
        ("ann", "2", 1000, "cup"),
        ("bob", "2", 100, "pot"),
        ("bob", "1", 1100, "lid"),
    ]
    path = written(tmp_path, "user_id,basket_id,timestamp,item_id", lines)

    assert seen("next-basket", path)[0] == [("tea", "cup"), ("pot", "lid")]


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (LINES[-1:], {}, "Nobody to be judged by has two baskets"),
        (LINES, {"labels": "users"}, "--labels users needs users apart"),
        (LINES, {"split": {"train": {"ann"}, "test": {"7"}}}, "must look like 'ann'"),
    ],
)
def test_what_cannot_be_asked_is_said(lines, options, said, tmp_path):
    path = written(tmp_path, HEADER, lines)

    with pytest.raises(BadEvaluation, match=said):
        read("next-basket", path, **options)
