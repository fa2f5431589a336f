"""One item of a basket is hidden, and found by the others."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.evaluation.protocols.basket_completion import HIDING_SEED, LARGEST, REHEARSALS
from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import cases_of, items_in, read, rows_of, seen, written

HEADER = "basket_id,item_id"
LINES = [
    ("b1", "tea"),
    ("b1", "cup"),
    ("b2", "cup"),
    ("b3", "tea"),
    ("b3", "cup"),
    ("b3", "tea"),
]


def test_one_item_of_the_last_baskets_is_hidden(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    (asked,), _ = seen("basket-completion", path)

    assert asked in [("tea", "cup"), ("cup", "tea")]


def test_earlier_baskets_are_learnt_from_and_items_of_the_basket_are_no_answers(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    exam = read("basket-completion", path).exam

    assert rows_of(exam.lessons.steps, items_in(path)) == ["tea cup", "cup"]
    assert exam.masked


def test_the_last_baskets_are_those_that_began_last(tmp_path):
    lines = [
        ("new", "pot", "2020-02-01"),
        ("new", "lid", "2020-02-01"),
        ("old", "tea", "2020-01-01T10:00:00Z"),
        ("old", "cup", "2020-01-01T10:05:00+00:00"),
    ]
    path = written(tmp_path, "basket_id,item_id,timestamp", lines)

    task = read("basket-completion", path)

    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["tea cup"]
    assert task.unknown_targets == 1
    assert task.notes["Judged by"] == "the last 10% of the baskets by time"


def test_a_basket_is_rehearsed_several_times_with_another_item_hidden_each_time(tmp_path):
    whole = ["cup", "jar", "lid", "pot", "tea", "tin"]
    lines = [
        *((f"b{n}", "tea") for n in range(18)),
        *(("six", name) for name in whole),
        *(("two", name) for name in ("cup", "pot")),
        *(("judged", name) for name in ("cup", "tea")),
        ("last", "pot"),
    ]
    path = written(tmp_path, HEADER, lines)

    task = read("basket-completion", path)

    rehearsed = cases_of(task.rehearsal, items_in(path))
    hidden = [answer for _, answer in rehearsed]
    assert task.rehearsal.group.tolist() == [0] * REHEARSALS + [1] * 2
    assert len(set(hidden[:REHEARSALS])) == REHEARSALS
    assert sorted(hidden[REHEARSALS:]) == ["cup", "pot"], "no more often than it has items"
    assert all(sorted([*known.split(), one]) in (whole, whole[::3]) for known, one in rehearsed)


def test_which_item_of_a_judged_basket_is_hidden_stays_what_its_seed_says(tmp_path):
    lines = [(f"b{n}", f"i{m}") for n in range(50) for m in range(6)]
    path = written(tmp_path, HEADER, lines)

    asked, _ = seen("basket-completion", path)

    drawn = np.random.default_rng(HIDING_SEED).random(5) * 6
    assert [answer for _, answer in asked] == [f"i{int(place)}" for place in drawn]


@pytest.mark.parametrize("told", ["part", "split"])
def test_parts_say_which_baskets_are_judged(told, tmp_path):
    of = {"b1": "test", "b2": "train", "b3": "validate"}
    lines = [(*line, of[line[0]]) for line in LINES] if told == "part" else LINES
    path = written(tmp_path, HEADER + (",part" if told == "part" else ""), lines)
    split = {"test": {"b1"}, "train": {"b2"}, "val": {"b3"}} if told == "split" else None

    task = read("basket-completion", path, split=split)

    assert sorted(seen("basket-completion", path, split=split)[0][0]) == ["cup", "tea"]
    assert rows_of(task.exam.lessons.steps, items_in(path)) == ["cup"]


def test_a_wholesalers_basket_teaches_nothing(tmp_path):
    lines = [*LINES[:2], *(("big", f"i{n}") for n in range(LARGEST + 1)), *LINES[3:]]
    path = written(tmp_path, HEADER, lines)

    exam = read("basket-completion", path).exam

    assert rows_of(exam.lessons.steps, items_in(path)) == ["tea cup"]


def test_baskets_of_one_item_hide_none(tmp_path):
    path = written(tmp_path, HEADER, [("b1", "tea"), ("b1", "cup"), ("b2", "cup")])

    with pytest.raises(BadEvaluation, match="none can be hidden"):
        read("basket-completion", path)
