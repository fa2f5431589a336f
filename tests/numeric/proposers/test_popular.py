"""What many came to."""

from __future__ import annotations

from math import log1p

import numpy as np
import pytest

from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.proposers.popular import Popular
from persona_django.numeric.steps import Steps
from tests.numeric.proposers.logs import answers, best, steps_of

DAY = 86_400
ROWS = [[0, 0, 0, 1], [1, 2], [1], [3, 3]]


def test_an_item_counts_once_for_each_row_that_holds_it():
    (found,) = answers(Popular(), Lessons(steps=steps_of(ROWS, n_items=5)), [])

    assert found == pytest.approx({0: log1p(1), 1: log1p(3), 2: log1p(1), 3: log1p(1)})


def test_everybody_is_proposed_the_same_and_of_equals_the_lower_code():
    found = answers(Popular(most=2), Lessons(steps=steps_of(ROWS, n_items=5)), [], [4], [1])

    assert [best(answer) for answer in found] == [[1, 0]] * 3


def test_what_was_wanted_a_half_life_ago_counts_half_and_the_newest_time_is_what_counts():
    steps = Steps(
        indptr=np.array([0, 2, 3, 4]),
        item=np.array([0, 0, 1, 2]),
        at=np.array([0, 4, 2, 4]) * DAY,
        owner=np.arange(3),
        n_items=3,
        n_owners=3,
    )

    (faded,) = answers(Popular(half_life_days=2.0), Lessons(steps=steps), [])
    (alike,) = answers(Popular(), Lessons(steps=steps), [])

    assert faded == pytest.approx({0: log1p(1), 1: log1p(0.5), 2: log1p(1)})
    assert len(set(alike.values())) == 1


def test_a_rush_is_not_held_back():
    calm = [[0]] * 20
    steps = steps_of([*calm, *[[1]] * 2_000], n_items=2)
    days = np.append(np.arange(20), np.full(2_000, 20)) * DAY

    (found,) = answers(Popular(), Lessons(steps=Steps(**{**vars(steps), "at": days})), [])

    assert found[1] == pytest.approx(log1p(2_000))


@pytest.mark.parametrize(
    ("option", "said"),
    [({"half_life_days": 0}, "half-life"), ({"half_life_days": np.nan}, "half-life"),
     ({"most": 0}, "most=0")],
)  # fmt: skip
def test_an_option_out_of_its_range_is_refused(option, said):
    with pytest.raises(ValueError, match=said):
        Popular(**option)
