"""How good lists were, by hand-worked examples and by what must hold of any list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import metrics

OF_LISTS = [
    metrics.hit_rate,
    metrics.recall,
    metrics.precision,
    metrics.reciprocal_rank,
    metrics.average_precision,
    metrics.ndcg,
]
NOTHING = np.zeros((0, 3), bool)
places = st.lists(st.booleans(), min_size=4, max_size=4)


@pytest.mark.parametrize("measure", OF_LISTS)
def test_a_perfect_list_scores_one_everywhere(measure):
    hit = metrics.hits(np.array([[1, 2]]), [{1, 2}])

    assert metrics.mean(measure(hit, np.array([2]))) == pytest.approx(1)


@pytest.mark.parametrize("measure", OF_LISTS)
@given(places=places, at=st.integers(0, 2))
def test_a_hit_further_up_never_scores_less(measure, places, at):
    hit, wanted = np.array([places]), np.array([4])
    raised = hit.copy()
    raised[0, at], raised[0, at + 1] = hit[0, at] | hit[0, at + 1], hit[0, at] & hit[0, at + 1]

    assert measure(raised, wanted)[0] >= measure(hit, wanted)[0] - 1e-12


@pytest.mark.parametrize("measure", OF_LISTS)
@given(places=places, wanted=st.integers(4, 9))
def test_every_score_lies_between_nothing_and_one(measure, places, wanted):
    assert 0 <= measure(np.array([places]), np.array([wanted]))[0] <= 1 + 1e-12


@pytest.mark.parametrize("measure", OF_LISTS)
def test_lists_of_which_nothing_was_wanted_are_not_judged(measure):
    hit = np.array([[True, False], [False, False]])

    values = measure(hit, np.array([1, 0]))

    assert np.isnan(values).tolist() == [False, True]
    assert metrics.mean(values) == values[0]


@pytest.mark.parametrize("measure", OF_LISTS)
def test_no_lists_and_lists_without_places_score_nothing(measure):
    assert metrics.mean(measure(NOTHING, np.empty(0, np.int64))) == 0
    assert measure(np.zeros((1, 0), bool), np.array([2])).tolist() == [0]


@pytest.mark.parametrize("measure", OF_LISTS)
def test_each_list_needs_its_number_of_wanted_items(measure):
    with pytest.raises(ValueError, match="1 lists need as many"):
        measure(np.array([[True]]), np.array([1, 1]))


def test_figures_worked_out_by_hand():
    # Wanted 1, 2 and 3; found at the first and the third place of four.
    hit, wanted = metrics.hits(np.array([[1, 8, 3, 9]]), [{1, 2, 3}]), np.array([3])

    assert metrics.recall(hit, wanted)[0] == pytest.approx(2 / 3)
    assert metrics.precision(hit, wanted)[0] == 0.5
    assert metrics.reciprocal_rank(hit, wanted)[0] == 1
    assert metrics.average_precision(hit, wanted)[0] == pytest.approx((1 + 2 / 3) / 3)
    gain = 1 + 1 / np.log2(4)
    assert metrics.ndcg(hit, wanted)[0] == pytest.approx(gain / (1 + 1 / np.log2(3) + 0.5))


def test_the_ideal_list_may_hold_more_than_was_shown():
    hit, wanted = np.array([[True, True]]), np.array([3])

    assert metrics.ndcg(hit, wanted)[0] == pytest.approx(1)
    assert metrics.ndcg(hit, wanted, ideal="all")[0] == pytest.approx(
        (1 + 1 / np.log2(3)) / (1 + 1 / np.log2(3) + 0.5)
    )
    with pytest.raises(ValueError, match='"k" or holds "all"'):
        metrics.ndcg(hit, wanted, ideal="cut")


@given(
    shown=st.lists(
        st.lists(st.integers(-1, 6), min_size=3, max_size=3).filter(
            lambda one: len({*one} - {-1}) == sum(item >= 0 for item in one)
        ),
        min_size=1,
        max_size=5,
    ),
    data=st.data(),
)
def test_hits_are_what_a_look_at_each_place_finds(shown, data):
    wanted = [data.draw(st.sets(st.integers(0, 6))) for _ in shown]

    found = metrics.hits(np.array(shown), wanted)

    assert found.tolist() == [
        [item in goal for item in items] for items, goal in zip(shown, wanted, strict=True)
    ]


def test_lists_and_wishes_must_match_and_no_item_stands_twice():
    with pytest.raises(ValueError, match="as many wanted sets"):
        metrics.hits(np.array([[1]]), [])
    with pytest.raises(ValueError, match="shows an item twice"):
        metrics.hits(np.array([[1, 1]]), [{1}])


@pytest.mark.parametrize("measure", [metrics.coverage, metrics.gini])
def test_an_empty_catalogue_is_refused_and_no_list_covers_nothing(measure):
    with pytest.raises(ValueError, match="at least 1 item"):
        measure(np.array([0]), n_items=0)
    assert measure(np.empty((0, 3), np.int64), n_items=3) == 0


def test_places_shared_more_evenly_have_a_lower_gini():
    uneven, even = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])

    assert metrics.gini(even, n_items=2) < metrics.gini(uneven, n_items=2)


def test_what_few_know_is_more_of_a_surprise():
    known = np.array([8, 1, 0])

    novel = metrics.novelty(np.array([[0, -1], [1, 0], [2, 1], [-1, -1]]), shoppers=known, of=8)

    assert novel[:3].tolist() == [0, 1.5, 3]
    assert np.isnan(novel[3])
    with pytest.raises(ValueError, match="at least 1 shopper"):
        metrics.novelty(np.array([[0]]), shoppers=known, of=0)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=5, unique=True))
def test_diversity_is_the_mean_distance_of_all_pairs(items):
    vectors = np.random.default_rng(3).normal(size=(5, 3))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [1 - unit[a] @ unit[b] for a in items for b in items if a != b]

    found = metrics.diversity(np.array([items]), vectors=vectors)

    assert found[0] == pytest.approx(np.mean(pairs))


@given(items=st.lists(st.integers(-1, 5), min_size=3, max_size=3))
def test_diversity_is_the_same_for_a_sparse_table(items):
    from scipy.sparse import csr_matrix

    vectors = np.random.default_rng(2).random((6, 4)).round()

    dense = metrics.diversity(np.array([items]), vectors=vectors)
    sparse = metrics.diversity(np.array([items]), vectors=csr_matrix(vectors))

    assert np.array_equal(dense, sparse, equal_nan=True)


def test_a_list_of_one_has_no_diversity_and_what_is_not_described_is_like_nothing():
    vectors = np.array([[1.0, 0.0], [0.0, 0.0]])

    found = metrics.diversity(np.array([[0, -1], [0, 1]]), vectors=vectors)

    assert np.isnan(found[0])
    assert found[1] == 1
