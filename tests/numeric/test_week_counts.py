"""Weeks of events as counts: what is kept of them, whatever the order, however often."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import (
    MOST_VALUE,
    WEEK_SECONDS,
    counted,
    merged,
    no_counts,
    spread,
)

WEEK = 2_950
DWELL = 5
events = st.lists(
    st.tuples(
        st.sampled_from([-(2**62), -3, 7, 2**62]),
        st.sampled_from([1, 2, 2**31, 2**50]),
        st.sampled_from([3, DWELL, 127]),
        st.integers(1, 3),
        st.integers(0, WEEK_SECONDS - 1),
        st.integers(0, 2_047),
    ),
    max_size=40,
)


def count(rows, *, week=WEEK):
    table = np.array(rows, dtype=np.int64).reshape(-1, 6)
    shopper, item, kind, basis, second, value = table.T
    at = week * WEEK_SECONDS + second
    return counted(shopper, item, kind, basis, at, value, adds_up=[DWELL])


def told(counts):
    """What counts say, by shopper, item, kind and basis."""
    names = zip(counts.shopper, counts.item, counts.kind, counts.basis, strict=True)
    said = zip(counts.days, counts.value, strict=True)
    return {
        tuple(map(int, name)): tuple(map(int, one)) for name, one in zip(names, said, strict=True)
    }


@given(events)
def test_a_count_knows_the_days_and_what_was_told_on_one_of_them(rows):
    expected: dict[tuple[int, ...], dict[int, int]] = {}
    for *name, second, value in rows:
        by_day, day = expected.setdefault(tuple(name), {}), second // DAY_SECONDS
        before = by_day.get(day, 0)
        by_day[day] = before + value if name[2] == DWELL else max(before, value)

    found = count(rows)

    assert told(found) == {
        name: (
            sum(1 << day for day in by_day),
            min(round(sum(by_day.values()) / len(by_day)), MOST_VALUE),
        )
        for name, by_day in expected.items()
    }
    assert list(told(found)) == sorted(told(found))
    assert found.times.tolist() == [bin(day).count("1") for day in found.days.tolist()]


@given(events, st.randoms(use_true_random=False))
def test_the_order_of_the_events_says_nothing(rows, chance):
    mixed = chance.sample(rows, len(rows))

    assert told(count(mixed)) == told(count(rows))


@given(events, events)
def test_what_is_in_two_counts_of_a_week_counts_once(some, others):
    one, all_ = count(some), count(some + others)

    assert told(merged(one, one)) == told(one)
    both, smaller = told(merged(one, all_)), told(one)
    assert both == {
        name: (days, max(value, smaller.get(name, (0, 0))[1]))
        for name, (days, value) in told(all_).items()
    }
    assert told(merged(no_counts(), one)) == told(merged(one, no_counts())) == told(one)


@given(events)
def test_counts_come_back_as_one_event_for_each_day(rows):
    counts = count(rows)
    further, at = spread(counts, WEEK)
    row = np.concatenate([np.arange(len(counts)), further])

    days = {(*name, WEEK * 7 + second // DAY_SECONDS) for *name, second, _ in rows}
    names = np.column_stack([counts.shopper, counts.item, counts.kind, counts.basis])[row]
    assert {
        (*map(int, name), int(when) // DAY_SECONDS) for name, when in zip(names, at, strict=True)
    } == days
    assert len(row) == len(days)
    assert (at % DAY_SECONDS == DAY_SECONDS // 2).all()


def test_events_of_two_weeks_are_refused():
    two = np.array([0, WEEK_SECONDS])

    with pytest.raises(ValueError, match="of several"):
        counted(two, two, two, two, two, two)
