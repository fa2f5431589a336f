"""The neighbours of every item, from both backends."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.neighbours import (
    Neighbours,
    Trials,
    available_backend,
    multiply_adds,
    top_neighbours,
)
from persona_django.numeric.rows import Rows
from persona_django.numeric.similarity import log_likelihood_ratio
from tests.numeric.tables import LENIENT, counted_by_hand, drawn, listed, table

BACKENDS = ["scipy", "numba"] if available_backend() == "numba" else ["scipy"]
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@each_backend
def test_the_score_is_the_cosine_shrunk_by_support(backend):
    rows = table([0, 1], [0, 1], [0])

    found = top_neighbours(rows, backend=backend, **{**LENIENT, "prior": 2.0})

    cosine = 2 / (np.sqrt(3) * np.sqrt(2))
    assert found.score == pytest.approx([cosine / 2, cosine / 2])
    assert found.item_support.tolist() == [3, 2]
    assert found.owners == 3


@each_backend
def test_a_higher_discount_prefers_the_rarer_neighbour(backend):
    rows = table([0, 1, 2], [0, 1, 2], [0, 2], [2], [2], [2])

    plain = top_neighbours(rows, backend=backend, **{**LENIENT, "discount": 0.0})
    discounted = top_neighbours(rows, backend=backend, **{**LENIENT, "discount": 1.0})

    assert [item for item, _ in listed(plain, 0)] == [2, 1]
    assert [item for item, _ in listed(discounted, 0)] == [1, 2]


@each_backend
def test_what_regular_buyers_put_into_one_order_is_no_chance(backend):
    # Everyone buys tea, bread and soap sooner or later, but tea and bread always in one order.
    orders = [order for _ in range(40) for order in ([0, 1], [0, 1], [2])]
    owners = [owner for owner in range(40) for _ in range(3)]

    found = top_neighbours(
        table(*orders, owners=owners), backend=backend, **{**LENIENT, "min_llr": 3.84}
    )

    assert listed(found, 0) == [(1, 40)]
    assert listed(found, 2) == []


@each_backend
def test_chance_may_be_reckoned_against_more_than_the_table_holds(backend):
    # The only two items left in the table are in every row of it, which says nothing by itself.
    rows = table(*[[0, 1]] * 20)
    wanted = {**LENIENT, "min_llr": 3.84, "backend": backend}

    alone = top_neighbours(rows, **wanted)
    among = top_neighbours(rows, trials=Trials(rows=200, of_item=np.array([30, 20])), **wanted)
    often = top_neighbours(rows, trials=Trials(rows=200, of_item=np.array([200, 20])), **wanted)

    assert listed(alone, 0) == []
    assert listed(among, 0) == [(1, 20)]
    assert listed(often, 0) == [], "what is in every order goes with nothing in particular"
    assert among.llr.tolist() == pytest.approx(
        log_likelihood_ratio(np.array([20]), np.array([30]), np.array([20]), 200).tolist() * 2
    )


@each_backend
def test_trials_are_never_fewer_than_the_rows_counted(backend):
    rows = table(*[[0, 1]] * 20, *[[2]] * 20)
    none = Trials(rows=0, of_item=np.zeros(3, np.int64))

    found = top_neighbours(rows, trials=none, backend=backend, **LENIENT)

    assert found.llr.tolist() == top_neighbours(rows, backend=backend, **LENIENT).llr.tolist()


def test_trials_of_other_items_are_refused():
    with pytest.raises(ValueError, match="trials of 2 items are needed, got 3"):
        top_neighbours(
            table([0, 1]), trials=Trials(rows=9, of_item=np.zeros(3, np.int64)), **LENIENT
        )


@each_backend
def test_ten_orders_of_one_shopper_are_one_opinion(backend):
    rows = table(*[[0, 1]] * 10, [0, 2], [0, 2], [0, 2], owners=[0] * 10 + [1, 2, 3])

    found = top_neighbours(rows, backend=backend, **{**LENIENT, "min_support": 2})

    assert listed(found, 0) == [(2, 3)]
    assert found.item_support.tolist() == [4, 1, 3]


@each_backend
def test_rows_of_one_shopper_need_not_stand_together(backend):
    rows = table([0, 1], [0, 1], [0, 1], [0, 1], owners=[2, 0, 2, 1])

    found = top_neighbours(rows, backend=backend, **LENIENT)

    assert listed(found, 0) == [(1, 3)]


@each_backend
def test_in_a_large_shop_the_owners_of_the_last_items_are_counted_as_those_of_the_first(backend):
    """Item times owner is more than four bytes hold."""
    few = table([60_000, 60_001], [60_000, 60_001], [60_000, 60_001], owners=[0, 99_999, 99_999])

    found = top_neighbours(few, backend=backend, **LENIENT)

    assert listed(found, 60_000) == [(60_001, 2)]
    assert found.item_support[[59_999, 60_000, 60_001]].tolist() == [0, 2, 2]


@each_backend
def test_gates_apply_before_the_best_are_chosen(backend):
    # Item 1 scores highest beside item 0, but only one shopper stands behind it.
    rows = table([0, 1], [0, 2, 3], [0, 2, 3], [2], [3])

    found = top_neighbours(rows, backend=backend, **{**LENIENT, "k": 1, "min_support": 2})

    assert listed(found, 0) == [(2, 2)]


@each_backend
def test_a_pair_that_meets_no_more_than_chance_is_gated(backend):
    rows = table(*[[0, 1]] * 25, *[[0]] * 25, *[[1]] * 25, *[[2]] * 25)

    found = top_neighbours(rows, backend=backend, **{**LENIENT, "min_llr": 3.84})

    assert len(found.item) == 0


@each_backend
def test_equal_scores_stand_in_order_of_item(backend):
    rows = table([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])

    found = top_neighbours(rows, backend=backend, **{**LENIENT, "k": 2})

    assert [item for item, _ in listed(found, 3)] == [0, 1]
    assert [item for item, _ in listed(found, 0)] == [1, 2]


@each_backend
@pytest.mark.parametrize(
    "rows",
    [
        Rows.empty(),
        Rows.empty(n_items=3),
        table([0]),
        table([], [], n_items=2),
        table([0, 1], [0, 1], weights=[0.0, 0.0, 0.0, 0.0]),
        table([0, 1], weights=[1.0, 0.0]),
    ],
    ids=["nothing", "only items", "one item", "empty rows", "no weight", "one without weight"],
)
def test_nothing_to_go_by_gives_no_neighbours(backend, rows):
    found = top_neighbours(rows, backend=backend, **LENIENT)

    assert len(found.item) == 0
    assert len(found.indptr) == rows.n_items + 1


@each_backend
def test_a_hub_in_nine_rows_of_ten_does_not_crowd_out_a_true_pair(backend):
    rng = np.random.default_rng(5)
    rows = [[0, *rng.choice(np.arange(3, 60), 4, replace=False)] for _ in range(900)]
    rows += [[1, 2] for _ in range(60)] + [[int(code)] for code in rng.integers(3, 60, 40)]

    found = top_neighbours(
        table(*rows), k=5, min_support=3, min_llr=3.84, prior=10.0, discount=0.5, backend=backend
    )

    assert listed(found, 1) == [(2, 60)]
    assert 0 not in [item for item, _ in listed(found, 1)]


@each_backend
def test_one_row_with_everything_is_counted_like_any_other(backend):
    everything = list(range(3_000))
    rows = table(everything, [7, 9], [7, 9])

    found = top_neighbours(rows, backend=backend, **{**LENIENT, "k": 3, "min_support": 2})

    assert listed(found, 7) == [(9, 3)]
    assert len(found.item) == 2


@each_backend
def test_planted_groups_are_found_again(backend):
    rng = np.random.default_rng(11)
    groups = rng.permutation(200).reshape(20, 10)
    rows = []
    for _ in range(2_000):
        own = rng.choice(groups[rng.integers(20)], 5, replace=False)
        rows.append(np.unique(np.concatenate([own, rng.integers(0, 200, 2)])))

    found = top_neighbours(
        table(*rows), k=9, min_support=3, min_llr=3.84, prior=10.0, discount=0.5, backend=backend
    )

    group_of = np.empty(200, int)
    group_of[groups.ravel()] = np.repeat(np.arange(20), 10)
    item = np.repeat(np.arange(200), np.diff(found.indptr))
    assert np.mean(group_of[item] == group_of[found.item]) > 0.99
    assert len(item) > 0.95 * 200 * 9


@each_backend
@given(
    seed=st.integers(0, 10**6),
    n_items=st.integers(1, 25),
    n_rows=st.integers(1, 50),
    n_owners=st.none() | st.integers(1, 20),
    options=st.fixed_dictionaries(
        {
            "k": st.integers(1, 6),
            "min_support": st.integers(1, 3),
            "min_llr": st.sampled_from([0.0, 1.0, 3.84]),
            "prior": st.sampled_from([0.0, 2.0]),
            "discount": st.sampled_from([0.0, 0.3, 0.5, 1.0]),
        }
    ),
)
def test_every_backend_finds_what_counting_by_hand_finds(
    backend, seed, n_items, n_rows, n_owners, options
):
    rng = np.random.default_rng(seed)
    rows = drawn(rng, n_rows=n_rows, n_items=n_items, n_owners=n_owners, whole=bool(seed % 2))

    found = top_neighbours(rows, backend=backend, **options)

    for item, expected in enumerate(counted_by_hand(rows, **options)):
        place = slice(found.indptr[item], found.indptr[item + 1])
        assert found.score[place] == pytest.approx([one[2] for one in expected], rel=1e-5)
        unlike = {one[2] for one in expected}
        if len(unlike) == len(expected) and not _near_ties(found.score[place]):
            assert found.item[place].tolist() == [one[0] for one in expected]
            assert found.support[place].tolist() == [one[1] for one in expected]
            assert found.llr[place] == pytest.approx([one[3] for one in expected], abs=1e-4)


def _near_ties(score):
    return bool((np.abs(np.diff(score)) <= 1e-6).any())


@pytest.mark.skipif(len(BACKENDS) < 2, reason="numba is not installed")
@pytest.mark.parametrize("n_owners", [None, 300], ids=["one row each", "several rows each"])
def test_both_backends_agree_on_a_larger_table(n_owners):
    rng = np.random.default_rng(2)
    rows = drawn(rng, n_rows=2_000, n_items=400, n_owners=n_owners, longest=40, whole=False)
    options = {"k": 20, "min_support": 3, "min_llr": 0.0, "prior": 10.0, "discount": 0.5}

    one = top_neighbours(rows, backend="numba", threads=2, **options)
    other = top_neighbours(rows, backend="scipy", **options)

    assert one.indptr.tolist() == other.indptr.tolist()
    assert one.score == pytest.approx(other.score, abs=1e-5)
    assert np.mean(one.item == other.item) > 0.999
    assert one.item_support.tolist() == other.item_support.tolist()


@pytest.mark.skipif(len(BACKENDS) < 2, reason="numba is not installed")
def test_the_number_of_threads_changes_nothing():
    rows = drawn(np.random.default_rng(3), n_rows=3_000, n_items=500, longest=30)
    options = {**LENIENT, "min_support": 2}

    one, many = (top_neighbours(rows, backend="numba", threads=n, **options) for n in (1, 4))

    assert all(np.array_equal(value, vars(many)[name]) for name, value in vars(one).items())


@each_backend
def test_progress_is_told_from_the_callers_thread_up_to_the_end(backend):
    told = []

    top_neighbours(
        drawn(np.random.default_rng(4), n_rows=200, n_items=50),
        backend=backend,
        progress=lambda done, total: told.append((done, total, threading.get_ident())),
        **LENIENT,
    )

    assert told[-1][0] == told[-1][1]
    assert {who for *_, who in told} == {threading.get_ident()}


@each_backend
def test_what_progress_raises_stops_the_work(backend):
    def lost(done, total):
        raise LookupError("another worker took over")

    with pytest.raises(LookupError, match="took over"):
        top_neighbours(table([0, 1], [0, 1]), backend=backend, progress=lost, **LENIENT)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"k": 0}, "at least one neighbour"),
        ({"min_support": 0}, "at least 1 shopper"),
        ({"min_llr": float("nan")}, "min_llr"),
        ({"prior": -1.0}, "prior"),
        ({"discount": float("inf")}, "discount"),
        ({"threads": 0}, "at least one thread"),
        ({"backend": "fortran"}, "auto, numba or scipy"),
    ],
)
def test_impossible_options_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        top_neighbours(table([0, 1]), **{**LENIENT, **option})


def test_a_missing_numba_means_the_fallback_unless_it_was_asked_for(monkeypatch):
    monkeypatch.setattr("persona_django.numeric.neighbours.find_spec", lambda name: None)

    assert available_backend("auto") == "scipy"
    with pytest.raises(ValueError, match=r"persona-django\[fast\]"):
        available_backend("numba")


def test_multiply_adds_are_the_squares_of_row_lengths():
    assert multiply_adds(table([0, 1, 2], [1])) == 10


def test_no_neighbours_still_say_how_many_items_there_are():
    assert Neighbours.empty(n_items=3).indptr.tolist() == [0, 0, 0, 0]
