"""What holds for every protocol: no answer is learnt, and names and order of lines say nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_django.evaluation.lineup import LINEUPS
from persona_django.evaluation.run import OF_THE_SHOP, PROTOCOLS, evaluate
from persona_django.evaluation.task import Options
from persona_django.numeric.sorting import pairs_among
from persona_django.ranking.exam import Exam
from tests.evaluation.logs import Line, read, seen, written

HEADERS = {
    "next-basket": "user_id,item_id,basket_id,basket_no",
    "basket-completion": "basket_id,item_id,timestamp",
    "session-next": "session_id,item_id,timestamp",
    "leave-one-out": "user_id,item_id,position",
    "holdout": "user_id,item_id",
    "examples": "example_id,item_id,history_item_ids,part",
}
every_protocol = pytest.mark.parametrize("protocol", sorted(PROTOCOLS.keys() - {OF_THE_SHOP}))
lengths = st.lists(st.integers(5, 9), min_size=12, max_size=20)
AT_ONCE = 2


def lines_of(protocol: str, lengths: Sequence[int], items: Sequence[str]) -> list[Line]:
    """A log of rows of such lengths; `items` are named one after the other."""
    left = iter(items)
    lines: list[Line] = []
    for row, length in enumerate(lengths):
        named = [next(left) for _ in range(length)]
        if protocol == "examples":
            part = ("train", "valid", "test")[row % 3]
            lines.append((f"r{row}", named[-1], " ".join(named[:-1]), part))
            continue
        for place, item in enumerate(named):
            more = {
                "next-basket": (f"r{row}-{place // AT_ONCE}", place // AT_ONCE),
                "basket-completion": (1_000 * row + place,),
                "session-next": (1_000 * row + place,),
                "leave-one-out": (place,),
                "holdout": (),
            }
            lines.append((f"r{row}", item, *more[protocol]))
    return lines


def each_once(lengths: Sequence[int]) -> list[str]:
    """An item is a line: where it is met, that line was read."""
    return [f"i{number}" for number in range(sum(lengths))]


def in_turn(lengths: Sequence[int]) -> list[str]:
    """Few items, no row with one twice."""
    return [f"i{(row * 5 + place) % 11}" for row, n in enumerate(lengths) for place in range(n)]


def met(exam: Exam) -> set[int]:
    """Items that are learnt from or stand in a history."""
    return {*exam.lessons.steps.item.tolist(), *exam.questions.histories.item.tolist()}


@pytest.mark.parametrize("fit_validation", [False, True])
@every_protocol
@settings(max_examples=15)
@given(lengths=lengths)
def test_no_answer_is_among_what_is_learnt(protocol, fit_validation, lengths, tmp_path):
    lines = lines_of(protocol, lengths, each_once(lengths))
    path = written(tmp_path, HEADERS[protocol], lines)

    task = read(protocol, path, fit_validation=fit_validation)

    answers = set(task.exam.answer.tolist())
    rehearsed = set(task.rehearsal.answer.tolist())
    assert answers
    assert not answers & set(task.exam.lessons.steps.item.tolist())
    assert not answers & (met(task.rehearsal) | rehearsed)
    assert not rehearsed & set(task.rehearsal.lessons.steps.item.tolist())


@pytest.mark.parametrize("labels", ["users", "own"])
@settings(max_examples=15)
@given(lengths=lengths)
def test_no_answer_is_learnt_where_other_users_teach(labels, lengths, tmp_path):
    lines = lines_of("next-basket", lengths, each_once(lengths))
    parted = [(*line, ("train", "val", "test")[int(str(line[0])[1:]) % 3]) for line in lines]
    path = written(tmp_path, f"{HEADERS['next-basket']},part", parted)

    task = read("next-basket", path, labels=labels)

    answers = set(task.exam.answer.tolist())
    rehearsed = set(task.rehearsal.answer.tolist())
    assert not answers & (set(task.exam.lessons.steps.item.tolist()) | met(task.rehearsal))
    assert not answers & rehearsed
    assert not rehearsed & set(task.rehearsal.lessons.steps.item.tolist())


@every_protocol
@settings(max_examples=15)
@given(lengths=lengths)
def test_an_answer_stands_in_no_history_of_its_own_case(protocol, lengths, tmp_path):
    path = written(tmp_path, HEADERS[protocol], lines_of(protocol, lengths, each_once(lengths)))

    task = read(protocol, path)

    for exam in (task.exam, task.rehearsal):
        histories = exam.questions.histories
        held = pairs_among(exam.answer_case, exam.answer, (histories.row, histories.item))
        assert not held.any()


@every_protocol
@settings(max_examples=10)
@given(lengths=lengths, seed=st.integers(0, 9))
def test_other_names_ask_the_same(protocol, lengths, seed, tmp_path):
    items = in_turn(lengths)
    draw = random.Random(seed)
    names = sorted(set(items))
    other = dict(zip(names, draw.sample(range(1_000), len(names)), strict=True))
    path = written(tmp_path, HEADERS[protocol], lines_of(protocol, lengths, items))
    renamed = [
        (
            f"{draw.random()}-{line[0]}" if protocol == "examples" else _row_of(seed, line),
            *line[1:],
        )
        for line in lines_of(protocol, lengths, [str(other[item]) for item in items])
    ]
    again = written(tmp_path, HEADERS[protocol], renamed, name="renamed.csv")

    asked, rehearsed = seen(protocol, path)

    assert seen(protocol, again) == (_named(asked, other), _named(rehearsed, other))


@pytest.mark.parametrize("protocol", ["next-basket", "session-next", "leave-one-out"])
@settings(max_examples=10)
@given(lengths=lengths, seed=st.integers(0, 9))
def test_lines_of_different_rows_may_stand_in_any_order(protocol, lengths, seed, tmp_path):
    lines = lines_of(protocol, lengths, in_turn(lengths))
    path = written(tmp_path, HEADERS[protocol], lines)
    shuffled = written(tmp_path, HEADERS[protocol], _shuffled(lines, seed), name="shuffled.csv")

    before, after = seen(protocol, path), seen(protocol, shuffled)

    assert [sorted(cases) for cases in after] == [sorted(cases) for cases in before]


@every_protocol
def test_every_method_of_a_protocol_answers_a_small_file(protocol, tmp_path, one_thread):
    lengths = [5] * 36
    lines = lines_of(protocol, lengths, in_turn(lengths))
    path = written(tmp_path, HEADERS[protocol], lines)
    described = [(f"i{n}", f"item number {n % 4}", f"kind {n % 3}") for n in range(11)]
    items = written(tmp_path, "item_id,title,category", described, name="items.csv")

    results = evaluate(protocol, path, items=items, k=[3], options=Options())

    assert list(results.methods) == ["default", *LINEUPS[protocol]]
    for figures in results.methods.values():
        assert 0 <= figures.values["hr@3"] <= 1
        assert 0 <= figures.values["coverage@3"] <= 1
    assert results.methods["default"].values["hr@3"] > 0
    assert results.methods["default"].values["diversity@3"] > 0


@every_protocol
def test_all_items_of_the_file_are_ranked(protocol, tmp_path: Path):
    lengths = [4] * 12
    path = written(tmp_path, HEADERS[protocol], lines_of(protocol, lengths, each_once(lengths)))

    task = read(protocol, path)

    assert task.exam.n_items == task.rehearsal.n_items == sum(lengths)
    assert np.isin(task.exam.answer, np.arange(sum(lengths))).all()


def _row_of(seed: int, line: Line) -> str:
    return f"{(int(str(line[0])[1:]) * 7 + seed) % 101}"


def _named(cases: list[tuple[str, str]], other: dict[str, int]) -> list[tuple[str, str]]:
    return [
        (
            " ".join(str(other[item]) for item in history.split()),
            " ".join(sorted(str(other[item]) for item in answers.split())),
        )
        for history, answers in cases
    ]


def _shuffled(lines: list[Line], seed: int) -> list[Line]:
    """In another order; those of one row stay in theirs."""
    order = sorted(range(len(lines)), key=lambda place: random.Random(seed + place).random())
    left: dict[str, list[Line]] = {}
    for line in lines:
        left.setdefault(str(line[0]), []).append(line)
    return [left[str(lines[place][0])].pop(0) for place in order]
