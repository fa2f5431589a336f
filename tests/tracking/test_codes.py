"""Columns with many repeats."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_django.importing.lines import Seen
from persona_django.tracking.codes import factorise, mixed

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.one_of(st.text(max_size=3), st.none())))
def test_distinct_values_and_places_give_the_column_back(values):
    distinct, at = factorise(values)

    assert [distinct[place] for place in at] == values
    assert len(set(distinct)) == len(distinct)


@given(st.lists(INT64))
def test_numbers_are_factorised_alike(values):
    distinct, at = factorise(np.array(values, dtype=np.int64))

    assert [distinct[place] for place in at] == values


@given(st.lists(INT64, unique=True), st.integers(0, 2**32))
def test_mixed_numbers_are_positive_and_repeat_exactly_as_the_given_ones(values, seed):
    numbers = np.array(values, dtype=np.int64)

    once, again = mixed(numbers, seed=seed), mixed(numbers, seed=seed)

    assert (once > 0).all()
    assert once.tolist() == again.tolist()
    assert len(set(once.tolist())) == len(values)


@given(st.lists(st.lists(st.integers(0, 5))))
def test_occurrences_are_counted_over_all_calls(parts):
    seen = Seen()
    counted: dict[int, int] = {}
    expected = []
    for part in parts:
        for value in part:
            expected.append(counted.get(value, 0))
            counted[value] = counted.get(value, 0) + 1

    found = [
        number for part in parts for number in seen.occurrence(np.array(part, dtype=np.int64))
    ]

    assert found == expected
