"""A weight for each feature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from persona_django.numeric.linear import Linear, fit_linear, squashed

pytestmark = pytest.mark.usefixtures("one_thread")

BY_HAND = Linear(
    centre=np.array([1.0, 0.0]),
    scale=np.array([2.0, 1.0]),
    weight=np.array([4.0, -1.0]),
    base=0.5,
)
seeds = st.integers(0, 2**32 - 1)


def cases(rng, rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Counts, prices and a share of both signs; the outcome hangs on the first two."""
    matrix = np.column_stack(
        [rng.poisson(3, rows), rng.lognormal(3, 2, rows), rng.uniform(-1, 1, rows)]
    ).astype(np.float32)
    odds = matrix[:, 0] - np.log1p(matrix[:, 1])
    return matrix, rng.random(rows) < 1 / (1 + np.exp(-odds))


def test_a_score_worked_out_by_hand():
    # log(1 + (e**3 - 1)) is 3, one scale above the centre; the second column is squashed to -2.
    matrix = np.array([[np.exp(3) - 1, 1 - np.exp(2)]], np.float32)

    assert BY_HAND.score(matrix) == pytest.approx([0.5 + 4 + 2], abs=1e-6)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=9))
def test_squashing_keeps_order_and_sign_and_goes_as_far_on_both_sides(values):
    plain = np.sort(np.array(values, dtype=np.float32))

    found = squashed(plain)

    assert (np.diff(found) >= 0).all()
    assert (np.sign(found) == np.sign(plain)).all()
    assert found.tolist() == (-squashed(-plain)).tolist()
    assert (np.abs(found) < 90).all()


@given(seed=seeds, penalty=st.sampled_from([0.1, 1.0, 30.0]), is_weighted=st.booleans())
@settings(max_examples=12)
def test_a_fitted_line_says_what_that_of_scikit_learn_says(seed, penalty, is_weighted):
    rng = np.random.default_rng(seed)
    matrix, label = cases(rng)
    weight = rng.uniform(0.5, 2, len(label)) if is_weighted else None
    said = np.sign(matrix) * np.log1p(np.abs(matrix.astype(np.float64)))
    centre = np.average(said, axis=0, weights=weight)
    scale = np.sqrt(np.average((said - centre) ** 2, axis=0, weights=weight))
    model = LogisticRegression(C=1 / penalty, solver="newton-cg", tol=1e-10)
    model.fit((said - centre) / scale, label, sample_weight=weight)

    score = fit_linear(matrix, label, penalty=penalty, weight=weight).score(matrix)

    wanted = model.decision_function((said - centre) / scale)
    assert score == pytest.approx(wanted, abs=1e-6)


@given(seed=seeds)
@settings(max_examples=8)
def test_a_case_of_weight_two_counts_as_two(seed):
    rng = np.random.default_rng(seed)
    matrix, label = cases(rng)
    weight = rng.integers(0, 3, len(label))

    weighted = fit_linear(matrix, label, weight=weight)
    repeated = fit_linear(np.repeat(matrix, weight, axis=0), np.repeat(label, weight))

    assert weighted.score(matrix) == pytest.approx(repeated.score(matrix), abs=1e-3)


@given(seed=seeds)
@settings(max_examples=5)
def test_a_line_recovers_the_order_of_planted_weights(seed):
    rng = np.random.default_rng(seed)
    planted = rng.permutation([-2.0, -1.0, 0.0, 1.0, 2.0])
    said = rng.normal(size=(4_000, 5))
    matrix = np.sign(said) * np.expm1(np.abs(said))
    label = rng.random(4_000) < 1 / (1 + np.exp(-(said @ planted)))

    fitted = fit_linear(matrix, label)

    assert np.argsort(fitted.weight).tolist() == np.argsort(planted).tolist()
    assert fitted.weight == pytest.approx(planted, abs=0.3)


