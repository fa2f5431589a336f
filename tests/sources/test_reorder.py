"""Which of a shopper's own purchases ask most to be repeated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.sources.reorder import dueness

NOW = 1_790_000_000


def due(times: int, days: float) -> float:
    return float(dueness(np.array([times]), np.array([NOW - days * DAY_SECONDS]), now=NOW)[0])


def test_the_formula_by_hand():
    assert due(4, 0) == 0.0
    assert due(4, 30) == pytest.approx(2.0)
    assert due(4, 60) == pytest.approx(3.0)
    assert due(1, 30) == pytest.approx(0.5)


@given(times=st.integers(1, 1000), days=st.floats(0, 3_000), longer=st.floats(0, 3_000))
def test_bought_more_often_and_longer_ago_never_asks_for_less(times, days, longer):
    assert due(times + 1, days) >= due(times, days)
    assert due(times, days + longer) >= due(times, days)


@given(times=st.integers(1, 10**6), days=st.floats(-10_000, 10_000))
def test_a_clock_that_jumps_gives_no_nonsense(times, days):
    assert 0.0 <= due(times, days) <= times
