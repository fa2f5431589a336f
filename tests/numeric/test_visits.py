"""Where visits begin and end, and who came back in another one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.bursts import busiest
from persona_django.numeric.revisits import revisits
from persona_django.numeric.visits import visits_of

GAP = 1_800
happenings = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 20_000), st.integers(1, 3)), max_size=40
)


def columns(rows, n):
    return np.array(rows, dtype=np.int64).reshape(-1, n).T


@given(happenings)
def test_visits_are_what_walking_through_each_shoppers_events_finds(rows):
    shopper, at, _ = columns(rows, 3)

    found = visits_of(shopper, at, gap_seconds=GAP)

    expected, last = [], {}
    for who, when in sorted(zip(shopper.tolist(), at.tolist(), strict=True)):
        if who not in last or when - last[who] >= GAP:
            expected.append([who, when, when])
        expected[-1][2] = last[who] = when
    assert [list(v) for v in zip(found.shopper, found.start, found.end, strict=True)] == expected
    assert (found.shopper[found.number] == shopper).all()
    assert (found.start[found.number] <= at).all() and (at <= found.end[found.number]).all()
    assert (at[found.first] == found.start).all()


@given(happenings)
def test_times_may_lie_as_far_apart_as_they_like(rows):
    shopper, at, _ = columns(rows, 3)
    far = 2**47

    found = visits_of(shopper, at * far, gap_seconds=GAP * far)

    assert found.number.tolist() == visits_of(shopper, at, gap_seconds=GAP).number.tolist()


@given(happenings, st.randoms(use_true_random=False))
def test_the_order_in_which_events_come_makes_no_difference(rows, chance):
    uid = np.arange(len(rows))
    order = np.array(chance.sample(range(len(rows)), len(rows)), dtype=np.int64)
    shopper, at, family = columns(rows, 3)
    visits = visits_of(shopper, at, gap_seconds=GAP, tie=uid)
    shuffled = visits_of(shopper[order], at[order], gap_seconds=GAP, tie=uid[order])

    assert shuffled.number.tolist() == visits.number[order].tolist()
    assert order[shuffled.first].tolist() == visits.first.tolist()
    options = {"within_seconds": 9_000}
    there = revisits(shopper, family, visits.number, at, tie=uid, **options)
    again = revisits(
        shopper[order], family[order], shuffled.number, at[order], tie=uid[order], **options
    )
    assert sorted(order[again].tolist()) == there.tolist()


@given(happenings)
def test_a_revisit_is_the_first_look_of_a_visit_that_another_visit_had_too(rows):
    shopper, at, family = columns(rows, 3)
    uid = np.arange(len(rows))
    visit = visits_of(shopper, at, gap_seconds=GAP, tie=uid).number

    found = set(revisits(shopper, family, visit, at, within_seconds=9_000, tie=uid).tolist())

    looks = sorted(range(len(rows)), key=lambda row: (at[row], uid[row]))
    for place, row in enumerate(looks):
        before = [
            other
            for other in looks[:place]
            if shopper[other] == shopper[row] and family[other] == family[row]
        ]
        is_again = bool(before) and (
            visit[before[-1]] != visit[row] and at[row] - at[before[-1]] <= 9_000
        )
        assert (row in found) == is_again


@given(happenings, st.integers(1, 5_000))
def test_the_busiest_span_is_the_one_that_counting_each_finds(rows, span):
    shopper, at, _ = columns(rows, 3)

    who, most, began = busiest(shopper, at, span_seconds=span)

    assert who.tolist() == sorted(set(shopper.tolist()))
    for one, n, start in zip(who, most, began, strict=True):
        times = at[shopper == one]
        counted = {t: int(((times >= t) & (times < t + span)).sum()) for t in times.tolist()}
        assert n == max(counted.values())
        assert start == min(t for t, count in counted.items() if count == n)


def test_columns_that_do_not_fit_are_refused():
    one, two = np.array([1]), np.array([1, 2])
    with pytest.raises(ValueError, match="equally long"):
        visits_of(one, two, gap_seconds=GAP)
    with pytest.raises(ValueError, match="longer than nothing"):
        visits_of(one, one, gap_seconds=0)
    with pytest.raises(ValueError, match="equally long"):
        revisits(one, one, one, two, within_seconds=1, tie=one)
    with pytest.raises(ValueError, match="longer than nothing"):
        revisits(one, one, one, one, within_seconds=0, tie=one)
    with pytest.raises(ValueError, match="equally long"):
        busiest(one, two, span_seconds=1)
    with pytest.raises(ValueError, match="longer than nothing"):
        busiest(one, one, span_seconds=0)
