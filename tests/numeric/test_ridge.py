"""Items explained by those that stand in the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric import ridge
from persona_django.numeric.neighbours import Neighbours, top_neighbours
from persona_django.numeric.ridge import Calls, local_ridge
from persona_django.numeric.rows import Rows

N_ITEMS = 6
tables = st.lists(st.sets(st.integers(0, N_ITEMS - 1), max_size=4), min_size=1, max_size=12)


def rows_of(sets: list[set[int]]) -> Rows:
    item = [one for items in sets for one in sorted(items)]
    return Rows(
        indptr=np.cumsum([0, *map(len, sets)]),
        item=np.array(item, dtype=np.int32),
        weight=np.ones(len(item), dtype=np.float32),
        owner=np.arange(len(sets), dtype=np.int32),
        n_items=N_ITEMS,
        n_owners=len(sets),
    )


def neighbours_of(rows: Rows, k: int = N_ITEMS) -> Neighbours:
    return top_neighbours(
        rows, k=k, min_support=1, min_llr=0, prior=0, discount=0.5, backend="scipy"
    )


def dense(calls: Calls) -> np.ndarray:
    found = np.zeros((N_ITEMS, N_ITEMS))
    owner = np.repeat(np.arange(N_ITEMS), np.diff(calls.indptr))
    found[owner, calls.item] = calls.weight
    return found


@given(sets=tables, penalty=st.floats(0.5, 20))
def test_weights_are_those_of_a_ridge_regression_of_each_item_on_its_neighbours(sets, penalty):
    rows = rows_of(sets)
    neighbours = neighbours_of(rows)
    there = np.array([[item in items for item in range(N_ITEMS)] for items in sets], float)

    found = dense(local_ridge(rows, neighbours, penalty=penalty))

    for item in range(N_ITEMS):
        by = neighbours.item[neighbours.indptr[item] : neighbours.indptr[item + 1]]
        # Least squares with `penalty` more rows' worth of doubt about each weight.
        stacked = np.vstack([there[:, by], np.sqrt(penalty) * np.eye(len(by))])
        aim = np.concatenate([there[:, item], np.zeros(len(by))])
        wanted = np.linalg.lstsq(stacked, aim, rcond=None)[0]
        assert found[item, by] == pytest.approx(wanted, abs=1e-5)
        assert np.count_nonzero(found[item]) <= len(by)


@given(sets=tables, widest=st.integers(1, 4), block=st.integers(1, 3))
def test_how_the_work_is_cut_makes_no_difference(sets, widest, block):
    rows = rows_of(sets)
    neighbours = neighbours_of(rows)
    whole = local_ridge(rows, neighbours, penalty=2.0)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(ridge, "WIDEST", widest)
        changed.setattr(ridge, "MOST_OF_A_BLOCK", block)
        cut = local_ridge(rows, neighbours, penalty=2.0)

    assert cut.weight == pytest.approx(whole.weight, abs=1e-6)


def test_two_alike_in_a_cart_share_the_credit_that_cosines_would_count_twice():
    # 1 and 2 are always together and half of the time with 3; 4 goes with 5 half of the time.
    sets = [{1, 2, 3}, {1, 2}, {4, 5}, {4}] * 10
    calls = local_ridge(rows_of(sets), neighbours_of(rows_of(sets)), penalty=0.01)

    both, one = calls.score(np.array([1, 2])), calls.score(np.array([4]))

    assert both[3] == pytest.approx(0.5, abs=0.01)
    assert one[5] == pytest.approx(0.5, abs=0.01)


def test_a_seed_that_stands_twice_counts_once_and_no_seed_calls_for_nothing():
    rows = rows_of([{0, 1}, {0, 1}, {2}])
    calls = local_ridge(rows, neighbours_of(rows), penalty=1.0)

    assert calls.score(np.array([0, 0])).tolist() == calls.score(np.array([0])).tolist()
    assert not calls.score(np.array([], dtype=np.int64)).any()
    assert not calls.score(np.array([2])).any()


def test_entries_of_no_weight_are_none():
    rows = rows_of([{0, 1}, {0, 1}, {0, 2}])
    neighbours = neighbours_of(rows)
    rows.weight[-2:] = 0

    found = local_ridge(rows, neighbours, penalty=1.0)

    assert dense(found)[0, 1] == pytest.approx(2 / 3)


def test_progress_is_told_and_may_stop_it():
    rows = rows_of([{0, 1}])
    heard = []
    local_ridge(rows, neighbours_of(rows), penalty=1.0, progress=lambda *told: heard.append(told))
    assert heard == [(N_ITEMS, N_ITEMS)]

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        local_ridge(rows, neighbours_of(rows), penalty=1.0, progress=stop)


@pytest.mark.parametrize("penalty", [0, -1, np.inf, np.nan])
def test_a_penalty_that_is_no_doubt_is_refused(penalty):
    rows = rows_of([{0, 1}])
    with pytest.raises(ValueError, match="above 0"):
        local_ridge(rows, neighbours_of(rows), penalty=penalty)


def test_tables_of_two_catalogues_are_refused():
    with pytest.raises(ValueError, match="neighbours of 2"):
        local_ridge(rows_of([{0, 1}]), Neighbours.empty(n_items=2), penalty=1.0)


def test_an_empty_catalogue_has_no_calls():
    found = local_ridge(Rows.empty(), Neighbours.empty(n_items=0), penalty=1.0)

    assert len(found.item) == 0
