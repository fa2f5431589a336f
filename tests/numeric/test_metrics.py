"""How good lists were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import metrics

NOTHING = np.zeros((0, 3), bool)


def test_a_perfect_list_scores_one_everywhere():
    hit = metrics.hits(np.array([[1, 2]]), [{1, 2}])

    assert metrics.hit_rate(hit) == 1
    assert metrics.recall(hit, np.array([2])) == 1
    assert metrics.ndcg(hit, np.array([2])) == 1
    assert metrics.mean_reciprocal_rank(hit) == 1


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 2))
def test_a_hit_further_up_never_scores_less(places, at):
    hit = np.array([places])
    raised = hit.copy()
    raised[0, at], raised[0, at + 1] = hit[0, at] | hit[0, at + 1], hit[0, at] & hit[0, at + 1]
    wanted = np.array([4])

    assert metrics.ndcg(raised, wanted) >= metrics.ndcg(hit, wanted)
    assert metrics.mean_reciprocal_rank(raised) >= metrics.mean_reciprocal_rank(hit)


def test_lists_that_want_nothing_are_left_out():
    hit = np.array([[True, False], [False, False]])

    assert metrics.recall(hit, np.array([1, 0])) == 1
    assert metrics.ndcg(hit, np.array([1, 0])) == 1


def test_no_lists_score_nothing():
    none = np.empty(0, np.int64)

    assert metrics.hit_rate(NOTHING) == metrics.mean_reciprocal_rank(NOTHING) == 0
    assert metrics.recall(NOTHING, none) == metrics.ndcg(NOTHING, none) == 0
    assert metrics.gini(none, n_items=3) == metrics.coverage(none, n_items=3) == 0


def test_lists_and_wishes_must_match():
    with pytest.raises(ValueError, match="as many wanted sets"):
        metrics.hits(np.array([[1]]), [])


@pytest.mark.parametrize("measure", [metrics.coverage, metrics.gini])
def test_an_empty_catalogue_is_refused(measure):
    with pytest.raises(ValueError, match="at least 1 item"):
        measure(np.array([0]), n_items=0)


def test_places_shared_more_evenly_have_a_lower_gini():
    uneven, even = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])

    assert metrics.gini(even, n_items=2) < metrics.gini(uneven, n_items=2)
