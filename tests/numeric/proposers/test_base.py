"""What every way to propose keeps to, whatever it learnt from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from persona_django.numeric.proposers.linked import (
    AlikeInLabels,
    AlikeInText,
    Following,
    Ridge,
    Similar,
)
from persona_django.numeric.proposers.own import Repeats
from persona_django.numeric.proposers.popular import Popular
from persona_django.numeric.proposers.visits import LikeVisits
from tests.numeric.proposers.logs import answers, questions_of, steps_of, told

LINKED: list[Callable[[], Proposer]] = [
    Similar, Ridge, Following, lambda: Following(backwards=True), lambda: Following(fade=0),
    AlikeInText, AlikeInLabels,
]  # fmt: skip
EVERY = [*LINKED, Repeats, Popular, LikeVisits]
every_proposer = pytest.mark.parametrize("made", EVERY)
N_ITEMS = 6
ROWS = [[0, 1, 2], [1, 2, 0], [3, 4], [4, 3], [0, 1], [], [2, 2, 1]]
TAUGHT = Lessons(
    steps=steps_of(ROWS, n_items=N_ITEMS),
    texts={"title": ["red tea", "green tea", "red tea cup", "blue cup", "blue cup", ""]},
    labels={"brand": [["a"], ["a"], ["b"], ["b"], ["a"], []]},
)
HISTORIES = [[0, 1], [], [3], [0, 3, 0], [5], [4, 2]]


@every_proposer
def test_a_case_is_answered_the_same_whatever_other_cases_stand_beside_it(made):
    together = answers(made(), TAUGHT, *HISTORIES)

    alone = [answers(made(), TAUGHT, history)[0] for history in HISTORIES]
    assert together == alone
    assert any(together)


@every_proposer
def test_no_case_is_answered_nothing(made):
    assert answers(made(), TAUGHT) == []


@every_proposer
@pytest.mark.parametrize("n_items", [0, 3])
def test_without_any_lesson_it_proposes_at_most_what_somebody_saw(made, n_items):
    nothing = Lessons(steps=steps_of([], n_items=n_items))
    histories = [[0, 2], []] if n_items else [[]]

    found = answers(made(), nothing, *histories)

    assert all(set(answer) <= set(seen) for answer, seen in zip(found, histories, strict=True))


@every_proposer
def test_rows_without_an_item_are_no_lessons(made):
    found = answers(made(), Lessons(steps=steps_of([[], []], n_items=3)), [0, 2], [])

    assert all(set(answer) <= {0, 2} for answer in found)


@every_proposer
def test_what_was_learnt_before_is_forgotten(made):
    proposer = made()
    answers(proposer, TAUGHT, *HISTORIES)

    again = answers(proposer, Lessons(steps=steps_of([[5, 4]], n_items=N_ITEMS)), *HISTORIES)

    fresh = answers(made(), Lessons(steps=steps_of([[5, 4]], n_items=N_ITEMS)), *HISTORIES)
    assert again == fresh


@pytest.mark.parametrize("made", [one for one in EVERY if one not in (Repeats, Popular)])
def test_an_item_that_nobody_knows_calls_for_nothing(made):
    assert answers(made(), TAUGHT, [5]) == [{}]


@pytest.mark.parametrize("made", LINKED)
def test_histories_of_another_catalogue_are_refused(made):
    proposer = made()
    proposer.fit(TAUGHT)

    with pytest.raises(ValueError, match="histories of 9 items"):
        told(proposer, questions_of([[0]], n_items=9))


def test_fields_must_tell_of_every_item_and_moments_of_every_case():
    steps = steps_of([[0]], n_items=2)

    with pytest.raises(ValueError, match="title must tell of 2 items, but tells of 1"):
        Lessons(steps=steps, texts={"title": ["tea"]})
    with pytest.raises(ValueError, match="brand must tell of 2 items, but tells of 3"):
        Lessons(steps=steps, labels={"brand": [[], [], []]})
    with pytest.raises(ValueError, match="1 histories need as many moments, got 2"):
        Questions(histories=steps, now=np.array([1, 2]))


def test_some_cases_are_taken_with_their_moments():
    asked = Questions(histories=steps_of([[0], [1, 2], []], n_items=3), now=np.array([7, 8, 9]))

    some = asked.take(np.array([2, 1]))

    assert len(some) == 2
    assert some.now.tolist() == [9, 8]
    assert some.histories.item.tolist() == [1, 2]
    assert some.histories.indptr.tolist() == [0, 0, 2]


FEW = 4
histories = st.lists(st.lists(st.integers(0, FEW - 1), max_size=6), max_size=5)


@pytest.mark.parametrize("at_once", [False, True])
@given(rows=histories)
def test_each_item_of_a_history_stands_where_it_came_last(rows, at_once):
    steps = steps_of(rows, n_items=FEW, at_once=at_once)
    questions = Questions(histories=steps, now=np.full(len(rows), 60))

    latest = questions.latest
    columns = (latest.case, latest.item, latest.times, latest.at, latest.to_end)
    found = list(zip(*(column.tolist() for column in columns), strict=True))

    expected = []
    for case, row in enumerate(rows):
        for item in sorted(set(row)):
            last = max(place for place, one in enumerate(row) if one == item)
            at = 0 if at_once else last
            after = 0 if at_once else len(row) - 1 - last
            expected.append((case, item, row.count(item), at, after))
    assert found == expected


@given(rows=histories, asked=st.lists(st.integers(0, FEW - 1), max_size=9))
def test_it_says_what_a_history_holds(rows, asked):
    questions = Questions(histories=steps_of(rows, n_items=FEW), now=np.full(len(rows), 60))
    cases = np.arange(len(asked)) % max(len(rows), 1)

    if rows:
        held = questions.holds(cases, np.array(asked, dtype=np.int64)).tolist()
        assert held == [item in rows[case] for case, item in zip(cases, asked, strict=True)]
