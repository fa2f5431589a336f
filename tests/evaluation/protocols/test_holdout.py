"""A fifth of what everybody touched is hidden, and found by the rest."""

from __future__ import annotations

import pytest

from persona_django.exceptions import BadEvaluation
from tests.evaluation.logs import items_in, read, rows_of, seen, written

HEADER = "user_id,item_id"
LINES = [("ann", f"a{n}") for n in range(10)] + [("bob", f"b{n}") for n in range(5)]


def test_a_fifth_of_everybodys_items_is_wanted(tmp_path):
    path = written(tmp_path, HEADER, [*LINES, ("cid", "a1"), ("cid", "a2")])

    asked, _ = seen("holdout", path)

    assert [(len(known.split()), len(wanted.split())) for known, wanted in asked] == [
        (8, 2),
        (4, 1),
    ]
    assert sorted(" ".join(asked[0]).split()) == [f"a{n}" for n in range(10)]


def test_what_is_hidden_is_learnt_from_nobody(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    task = read("holdout", path)
    known = [case[0] for case in seen("holdout", path)[0]]

    assert rows_of(task.exam.lessons.steps, items_in(path)) == known
    assert task.exam.masked


def test_the_rehearsal_hides_a_fifth_of_what_is_left(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    asked, rehearsed = seen("holdout", path)

    assert [sorted(" ".join(case).split()) for case in rehearsed] == [
        sorted(known.split()) for known, _ in asked
    ]
    assert [len(wanted.split()) for _, wanted in rehearsed] == [2, 1]


def test_an_item_that_came_twice_is_never_both_known_and_hidden(tmp_path):
    path = written(tmp_path, HEADER, LINES * 3)

    asked, _ = seen("holdout", path)

    assert [len(known.split()) for known, _ in asked] == [8, 4]
    assert not any(set(known.split()) & set(wanted.split()) for known, wanted in asked)


def test_another_seed_hides_others(tmp_path):
    path = written(tmp_path, HEADER, LINES)

    first, again, other = (seen("holdout", path, seed=seed)[0] for seed in (1, 1, 2))

    assert first == again != other


def test_too_few_items_and_a_split_are_said(tmp_path):
    path = written(tmp_path, HEADER, LINES[:2])

    with pytest.raises(BadEvaluation, match="items enough"):
        read("holdout", path)
    with pytest.raises(BadEvaluation, match="takes no --split"):
        read("holdout", path, split={"train": {"ann"}, "test": {"bob"}})
