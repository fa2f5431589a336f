"""Which items were found after which search: hand-worked, and what always holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.finds import Found, best_finds


def best(rows: list[tuple[int, int, float, int]], **options: float) -> Found:
    query, item, weight, visitors = (np.array(column) for column in zip(*rows, strict=True))
    given = {"k": 50, "prior": 10.0, "discount": 0.5, **options}
    return best_finds(
        query.astype(np.int64), item.astype(np.int64), weight.astype(float),
        visitors.astype(np.int64), **given,
    )  # fmt: skip


def test_scores_are_those_of_the_formula():
    found = best([(0, 1, 1.0, 10), (0, 2, 1.0, 30), (1, 2, 1.0, 60)])

    # 10 of the search's 40 and of the item's 10; then half, for ten visitors.
    assert found.item.tolist() == [2, 1, 2]
    expected = [30 / 3600**0.5 * 30 / 40, 10 / 400**0.5 / 2, 60 / 5400**0.5 * 60 / 70]
    assert found.score.tolist() == pytest.approx(expected)
    assert found.visitors.tolist() == [30, 10, 60]


def test_what_was_bought_after_it_goes_before_what_was_looked_at():
    found = best([(0, 1, 1.0, 12), (0, 2, 1.0, 10), (0, 2, 5.0, 5)], discount=0.0)

    assert found.item.tolist() == [2, 1]
    assert found.visitors.tolist() == [10, 12], "the strongest evidence, not the sum"


def test_what_is_found_after_everything_gives_way_to_what_is_found_after_this():
    rows = [(0, 1, 1.0, 20), (0, 2, 1.0, 20), *((n, 1, 1.0, 20) for n in range(1, 9))]

    assert best(rows).item[:2].tolist() == [2, 1]
    assert best(rows, discount=0.0).item[:2].tolist() == [1, 2]


def test_the_best_so_many_of_each_search_are_kept():
    rows = [(query, item, 1.0, 10 + item) for query in range(2) for item in range(5)]

    found = best(rows, k=2, discount=0.0)

    assert found.query.tolist() == [0, 0, 1, 1]
    assert found.item.tolist() == [4, 3, 4, 3]


def test_what_weighs_nothing_is_not_found():
    assert len(best([(0, 1, 0.0, 10)])) == 0
    assert len(best_finds(*[np.zeros(0, np.int64)] * 4, k=1, prior=1.0, discount=0.5)) == 0


@pytest.mark.parametrize(
    ("columns", "k", "said"),
    [((2, 1, 1, 1), 1, "equally long"), ((1, 1, 1, 1), 0, "at least one")],
)
def test_what_cannot_be_meant_is_refused(columns, k, said):
    with pytest.raises(ValueError, match=said):
        best_finds(*(np.ones(n, np.int64) for n in columns), k=k, prior=1.0, discount=0.5)


def test_a_weight_below_nothing_is_refused():
    with pytest.raises(ValueError, match="less than nothing"):
        best([(0, 1, -1.0, 10)])


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 8), st.floats(0.1, 5), st.integers(1, 500)),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 5),
)
def test_each_pair_stands_once_the_best_first_and_no_more_than_asked_for(rows, k):
    found = best(rows, k=k)

    pairs = list(zip(found.query.tolist(), found.item.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) <= {(query, item) for query, item, *_ in rows}
    assert np.bincount(found.query).max() <= k
    for query in set(found.query.tolist()):
        assert (np.diff(found.score[found.query == query]) <= 0).all()
    assert (found.score > 0).all() and (found.score <= 1).all()
