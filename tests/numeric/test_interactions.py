"""From what happened to weighted rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.interactions import Interactions, basket_rows, shopper_rows

NOW = 1_000 * DAY_SECONDS


def happened(*events, baskets=None, kinds=None):
    """Events as (shopper, item, days ago, weight)."""
    shopper, item, age, weight = (np.array(column) for column in zip(*events, strict=True))
    return Interactions(
        shopper=shopper.astype(np.int64),
        item=item.astype(np.int64),
        at=(NOW - age * DAY_SECONDS).astype(np.int64),
        weight=weight.astype(np.float32),
        basket=None if baskets is None else np.array(baskets),
        kind=None if kinds is None else np.array(kinds, np.int16),
    )


def weights_of(events, **options):
    """{(shopper, item): weight} of the rows made from events."""
    options = {"now": NOW, "half_life_days": float("inf"), "cap": 500, **options}
    rows, item_ids, shopper_ids = shopper_rows(events, **options)
    rows.check()
    shopper = np.repeat(shopper_ids, np.diff(rows.indptr)).tolist()
    return dict(
        zip(zip(shopper, item_ids[rows.item].tolist(), strict=True), rows.weight, strict=True)
    )


def test_evidence_fades_and_adds_up_on_a_logarithm():
    found = weights_of(happened((1, 7, 0, 2), (1, 7, 30, 2)), half_life_days=30.0)

    assert found == {(1, 7): pytest.approx(np.log1p(2 + 1))}


def test_each_may_fade_at_its_own_pace_also_where_only_the_newest_count():
    seen = happened((1, 7, 30, 1), (1, 8, 30, 1), (1, 9, 60, 1))
    lives = np.array([30.0, 15.0, 30.0])

    found = weights_of(seen, half_life_days=lives, cap=2)

    assert found == {
        (1, 7): pytest.approx(np.log1p(1 / 2)),
        (1, 8): pytest.approx(np.log1p(1 / 4)),
    }
    with pytest.raises(ValueError, match="half-life"):
        weights_of(seen, half_life_days=lives - 15.0)


def test_the_same_page_ten_times_in_a_day_counts_once():
    found = weights_of(happened(*[(1, 7, 0.01 * n, 1) for n in range(1, 11)], (1, 8, 0, 1)))

    assert found[1, 7] == found[1, 8]


def test_another_kind_on_the_same_day_counts_too():
    found = weights_of(happened((1, 7, 0, 1), (1, 7, 0, 5)))

    assert found == {(1, 7): pytest.approx(np.log1p(6))}


def test_equal_weights_of_two_kinds_are_two_when_the_kinds_are_given():
    found = weights_of(happened((1, 7, 0, 3), (1, 7, 0, 3), kinds=[3, 5]))

    assert found == {(1, 7): pytest.approx(np.log1p(6))}


def test_without_the_daily_limit_everything_adds_up():
    found = weights_of(happened((1, 7, 0, 1), (1, 7, 0, 1)), daily=False)

    assert found == {(1, 7): pytest.approx(np.log1p(2))}


def test_only_the_newest_of_a_shopper_count():
    events = happened(*[(1, n, n, 1) for n in range(10)], (2, 9, 50, 1))

    assert set(weights_of(events, cap=3)) == {(1, 0), (1, 1), (1, 2), (2, 9)}


def test_what_was_taken_back_is_gone():
    found = weights_of(happened((1, 7, 1, 1), (1, 7, 1, -3), (1, 8, 0, 1)))

    assert set(found) == {(1, 8)}


def test_a_clock_ahead_of_ours_counts_as_now():
    assert weights_of(happened((1, 7, -9, 1)), half_life_days=1.0)[1, 7] == pytest.approx(
        np.log(2)
    )


def test_numbers_too_large_to_pack_sort_all_the_same():
    shopper, item, day = np.random.default_rng(0).integers(0, 2**40, (3, 300))
    spread = Interactions(
        shopper=shopper,
        item=item,
        at=day * DAY_SECONDS,
        weight=np.ones(len(day), np.float32),
        kind=np.arange(len(day), dtype=np.int16),
    )
    twice = Interactions(
        **{name: np.concatenate([v, v]) for name, v in vars(spread).items() if v is not None}
    )

    assert len(weights_of(spread)) == 300
    assert weights_of(twice) == weights_of(spread)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.integers(1, 5), st.integers(0, 3), st.sampled_from([1, 2])
        ),
        min_size=1,
    )
)
def test_rows_hold_what_a_dictionary_would(events):
    expected = {}
    for shopper, item, _, weight in set(events):
        expected[shopper, item] = expected.get((shopper, item), 0) + weight

    found = weights_of(happened(*events))

    assert found == {pair: pytest.approx(np.log1p(total)) for pair, total in expected.items()}


@given(
    events=st.lists(
        st.tuples(
            st.integers(1, 2),
            st.integers(1, 3),
            st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.25]),
            st.sampled_from([-1.0, 1.0, 2.0]),
            st.integers(1, 2),
        ),
        min_size=1,
        max_size=40,
    ),
    cap=st.integers(1, 8),
)
def test_of_one_kind_and_day_the_newest_counts_and_of_those_the_strongest(events, cap):
    *columns, kinds = zip(*events, strict=True)
    by_day: dict[tuple, tuple] = {}
    for shopper, item, age, weight, kind in events:
        at = NOW - int(age * DAY_SECONDS)
        key = (shopper, item, kind, at // DAY_SECONDS)
        by_day[key] = max(by_day.get(key, (0, 0)), (at, weight))
    sums: dict[tuple[int, int], float] = {}
    for shopper in {key[0] for key in by_day}:
        own = [(key, *by_day[key]) for key in sorted(by_day) if key[0] == shopper]
        for key, _, weight in sorted(own, key=lambda one: -one[1])[:cap]:
            sums[key[:2]] = sums.get(key[:2], 0.0) + weight
    expected = {pair: np.log1p(total) for pair, total in sums.items() if total > 0}

    found = weights_of(happened(*zip(*columns, strict=True), kinds=kinds), cap=cap)

    assert found == pytest.approx(expected)


def test_an_order_is_a_row_and_its_shopper_the_owner():
    lines = happened((9, 1, 0, 1), (9, 2, 0, 1), (9, 1, 0, 1), (4, 3, 0, 1), baskets=[1, 1, 2, 1])

    rows, item_ids, shopper_ids = basket_rows(lines, now=NOW, half_life_days=9.0, cap=100)

    rows.check()
    assert [item_ids[part].tolist() for part in np.split(rows.item, rows.indptr[1:-1])] == [
        [3],
        [1, 2],
        [1],
    ]
    assert shopper_ids[rows.owner].tolist() == [4, 9, 9]


def test_an_item_twice_in_an_order_counts_once_by_its_stronger_line():
    lines = happened((1, 7, 10, 1), (1, 7, 0, 1), baskets=[3, 3])

    rows, _, _ = basket_rows(lines, now=NOW, half_life_days=10.0, cap=100)

    assert rows.weight.tolist() == [1.0]


def test_a_wholesale_order_gives_a_fixed_sample_of_its_items():
    lines = happened(*[(1, item, 0, 1) for item in range(50)], baskets=[8] * 50)
    mixed = Interactions(**{name: v[::-1] for name, v in vars(lines).items() if v is not None})

    one, _, _ = basket_rows(lines, now=NOW, half_life_days=9.0, cap=10)
    other, _, _ = basket_rows(mixed, now=NOW, half_life_days=9.0, cap=10)

    assert len(one.item) == 10
    assert one.item.tolist() == other.item.tolist()
    assert one.item.max() > 20, "a sample, not the lowest numbers"


def test_refunded_lines_are_left_out_of_their_order():
    lines = happened((1, 7, 0, 0), (1, 8, 0, 1), baskets=[3, 3])

    rows, item_ids, _ = basket_rows(lines, now=NOW, half_life_days=9.0, cap=10)

    assert item_ids[rows.item].tolist() == [8]


def test_nothing_happened_gives_no_rows():
    none = np.empty(0, np.int64)
    nothing = Interactions(
        shopper=none, item=none, at=none, weight=np.empty(0, np.float32), basket=none
    )

    for make in (shopper_rows, basket_rows):
        rows, item_ids, shopper_ids = make(nothing, now=NOW, half_life_days=9.0, cap=10)
        assert len(rows) == len(item_ids) == len(shopper_ids) == 0


def test_everything_taken_back_gives_no_rows():
    lines = happened((1, 7, 0, 0), baskets=[3])

    for make in (shopper_rows, basket_rows):
        rows, _, shopper_ids = make(lines, now=NOW, half_life_days=9.0, cap=10)
        rows.check()
        assert len(rows) == len(shopper_ids) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"item": np.array([1, 2])}, "equally long"),
        ({"weight": np.array([np.nan], np.float32)}, "finite"),
        ({"item": np.array([-1])}, "0 or more"),
    ],
)
def test_malformed_interactions_are_refused(changed, message):
    columns = {**vars(happened((1, 7, 0, 1))), **changed}

    with pytest.raises(ValueError, match=message):
        Interactions(**columns)


def test_a_cap_of_nothing_is_refused():
    with pytest.raises(ValueError, match="cap"):
        weights_of(happened((1, 7, 0, 1)), cap=0)


def test_baskets_need_orders():
    with pytest.raises(ValueError, match="basket is None"):
        basket_rows(happened((1, 7, 0, 1)), now=NOW, half_life_days=9.0, cap=10)
