"""Cases that something is learnt from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.labelled import labelled

ONE = [[1.0], [2.0]]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=12))
def test_a_case_of_weight_two_counts_as_two_and_one_of_none_is_left_out(cases):
    label = np.array([ended for ended, _ in cases], dtype=bool)
    weight = np.array([times for _, times in cases], dtype=np.int64)
    matrix = np.arange(len(cases), dtype=np.float32)[:, None]

    weighted = labelled(matrix, label, weight)
    repeated = labelled(np.repeat(matrix, weight, axis=0), np.repeat(label, weight))

    assert weighted.matrix.tolist() == matrix[weight > 0].tolist()
    assert weighted.log_odds == pytest.approx(repeated.log_odds)
    assert weighted.has_both == repeated.has_both


def test_log_odds_of_one_kind_alone_are_far_off_but_finite():
    never, always = labelled(ONE, [0, 0]).log_odds, labelled(ONE, [1, 1]).log_odds

    assert never == pytest.approx(-always)
    assert 13 < always < 14
    assert labelled(np.empty((0, 3)), []).log_odds == 0


def test_labels_may_be_numbers():
    assert labelled(ONE, np.array([0.0, 1.0])).label.tolist() == [False, True]


@pytest.mark.parametrize(
    ("matrix", "label", "weight", "says"),
    [
        ([1.0, 2.0], [0, 1], None, "1 dimensions"),
        (ONE, [0], None, "as many labels"),
        (ONE, [[0], [1]], None, "as many labels"),
        (ONE, [0, 2], None, "0 or 1"),
        (ONE, [0, np.nan], None, "0 or 1"),
        ([[1.0], [np.nan]], [0, 1], None, "finite"),
        ([[1.0], [1e39]], [0, 1], None, "finite as float32"),
        (ONE, [0, 1], [1], "as many weights"),
        (ONE, [0, 1], [1, -1], "0 or more"),
        (ONE, [0, 1], [1, np.inf], "finite"),
    ],
)
def test_cases_that_cannot_be_are_refused_in_words(matrix, label, weight, says):
    with pytest.raises(ValueError, match=says):
        labelled(matrix, label, weight)
