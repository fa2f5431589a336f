"""Trees that are fitted elsewhere and walked here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from persona_django.numeric import trees as module
from persona_django.numeric.linear import fit_linear
from persona_django.numeric.trees import Trees, fit_trees

pytestmark = pytest.mark.usefixtures("one_thread")

BY_HAND = Trees(
    feature=np.array([[1, 0, 0], [0, 1, 1]], np.int16),
    threshold=np.array([[10, 1, 5], [0, -1, np.inf]], np.float32),
    value=np.array([[1, 2, 4, 8], [0.1, 0.2, 0.4, 0.8]], np.float32),
    base=100.0,
)
shapes = st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(1, 4), st.integers(0, 20))
seeds = st.integers(0, 2**32 - 1)

# Neighbours among float32, between which float64 has room for a threshold, beside everyday ones.
CLOSE = np.array([1, np.nextafter(np.float32(1), np.float32(2)), 16_777_215, 16_777_216])
ODD = np.concatenate([CLOSE, -CLOSE, [0, 1e-45, 1e-38, 0.1, 0.2, 3e38, -3e38]]).astype(np.float32)


def drawn(rng, *, trees: int, depth: int, columns: int) -> Trees:
    nodes = 2**depth - 1
    return Trees(
        feature=rng.integers(0, columns, (trees, nodes)).astype(np.int16),
        threshold=rng.choice(ODD, (trees, nodes)),
        value=rng.normal(size=(trees, nodes + 1)).astype(np.float32),
        base=float(rng.normal()),
    )


def walked(trees: Trees, row: np.ndarray) -> float:
    """One row, tree by tree and node by node."""
    score = trees.base
    for feature, threshold, value in zip(trees.feature, trees.threshold, trees.value, strict=True):
        node = 0
        while node < len(feature):
            node = 2 * node + (2 if row[feature[node]] > threshold[node] else 1)
        score += float(value[node - len(feature)])
    return score


def of_sklearn(matrix, label, *, trees, depth, rate, least_leaf, weight=None):
    return HistGradientBoostingClassifier(
        learning_rate=rate,
        max_iter=trees,
        max_leaf_nodes=None,
        max_depth=depth,
        min_samples_leaf=least_leaf,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    ).fit(matrix, label, sample_weight=weight)


def ranked_right(score: np.ndarray, label: np.ndarray) -> float:
    """The share of pairs of one of each kind that stand in the right order."""
    return float((score[label][:, None] > score[~label]).mean())


def test_trees_worked_out_by_hand():
    # Left and left, left and right, right and left, right and right in the first tree.
    matrix = np.array([[1, 10], [2, 10], [5, 11], [6, 11]], np.float32)

    assert BY_HAND.score(matrix).round(5).tolist() == [101.4, 102.4, 104.4, 108.4]
    assert (BY_HAND.depth, BY_HAND.columns) == (2, 2)


def test_what_is_no_number_goes_left_everywhere():
    assert BY_HAND.score(np.full((1, 2), np.nan, np.float32)).round(5).tolist() == [101.1]


@given(shape=shapes, seed=seeds)
def test_all_at_once_is_what_a_walk_of_each_row_finds(shape, seed):
    rng = np.random.default_rng(seed)
    trees, depth, columns, rows = shape
    forest = drawn(rng, trees=trees, depth=depth, columns=columns)
    matrix = rng.choice(np.append(ODD, [np.nan, np.inf, -np.inf]), (rows, columns))

    score = forest.score(matrix.astype(np.float32))

    assert score.dtype == np.float64
    assert score == pytest.approx([walked(forest, row) for row in matrix])


@given(seed=seeds, pairs=st.integers(1, 40))
def test_rows_that_are_alike_score_alike_to_the_last_bit_however_the_work_is_cut(seed, pairs):
    rng = np.random.default_rng(seed)
    forest = drawn(rng, trees=7, depth=3, columns=3)
    matrix = rng.choice(ODD, (11, 3))

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(module, "PAIRS", pairs)
        cut = forest.score(matrix)

    assert cut.tolist() == [forest.score(row[None])[0] for row in matrix]
    assert cut.tolist() == forest.score(np.asfortranarray(matrix)).tolist()


@given(seed=seeds, depth=st.integers(1, 6), is_weighted=st.booleans())
@settings(max_examples=20)
def test_fitted_trees_say_what_those_of_scikit_learn_say(seed, depth, is_weighted):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack(
        [rng.choice(ODD, 200), rng.normal(size=200), rng.integers(0, 3, 200)]
    ).astype(np.float32)
    label = rng.random(200) < np.where(matrix[:, 0] > 1, 0.7, 0.3)
    weight = rng.uniform(0.5, 2, 200) if is_weighted else None
    unseen = np.column_stack(
        [rng.choice(ODD, 200), rng.normal(size=200), rng.normal(size=200)]
    ).astype(np.float32)
    options = {"trees": 8, "depth": depth, "rate": 0.3, "least_leaf": 2, "weight": weight}

    fitted = fit_trees(matrix, label, **options)

    known = of_sklearn(matrix, label, **options)
    assert fitted.value.shape == (8, 2**depth)
    for rows in (matrix, unseen):
        assert fitted.score(rows) == pytest.approx(known.decision_function(rows), abs=1e-5)


@given(value=st.sampled_from(ODD.tolist()), is_below=st.booleans())
@settings(max_examples=20)
def test_no_row_changes_sides_even_where_its_values_are_neighbours(value, is_below):
    low = np.float32(value)
    beside = np.nextafter(low, np.float32(-np.inf if is_below else np.inf))
    matrix = np.repeat([low, beside], 5)[:, None]
    label = np.repeat([True, False], 5)

    fitted = fit_trees(matrix, label, trees=3, depth=1, least_leaf=1)

    assert (fitted.score(matrix) > 0).tolist() == label.tolist()


def test_a_leaf_that_came_early_is_repeated_below():
    matrix = np.repeat([0, 1], 60)[:, None].astype(np.float32)

    fitted = fit_trees(matrix, matrix[:, 0] > 0, trees=1, depth=3)

    assert fitted.value.shape == (1, 8)
    assert len(set(fitted.value[0, :4].tolist())) == len(set(fitted.value[0, 4:].tolist())) == 1
    assert fitted.value[0, 0] < 0 < fitted.value[0, 4]


def test_trees_find_what_two_features_say_only_together_and_a_line_cannot():
    rng = np.random.default_rng(1)
    matrix, unseen = rng.normal(size=(2, 1_500, 3)).astype(np.float32)
    label, truth = ((rows[:, 0] > 0) != (rows[:, 1] > 0) for rows in (matrix, unseen))

    by_trees = fit_trees(matrix, label, trees=30, depth=3).score(unseen)
    by_line = fit_linear(matrix, label).score(unseen)

    assert ranked_right(by_trees, truth) > 0.95
    assert ranked_right(by_line, truth) < 0.6


def test_a_case_of_more_weight_is_heeded_more():
    matrix = np.zeros((40, 1), np.float32)
    label = np.arange(40) < 20

    even = fit_trees(matrix, label, trees=1, depth=1)
    uneven = fit_trees(matrix, label, trees=1, depth=1, weight=np.where(label, 3.0, 1.0))

    assert even.score(matrix[:1]) == pytest.approx([0])
    assert uneven.score(matrix[:1]) == pytest.approx([np.log(3)])


def test_the_same_seed_gives_the_same_trees_also_where_thresholds_come_from_a_sample():
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(200_001, 1)).astype(np.float32)
    label = rng.random(200_001) < 1 / (1 + np.exp(-matrix[:, 0]))

    one, same, other = (
        fit_trees(matrix, label, trees=1, depth=2, seed=seed).threshold.tolist()
        for seed in (5, 5, 6)
    )

    assert one == same
    assert one != other


def test_how_many_threads_learn_makes_no_difference(monkeypatch):
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(400, 3)).astype(np.float32)
    label = matrix[:, 0] > rng.normal(size=400)
    alone = fit_trees(matrix, label, trees=3, depth=2)
    monkeypatch.setattr(module, "ALONE", 0)

    with threadpool_limits(2):
        together = fit_trees(matrix, label, trees=3, depth=2)

    assert together.threshold.tolist() == alone.threshold.tolist()
    assert together.value.tolist() == alone.value.tolist()


def test_a_constant_column_is_never_asked_about():
    rng = np.random.default_rng(3)
    matrix = np.column_stack([np.full(300, 7.0), rng.normal(size=300)]).astype(np.float32)

    fitted = fit_trees(matrix, matrix[:, 1] > 0, trees=5, depth=2)

    asked = fitted.threshold < np.finfo(np.float32).max
    assert asked.any()
    assert set(fitted.feature[asked].tolist()) == {1}


@pytest.mark.parametrize(
    ("matrix", "label", "weight", "base"),
    [
        (np.ones((3, 2)), [0, 0, 0], None, -13.8),
        (np.ones((3, 2)), [1, 1, 1], None, 13.8),
        (np.ones((3, 2)), [1, 0, 0], [1, 0, 0], 13.8),
        (np.ones((0, 2)), [], None, 0),
        (np.ones((4, 0)), [1, 0, 0, 0], None, -np.log(3)),
    ],
)
def test_where_nothing_can_be_told_apart_there_are_no_trees(matrix, label, weight, base):
    fitted = fit_trees(matrix, label, weight=weight)

    assert len(fitted.value) == 0
    assert fitted.score(np.zeros((2, 5), np.float32)) == pytest.approx([base] * 2, abs=0.02)


def test_no_rows_have_no_scores_and_too_few_columns_are_refused():
    assert BY_HAND.score(np.empty((0, 2), np.float32)).shape == (0,)
    for few in (np.zeros((3, 1)), np.zeros((0, 1)), np.zeros(2)):
        with pytest.raises(ValueError, match="ask about 2 columns"):
            BY_HAND.score(few.astype(np.float32))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"feature": BY_HAND.feature.astype(np.int64)}, "feature must be two-dimensional int16"),
        ({"threshold": BY_HAND.threshold[0]}, "threshold must be two-dimensional float32"),
        ({"value": BY_HAND.value[:, :3]}, r"leaves, got 3"),
        ({"value": BY_HAND.value[:, :0]}, r"leaves, got 0"),
        ({"value": BY_HAND.value[:, :2]}, r"feature of shape \(2, 1\)"),
        ({"value": BY_HAND.value[:1]}, r"1 trees of 4 leaves"),
        ({"threshold": BY_HAND.threshold[:, :2]}, r"threshold of shape \(2, 3\), got \(2, 2\)"),
        ({"feature": -BY_HAND.feature}, "negative"),
        ({"threshold": BY_HAND.threshold * np.float32(np.nan)}, "NaN"),
        ({"value": BY_HAND.value * np.float32(np.inf)}, "finite"),
        ({"base": np.nan}, "finite"),
    ],
)
def test_trees_that_cannot_be_walked_are_refused_in_words(changed, says):
    with pytest.raises(ValueError, match=says):
        replace(BY_HAND, **changed)


@pytest.mark.parametrize(
    "option",
    [{"trees": 0}, {"least_leaf": 0}, {"depth": 0}, {"depth": 13}, {"rate": 0}, {"l2": -1}],
)
def test_an_option_out_of_its_range_is_refused_by_name(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        fit_trees(np.zeros((2, 1)), [0, 1], **option)


def test_more_columns_than_can_be_numbered_are_refused():
    with pytest.raises(ValueError, match="at most 32767 columns"):
        fit_trees(np.zeros((2, 32_768)), [0, 1])


def test_trees_that_were_read_wrongly_are_not_handed_out(monkeypatch):
    monkeypatch.setattr(module, "AGREEMENT", -1.0)

    with pytest.raises(RuntimeError, match="this version of scikit-learn"):
        fit_trees(np.zeros((2, 1)), [0, 1], trees=1)
