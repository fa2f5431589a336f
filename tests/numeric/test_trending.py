"""What is looked at more than it used to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.trending import trending

DAY = 86_400
NOW = 1_000 * DAY


def scores(visits: list[tuple[int, int, float]], **options: float) -> list[float]:
    """By item; visits are shopper, item, and days ago."""
    given = {"recent_days": 1, "usual_days": 10, "floor": 3, "most_times": 5, **options}
    who, what, ago = np.array(visits, dtype=float).reshape(-1, 3).T
    at = (NOW - ago * DAY).astype(np.int64)
    found = trending(who.astype(np.int64), what.astype(np.int64), at, now=NOW, n_items=3, **given)  # type: ignore[arg-type]
    return found.tolist()


def came(item: int, n: int, *, ago: float, first: int = 0) -> list[tuple[int, int, float]]:
    return [(first + who, item, ago) for who in range(n)]


def every_day(item: int, n: int) -> list[tuple[int, int, float]]:
    return [visit for day in range(1, 11) for visit in came(item, n, ago=day + 0.5)]


def test_what_comes_to_more_than_usual_trends_and_what_is_popular_as_ever_does_not():
    found = scores(every_day(0, 20) + came(0, 20, ago=0.2) + came(1, 8, ago=0.2))

    assert found[0] == 0
    assert found[1] > 0


def test_the_score_is_what_its_formula_says():
    found = scores(every_day(0, 4) + came(0, 9, ago=0.2))

    assert found[0] == pytest.approx((9 - 4) / np.sqrt(5) * np.log(10))


def test_the_same_rise_of_a_larger_thing_trends_more():
    small, large = came(0, 4, ago=0.2), came(1, 40, ago=0.2) + every_day(1, 10)

    assert scores(small + large)[1] > scores(small + large)[0] > 0


def test_too_few_are_no_trend_and_one_who_comes_again_is_one():
    assert scores(came(0, 2, ago=0.1) + came(0, 2, ago=0.3))[0] == 0
    assert scores(came(0, 3, ago=0.1))[0] > 0


def test_a_flood_counts_no_more_than_so_many_times_the_usual():
    usual = every_day(0, 4)

    at_most = (5 * 4 - 4) / np.sqrt(5)
    assert scores(usual + came(0, 500, ago=0.1))[0] == pytest.approx(at_most * np.log(501))


def test_what_was_long_ago_is_no_usual_and_a_clock_ahead_is_now():
    long_ago = came(0, 50, ago=30)

    assert scores(long_ago + came(0, 5, ago=-2)) == scores(came(0, 5, ago=0))


@given(
    visits=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.floats(0, 20)), max_size=30
    ),
    more=st.integers(0, 2),
)
def test_no_score_is_below_nothing_and_one_more_shopper_never_lowers_it(visits, more):
    before = scores(visits, floor=1)
    after = scores([*visits, (99, more, 0.5)], floor=1)

    assert min(before) >= 0
    assert after[more] >= before[more] - 1e-12


@pytest.mark.parametrize(
    "option", [{"recent_days": 0}, {"usual_days": 0}, {"floor": 0}, {"most_times": 1}]
)
def test_an_option_out_of_its_range_is_refused_by_name(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        scores([], **option)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        trending(
            np.zeros(1, int), np.zeros(2, int), np.zeros(1, int), now=0, n_items=1,
            recent_days=1, usual_days=1, floor=1, most_times=2,
        )  # fmt: skip
