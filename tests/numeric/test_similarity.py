"""How alike, and how sure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.decay import half_life_weight
from persona_django.numeric.similarity import (
    log_likelihood_ratio,
    norm_scale,
    norms,
    shrink_by_support,
)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_support_never_lowers_a_positive_score(fewer, extra):
    weak, strong = shrink_by_support(
        np.array([0.7, 0.7]), np.array([fewer, fewer + extra]), prior=20.0
    )
    assert 0.0 <= weak <= strong <= 0.7


@pytest.mark.parametrize(
    ("support", "prior", "message"),
    [
        ([1, 2], 1.0, "shape"),
        ([1], 0.0, "prior"),
        ([1], float("nan"), "prior"),
        ([-1], 1.0, "neg"),
    ],
)
def test_impossible_support_is_refused(support, prior, message):
    with pytest.raises(ValueError, match=message):
        shrink_by_support(np.array([0.5]), np.array(support), prior=prior)


def test_the_likelihood_ratio_is_that_of_dunnings_table():
    # The bigram "the swiss" of Dunning 1993, table 1: 110, 2442, 111, 29114 give 270.72.
    ratio = log_likelihood_ratio(np.array([110]), np.array([110 + 2442]), np.array([221]), 31777)

    assert ratio[0] == pytest.approx(270.72, abs=0.01)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 3000))
def test_the_likelihood_ratio_is_symmetric_and_never_negative(both, first, second, neither):
    counts = np.array([both]), np.array([both + first]), np.array([both + second])
    total = both + first + second + neither

    ratio = log_likelihood_ratio(*counts, total)[0]

    assert ratio >= 0
    assert ratio == pytest.approx(log_likelihood_ratio(counts[0], *counts[:0:-1], total)[0])


def test_fewer_meetings_than_chance_are_no_evidence_of_a_bond():
    assert log_likelihood_ratio(np.array([1]), np.array([50]), np.array([50]), 100)[0] == 0


def test_separate_orders_of_one_shopper_do_not_upset_the_likelihood_ratio():
    ratio = log_likelihood_ratio(np.array([1]), np.array([5]), np.array([5]), 5)[0]

    assert np.isfinite(ratio)


@pytest.mark.parametrize("both", [-1, 6])
def test_more_in_common_than_each_has_is_refused(both):
    with pytest.raises(ValueError, match="more than those of either"):
        log_likelihood_ratio(np.array([both]), np.array([5]), np.array([9]), 100)


def test_an_item_without_evidence_is_like_no_other():
    norm = norms(np.array([1], np.int32), np.array([2.0], np.float32), n_items=2)

    assert norm_scale(norm, discount=0.5).tolist() == [0.0, 0.5]


def test_a_negative_discount_is_refused():
    with pytest.raises(ValueError, match="discount"):
        norm_scale(np.ones(1), discount=-0.1)


@given(st.floats(0, 1e6), st.floats(0.01, 1e4))
def test_evidence_halves_with_each_half_life(age, half_life):
    young, old = half_life_weight(np.array([age, age + half_life]), half_life_days=half_life)

    assert old == pytest.approx(young / 2, rel=1e-6)


def test_evidence_from_the_future_counts_as_new():
    assert half_life_weight(np.array([-5.0]), half_life_days=1.0)[0] == 1.0


@pytest.mark.parametrize("half_life", [0.0, -1.0, float("nan")])
def test_an_impossible_half_life_is_refused(half_life):
    with pytest.raises(ValueError, match="half-life"):
        half_life_weight(np.ones(1), half_life_days=half_life)


def test_an_age_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="age"):
        half_life_weight(np.array([np.nan]), half_life_days=1.0)
