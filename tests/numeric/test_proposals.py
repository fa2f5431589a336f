"""Proposals and their pool against a reckoning in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.proposals import (
    Proposals,
    lists,
    pooled,
    ranks,
    summed,
)

N_CASES, N_ITEMS = 4, 6
Plain = dict[tuple[int, int], float]
cells = st.tuples(st.integers(0, N_CASES - 1), st.integers(0, N_ITEMS - 1))
# Few different scores, so that many are equal; halves add up without rounding.
scores = st.integers(-2, 4).map(lambda half: half / 2)
plain = st.dictionaries(cells, scores, max_size=15)


def proposals_of(known: Plain) -> Proposals:
    ordered = sorted(known)
    return Proposals(
        case=np.array([case for case, _ in ordered], dtype=np.int64),
        item=np.array([item for _, item in ordered], dtype=np.int64),
        score=np.array([known[cell] for cell in ordered], dtype=np.float64),
    )


def told(part: Proposals) -> Plain:
    assert len(part) == len(part.case) == len(part.item) == len(part.score)
    cells = list(zip(part.case.tolist(), part.item.tolist(), strict=True))
    assert cells == sorted(set(cells))
    return dict(zip(cells, part.score.tolist(), strict=True))


def best_of(known: Plain, case: int, k: int) -> list[int]:
    items = [item for of, item in known if of == case]
    return sorted(items, key=lambda item: (-known[case, item], item))[:k]


@given(votes=st.lists(st.tuples(cells, scores), max_size=20))
def test_votes_in_any_order_are_added_up_for_each_case_and_item(votes):
    wanted: Plain = {}
    for cell, score in votes:
        wanted[cell] = wanted.get(cell, 0.0) + score

    found = summed(
        np.array([case for (case, _), _ in votes], dtype=np.int64),
        np.array([item for (_, item), _ in votes], dtype=np.int64),
        np.array([score for _, score in votes], dtype=np.float64),
        n_items=N_ITEMS,
    )

    assert told(found) == wanted
    assert (found.case.dtype, found.item.dtype) == (np.int64, np.int64)


def test_without_a_vote_and_without_a_catalogue_nothing_is_proposed():
    nothing = np.empty(0, np.int64)

    assert len(summed(nothing, nothing, np.empty(0), n_items=0)) == 0


@given(known=plain, k=st.integers(0, 4))
def test_the_best_of_each_case_still_stand_by_item_and_of_equals_the_lower_code_stays(known, k):
    found = proposals_of(known).best(k)

    wanted = [(case, item) for case in range(N_CASES) for item in best_of(known, case, k)]
    assert told(found) == {cell: known[cell] for cell in wanted}


@given(
    one=plain, other=plain, silent=plain, limits=st.tuples(st.integers(0, 3), st.integers(0, 3))
)
def test_the_pool_has_the_best_of_each_way_and_what_every_way_says_of_them(
    one, other, silent, limits
):
    ways = {"one": one, "other": other, "silent": silent}
    limit = {"one": limits[0], "other": limits[1], "silent": 0}

    pool = pooled(
        {name: proposals_of(known) for name, known in ways.items()},
        limit,
        n_cases=N_CASES,
        n_items=N_ITEMS,
    )

    wanted = {
        (case, item)
        for name, known in ways.items()
        for case in range(N_CASES)
        for item in best_of(known, case, limit[name])
    }
    cells = list(zip(pool.case.tolist(), pool.item.tolist(), strict=True))
    assert cells == sorted(wanted)
    assert len(pool) == len(wanted) and pool.n_cases == N_CASES
    assert list(pool.scores) == list(ways)
    for name, known in ways.items():
        assert pool.scores[name].tolist() == [known.get(cell, 0.0) for cell in cells]


def test_a_way_without_a_limit_is_refused_and_no_way_makes_an_empty_pool():
    with pytest.raises(KeyError, match="one"):
        pooled({"one": proposals_of({})}, {}, n_cases=1, n_items=1)

    assert len(pooled({}, {}, n_cases=1, n_items=1)) == 0


@given(known=plain)
def test_places_count_from_the_best_of_each_case_and_equals_stand_by_item(known):
    part = proposals_of(known)

    found = ranks(part.case, part.score)

    assert found.tolist() == [best_of(known, case, 9).index(item) for case, item in sorted(known)]


@given(known=plain, k=st.integers(0, 4))
def test_a_list_is_the_best_of_its_case_and_what_is_missing_is_an_empty_place(known, k):
    part = proposals_of(known)

    found = lists(part.case, part.item, part.score, k=k, n_cases=N_CASES)

    assert found.shape == (N_CASES, k)
    for case, row in enumerate(found.tolist()):
        best = best_of(known, case, k)
        assert row == best + [-1] * (k - len(best))
