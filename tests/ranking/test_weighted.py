"""Weights that were set, for a shop with too little to learn from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.ranking.features import columns_of
from persona_django.ranking.weighted import Weighted

number = st.floats(-9, 9, width=32)
shapes = st.tuples(st.integers(0, 5), st.integers(0, 4))


@given(shape=shapes, data=st.data())
def test_a_row_scores_the_sum_of_its_features_by_weight_wherever_it_stands(shape, data):
    n, f = shape
    weight = data.draw(st.lists(number, min_size=f, max_size=f))
    rows = [data.draw(st.lists(number, min_size=f, max_size=f)) for _ in range(n)]
    matrix = np.array(rows, np.float32).reshape(n, f)
    weighted = Weighted(weight=np.array(weight, np.float64))

    found = weighted.score(matrix)

    assert found.shape == (n,) and found.dtype == np.float64
    for row, score in zip(rows, found, strict=True):
        assert score == pytest.approx(sum(a * b for a, b in zip(weight, row, strict=True)))
    assert weighted.score(matrix[::-1]).tolist() == found[::-1].tolist()


def test_sources_are_added_up_by_their_shares_of_the_best_and_by_nothing_else():
    sources = ["similar", "popular"]
    matrix = np.eye(len(columns_of(sources)), dtype=np.float32)

    score = Weighted.of_sources(sources).score(matrix)

    named = dict(zip(columns_of(sources), score.tolist(), strict=True))
    assert {name for name, value in named.items() if value} == {
        "similar, share of the best",
        "popular, share of the best",
    }
    assert set(score.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (np.zeros((1, 2)), "one float64 for each column"),
        (np.zeros(2, np.float32), "one float64 for each column"),
        (np.array([0.0, np.nan]), "finite"),
        (np.array([np.inf]), "finite"),
    ],
)
def test_weights_that_are_none_are_refused(weight, said):
    with pytest.raises(ValueError, match=said):
        Weighted(weight=weight)


@pytest.mark.parametrize("shape", [(2, 3), (2, 1), (2,)])
def test_a_matrix_of_other_columns_is_refused(shape):
    with pytest.raises(ValueError, match="weights of 2 columns"):
        Weighted(weight=np.zeros(2)).score(np.zeros(shape, np.float32))
