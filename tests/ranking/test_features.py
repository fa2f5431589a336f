"""The feature matrix, reckoned by hand on a small pool."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from persona_django.numeric.proposals import Pool
from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.steps import Steps
from persona_django.ranking.features import (
    OF_THE_CASE,
    OF_THE_HISTORY,
    OF_THE_ITEM,
    ItemFacts,
    columns_of,
    matrix_of,
)
from tests.numeric.proposers.logs import steps_of

DAY = 86_400
START = 10_000 * DAY


def facts_of(**given: np.ndarray) -> ItemFacts:
    nothing = {"rows": np.zeros(4), "recent": np.zeros(4), "last_at": np.full(4, START)}
    return ItemFacts(**{**nothing, **given})


def asked_of(*rows: list[tuple[int, float]], now: float = 10) -> Questions:
    """Items and the days at which they came."""
    steps = Steps(
        indptr=np.cumsum([0, *map(len, rows)]),
        item=np.array([item for row in rows for item, _ in row], dtype=np.int64),
        at=np.array([START + int(day * DAY) for row in rows for _, day in row], dtype=np.int64),
        owner=np.zeros(len(rows), np.int64),
        n_items=4,
        n_owners=1,
    )
    return Questions(histories=steps, now=np.full(len(rows), START + int(now * DAY)))


def pool_of(*cells: tuple[int, int], n_cases: int, **scores: list[float]) -> Pool:
    return Pool(
        case=np.array([case for case, _ in cells], dtype=np.int64),
        item=np.array([item for _, item in cells], dtype=np.int64),
        scores={name: np.array(score, dtype=np.float64) for name, score in scores.items()},
        n_cases=n_cases,
    )


def column(name: str, pool: Pool, questions: Questions, facts: ItemFacts) -> list[float]:
    matrix = matrix_of(pool, questions, facts)
    names = columns_of(list(pool.scores))
    assert matrix.shape == (len(pool), len(names))
    assert matrix.dtype == np.float32
    return matrix[:, names.index(name)].tolist()


def test_columns_are_those_of_each_source_of_the_item_of_the_history_and_of_the_case():
    assert columns_of(["a", "b"]) == (
        "a", "a, share of the best", "a, place",
        "b", "b, share of the best", "b, place",
        "popularity", "recent popularity", "days since anybody",
        "times", "nearness", "share of the history", "days since last",
        "moments", "distinct items", "share of repeats",
    )  # fmt: skip
    assert columns_of([]) == OF_THE_ITEM + OF_THE_HISTORY + OF_THE_CASE


SCORES = {"a": [2.0, 4.0, 0.0, 0.0, 3.0], "b": [-1.0, 0.0, -9.0, 0.0, 0.0]}
CELLS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 3))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a", [2, 4, 0, 0, 3]),
        ("a, share of the best", [0.5, 1, 0, 0, 1]),
        ("a, place", [0.5, 1, 0, 0, 1]),
        ("b", [-1, 0, -9, 0, 0]),
        ("b, share of the best", [-1, 0, -9, 0, 0]),
        ("b, place", [0, 0, 0, 0, 0]),
    ],
)
def test_a_source_is_told_by_its_score_its_share_of_the_best_and_its_place(name, wanted):
    pool = pool_of(*CELLS, n_cases=2, **SCORES)

    assert column(name, pool, asked_of([], []), facts_of()) == wanted


def test_however_little_speaks_for_the_best_no_share_goes_below_minus_one():
    pool = pool_of((0, 0), (0, 1), (0, 2), n_cases=1, a=[1e-300, -0.5, -5e-301])

    shares = column("a, share of the best", pool, asked_of([]), facts_of())

    assert shares == [1.0, -1.0, -0.5]


def test_of_an_item_is_told_how_popular_it_is_and_how_long_nobody_came():
    facts = facts_of(
        rows=np.array([1.0, 2, 3, 4]),
        recent=np.array([5.0, 6, 7, 8]),
        last_at=START + np.array([10, 9, 3, 99]) * DAY,
    )
    pool = pool_of((0, 1), (0, 3), (1, 0), (1, 2), n_cases=2)
    asked = asked_of([], [])

    assert column("popularity", pool, asked, facts) == [2, 4, 1, 3]
    assert column("recent popularity", pool, asked, facts) == [6, 8, 5, 7]
    assert column("days since anybody", pool, asked, facts) == pytest.approx(
        [log(2), 0, 0, log(8)]
    )


HISTORIES = asked_of([(1, 0), (2, 1), (3, 1), (1, 3)], [], [(0, 7)])
ASKED = ((0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (2, 0), (2, 1))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("times", [0, 2, 1, 1, 0, 1, 0]),
        ("nearness", [0, 1, 1 / 2, 1 / 2, 0, 1, 0]),
        ("share of the history", [0, 1 / 2, 1 / 4, 1 / 4, 0, 1, 0]),
        ("days since last", [0, log(8), log(10), log(10), 0, log(4), 0]),
        ("moments", [3, 3, 3, 3, 0, 1, 1]),
        ("distinct items", [3, 3, 3, 3, 0, 1, 1]),
        ("share of repeats", [1 / 4, 1 / 4, 1 / 4, 1 / 4, 0, 0, 0]),
    ],
)
def test_a_history_tells_how_often_and_when_and_what_kind_of_case_it_is(name, wanted):
    pool = pool_of(*ASKED, n_cases=3)

    assert column(name, pool, HISTORIES, facts_of()) == pytest.approx(wanted)


def test_what_stands_in_a_history_later_than_it_is_asked_came_just_now():
    pool = pool_of((0, 0), n_cases=1)

    assert column("days since last", pool, asked_of([(0, 12)]), facts_of()) == [0]


def test_without_candidates_and_without_cases_there_are_columns_all_the_same():
    facts = ItemFacts.of(Lessons(steps=steps_of([], n_items=0)))
    nobody = Questions(histories=steps_of([], n_items=0), now=np.empty(0, np.int64))

    matrix = matrix_of(pool_of(n_cases=0, a=[]), nobody, facts)

    assert matrix.shape == (0, len(columns_of(["a"])))


def test_facts_count_rows_and_the_newest_tenth_of_them_by_when_they_ended():
    rows = [[0, 0], *[[1]] * 18, [2]]
    steps = steps_of(rows, n_items=4)
    ends = np.array([50 * DAY, 0, *range(1, 19), 40 * DAY])
    # The first row ended last of all, and began first.
    at = np.append([0, ends[0]], ends[2:])
    facts = ItemFacts.of(Lessons(steps=Steps(**{**vars(steps), "at": START + at})))

    assert facts.rows == pytest.approx(np.log1p([1, 18, 1, 0]))
    assert facts.recent == pytest.approx(np.log1p([1, 0, 1, 0]))
    assert (facts.last_at - START).tolist() == [50 * DAY, 18, 40 * DAY, 0]


def test_what_nobody_came_to_is_as_old_as_the_log_and_not_as_1970():
    steps = steps_of([[0], [1]], n_items=3)

    late = Steps(**{**vars(steps), "at": START + np.array([5, 9])})

    assert ItemFacts.of(Lessons(steps=late)).last_at.tolist() == [START + 5, START + 9, START + 5]


@pytest.mark.parametrize("rows", [[], [[]]])
def test_nobody_came_to_anything_where_nothing_happened(rows):
    facts = ItemFacts.of(Lessons(steps=steps_of(rows, n_items=2)))

    assert facts.rows.tolist() == facts.recent.tolist() == [0, 0]
    assert facts.last_at.tolist() == [0, 0]
