"""Orders and codes of long columns: the same as numpy gives, only sooner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from persona_django.numeric import sorting
from persona_django.numeric.sorting import (
    best_of_each,
    coded,
    count_distinct,
    distinct,
    in_order,
    pairs_among,
    sort_order,
)
from persona_django.numeric.threads import allowed, up_to

whole = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.integers(2**62, 2**62 + 3)
)
cells = st.tuples(st.integers(-2, 4), st.integers(-2, 4))
columns = arrays(np.int64, st.integers(0, 60), elements=whole)


@given(values=columns)
def test_the_order_is_the_stable_one(values):
    assert sort_order(values).tolist() == np.argsort(values, kind="stable").tolist()


@given(values=columns)
def test_what_is_put_in_order_comes_with_where_it_stood(values):
    ascending, order = in_order(values)

    assert ascending.tolist() == np.sort(values).tolist()
    assert order.tolist() == np.argsort(values, kind="stable").tolist()


@given(values=columns, threads=st.integers(1, 4))
def test_several_threads_sort_as_one_does(values, threads):
    # As if it were long enough to share out.
    with pytest.MonkeyPatch.context() as patched, up_to(threads):
        patched.setattr(sorting, "LONG", 5)
        found = sort_order(values)

    assert found.tolist() == np.argsort(values, kind="stable").tolist()
    assert allowed() == 1


def test_a_long_column_is_shared_out_and_a_short_one_is_not(monkeypatch):
    asked: list[int] = []

    class Pool(sorting.ThreadPoolExecutor):
        def __init__(self, threads: int, **options) -> None:
            asked.append(threads)
            super().__init__(threads, **options)

    monkeypatch.setattr(sorting, "ThreadPoolExecutor", Pool)
    with up_to(3):
        sort_order(np.arange(9)[::-1])
        sort_order(np.arange(2 * sorting.LONG)[::-1])

    assert asked == [2]


@given(values=columns)
def test_the_distinct_values_are_those_of_numpy(values):
    assert distinct(values).tolist() == np.unique(values).tolist()
    assert distinct(values).dtype == np.int64


@given(values=columns)
def test_codes_count_the_distinct_values_from_0(values):
    codes, known = coded(values)

    expected, inverse = np.unique(values, return_inverse=True)
    assert known.tolist() == expected.tolist()
    assert codes.tolist() == inverse.tolist()


@given(names=arrays(np.int64, st.integers(1, 9), elements=whole), data=st.data())
def test_a_long_column_of_few_values_is_coded_as_a_short_one(names, data):
    """Two of the values may have one slot; the one that holds it is then the last that came."""
    at = data.draw(st.lists(st.integers(0, len(names) - 1), min_size=8, max_size=80))
    values = names[at]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sorting, "LONG", 8)
        codes, known = coded(values)

    expected, inverse = np.unique(values, return_inverse=True)
    assert known.tolist() == expected.tolist()
    assert codes.tolist() == inverse.tolist()


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.int64])
def test_every_width_of_number_is_taken(dtype):
    values = np.array([7, 3, 7, 100], dtype=dtype)

    assert sort_order(values).tolist() == [1, 0, 2, 3]
    assert [column.tolist() for column in coded(values)] == [[1, 0, 1, 2], [3, 7, 100]]


def test_values_that_differ_in_their_lowest_bits_only_are_put_in_order():
    """So many that those bits give way to positions."""
    rng = np.random.default_rng(3)
    far_apart = np.array([-(2**62), 2**62])
    values = np.concatenate([far_apart, 2**61 + rng.integers(0, 1_000, 100_000)])

    order = sort_order(values)

    assert np.array_equal(order, np.argsort(values, kind="stable"))


@pytest.mark.parametrize("lowest", [0, -(2**45), -(2**63)])
def test_moments_of_many_are_put_in_order_of_which_a_few_lie_side_by_side(lowest):
    """More than leave room for positions; the last bits tell only those few apart."""
    rng = np.random.default_rng(5)
    values = lowest + rng.integers(0, 2**46, 300_000)
    values[:1_000] = values[1_000:2_000] + rng.integers(-1, 2, 1_000)
    values[-1] = 2**62 if lowest == -(2**63) else values[-1]

    order = sort_order(values)

    assert np.array_equal(order, np.argsort(values, kind="stable"))


@pytest.mark.parametrize("different", [2, 5_000, 190_000])
def test_long_columns_of_keyed_hashes_are_coded(different):
    rng = np.random.default_rng(4)
    names = rng.integers(-(2**63), 2**63 - 1, different)
    values = names[rng.integers(0, len(names), 250_000)]

    codes, known = coded(values)

    assert np.array_equal(known[codes], values)
    assert (np.diff(known) > 0).all()


@given(
    held=st.lists(
        st.tuples(st.integers(0, 3), st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5])),
        max_size=40,
    ),
    k=st.integers(0, 5),
)
def test_of_each_group_the_best_stand_first_and_equal_ones_as_they_stood(held, k):
    """What is no number stands last."""
    group = np.array([one for one, _ in held], dtype=np.int64)
    score = np.array([one for _, one in held], dtype=np.float64)
    expected = best_of_each(group, score, k=k)

    assert best_of_each(group, score.astype(np.float32), k=k).tolist() == expected.tolist()


@given(item=st.lists(st.integers(0, 3), max_size=12), data=st.data())
def test_what_is_different_is_counted_by_item(item, data):
    by = data.draw(st.lists(whole, min_size=len(item), max_size=len(item)))

    found = count_distinct(np.array(item, np.int64), np.array(by, np.int64), n_items=4)

    held = set(zip(item, by, strict=True))
    assert found.tolist() == [sum(one == code for one, _ in held) for code in range(4)]


def test_many_people_behind_an_item_of_a_large_number_are_counted():
    """Codes of four bytes, whose product with the number of people takes more."""
    item = np.full(40_000, 60_000, dtype=np.int32)

    found = count_distinct(item, np.arange(40_000), n_items=60_001)

    assert found[60_000] == found.sum() == 40_000


@given(asked=st.lists(cells, max_size=8), held=st.lists(cells, max_size=8))
def test_a_pair_is_among_others_where_both_of_its_numbers_agree(asked, held):
    first, second, *others = [
        np.array([cell[place] for cell in some], dtype=np.int64)
        for some in (asked, held)
        for place in (0, 1)
    ]

    found = pairs_among(first, second, (others[0], others[1]))

    assert found.tolist() == [cell in held for cell in asked]
