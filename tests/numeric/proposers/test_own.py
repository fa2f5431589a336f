"""What somebody's own history says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.proposers.own import Repeats
from tests.numeric.proposers.logs import answers, steps_of

NOBODY = Lessons(steps=steps_of([], n_items=4))


@given(rows=st.lists(st.lists(st.integers(0, 3), max_size=6), max_size=4))
def test_each_time_counts_the_less_the_more_came_after_it(rows):
    found = answers(Repeats(fade=0.5), NOBODY, *rows)

    for answer, row in zip(found, rows, strict=True):
        wanted = {
            item: sum(0.5**later for later, one in enumerate(row[::-1]) if one == item)
            for item in row
        }
        assert answer == pytest.approx(wanted)


def test_often_beats_lately_and_of_two_alike_the_later_comes_first():
    often, lately = answers(Repeats(), NOBODY, [1, 1, 1, 2], [1, 2])

    assert often[1] > often[2]
    assert lately[2] > lately[1]


@pytest.mark.parametrize("fade", [0, -1, 1.1, np.nan])
def test_a_fade_out_of_its_range_is_refused(fade):
    with pytest.raises(ValueError, match="fade must be above 0"):
        Repeats(fade=fade)