def test_more_penalty_means_smaller_weights():
    matrix, label = cases(np.random.default_rng(1))

    loose, tight = (fit_linear(matrix, label, penalty=penalty).weight for penalty in (0.1, 100))

    assert (np.abs(tight) < np.abs(loose)).all()


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, -3e38, 1e-45])
def test_a_constant_column_counts_for_nothing_whatever_comes_later(value):
    matrix, label = cases(np.random.default_rng(2))
    beside = np.column_stack([matrix, np.full(len(matrix), value, np.float32)])

    with_it, without = fit_linear(beside, label), fit_linear(matrix, label)

    assert (with_it.weight[3], with_it.scale[3]) == (0, 1)
    beside[:, 3] = 99
    assert with_it.score(beside).tolist() == pytest.approx(without.score(matrix).tolist())


def test_a_column_that_only_rounding_moves_is_constant_and_one_that_is_small_is_not():
    rng = np.random.default_rng(3)
    label = rng.random(200) < 0.5
    rounded = np.where(label, np.float32(0.3), np.nextafter(np.float32(0.3), np.float32(1)))
    small = np.where(label, 2e-6, 1e-6)

    fitted = fit_linear(np.column_stack([rounded, small]), label)

    assert fitted.weight[0] == 0
    assert fitted.weight[1] > 1


@pytest.mark.parametrize(
    ("matrix", "label", "weight", "base"),
    [
        ([[1, 2], [3, 4]], [0, 0], None, -13.8),
        ([[1, 2], [3, 4]], [1, 1], None, 13.8),
        ([[1, 2], [3, 4]], [1, 0], [1, 0], 13.8),
        (np.ones((4, 2)), [1, 0, 0, 0], None, -np.log(3)),
        (np.ones((0, 2)), [], None, 0),
        (np.ones((4, 0)), [1, 0, 0, 0], None, -np.log(3)),
    ],
)
def test_where_nothing_can_be_told_apart_all_weights_are_nothing(matrix, label, weight, base):
    fitted = fit_linear(matrix, label, weight=weight)

    unseen = np.full((2, fitted.columns), 5, np.float32)
    assert not fitted.weight.any()
    assert (fitted.scale == 1).all()
    assert fitted.score(unseen) == pytest.approx([base] * 2, abs=0.02)


@given(seed=seeds)
def test_rows_that_are_alike_score_alike_to_the_last_bit_wherever_they_stand(seed):
    rng = np.random.default_rng(seed)
    line = Linear(centre=rng.normal(size=9), scale=np.ones(9), weight=rng.normal(size=9), base=0.0)
    matrix = rng.normal(size=(13, 9)).astype(np.float32)

    score = line.score(matrix)

    assert score.tolist() == [line.score(row[None])[0] for row in matrix]
    assert score.tolist() == line.score(np.asfortranarray(matrix)).tolist()


def test_no_rows_have_no_scores_and_other_columns_are_refused():
    assert BY_HAND.score(np.empty((0, 2), np.float32)).shape == (0,)
    for other in (np.zeros((3, 1)), np.zeros((3, 3)), np.zeros(2)):
        with pytest.raises(ValueError, match="weights of 2 columns"):
            BY_HAND.score(other.astype(np.float32))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"centre": np.zeros(3)}, "centre must be one float64 for each of 2"),
        ({"scale": np.ones(2, np.float32)}, "scale must be one float64"),
        ({"weight": np.ones((2, 1))}, "weight must be one float64"),
        ({"weight": np.array([1, np.nan])}, "weight must be finite"),
        ({"scale": np.array([1.0, 0.0])}, "above 0"),
        ({"base": np.inf}, "base must be finite"),
    ],
)
def test_a_line_that_cannot_be_is_refused_in_words(changed, says):
    with pytest.raises(ValueError, match=says):
        replace(BY_HAND, **changed)


@pytest.mark.parametrize("penalty", [0, -1, np.inf, np.nan])
def test_a_penalty_that_is_no_doubt_is_refused(penalty):
    with pytest.raises(ValueError, match="above 0"):
        fit_linear([[0], [1]], [0, 1], penalty=penalty)
