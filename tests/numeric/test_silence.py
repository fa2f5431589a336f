"""What carts, slates, presents and glances say, by hand-worked examples and by counting each."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.attention import attention
from persona_django.numeric.carts import left_alone
from persona_django.numeric.left_early import times_running
from persona_django.numeric.one_offs import bought_once, gift_like
from persona_django.numeric.passed_over import doubt, surest, together

rows = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 60)), max_size=20)
orders = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), max_size=6)


def columns(given_rows, n):
    return tuple(np.array(given_rows, dtype=np.int64).reshape(-1, n).T)


@given(rows, rows, orders)
def test_a_cart_is_left_alone_where_looking_at_each_addition_finds_nothing_after_it(
    added, settled, ordered
):
    shopper, item, at = columns(added, 3)
    uid = np.arange(len(added))

    found = left_alone(
        shopper, item, at, closer=columns(settled, 3), emptier=columns(ordered, 2),
        after_seconds=20, now=70, tie=uid,
    )  # fmt: skip

    def is_left(row: int) -> bool:
        who, what, when = added[row]
        later = any(
            (w, i) == (who, what) and (when < t <= when + 20 or (t == when and n > row))
            for n, (w, i, t) in enumerate(added)
        )
        settles = any((w, i) == (who, what) and when <= t <= when + 20 for w, i, t in settled)
        orders_it = any(w == who and when <= t <= when + 20 for w, t in ordered)
        return when + 20 <= 70 and not later and not settles and not orders_it

    assert found.tolist() == [row for row in range(len(added)) if is_left(row)]


def test_a_hundred_thousand_lines_of_one_cart_take_no_time_to_speak_of():
    n = 100_000
    who, item = np.ones(n, dtype=np.int64), np.arange(n)
    at = np.arange(n)
    none = who[:0]
    began = time.perf_counter()

    found = left_alone(
        who, item, at, closer=(who, item, at + 5), emptier=(none, none),
        after_seconds=10, now=10**9, tie=at,
    )  # fmt: skip

    assert len(found) == 0
    assert time.perf_counter() - began < 2


def test_what_was_not_seen_was_not_passed_over():
    yes, no = np.ones(4, dtype=bool), np.zeros(4, dtype=bool)
    places = np.arange(4)
    slate = np.zeros(4, dtype=np.int64)

    assert doubt(slate, places, is_seen=no, is_chosen=no, went_on=yes).tolist() == [0] * 4
    assert doubt(slate, places, is_seen=yes, is_chosen=no, went_on=no).tolist() == [0] * 4
    assert doubt(slate, places, is_seen=yes, is_chosen=no, went_on=yes).tolist() == [0.1] * 4
    chosen = places == 2
    found = doubt(slate, places, is_seen=yes, is_chosen=chosen, went_on=no)
    assert found.tolist() == [0.6, 0.6, 0, 0.4]


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 0.99)), max_size=30))
def test_sightings_together_are_never_less_sure_than_the_surest(given_sightings):
    group = np.array([one for one, _ in given_sightings], dtype=np.int64)
    sure = np.array([one for _, one in given_sightings], dtype=np.float64)

    found = together(group, sure, n_groups=5)

    for number in range(5):
        mine = sure[group == number]
        assert found[number] >= mine.max(initial=0) - 1e-12
        assert 0 <= found[number] < 1 or len(mine) > 5
        assert found[number] == pytest.approx(1 - np.prod(1 - mine), abs=1e-9)


def test_the_surest_few_of_each_visit_are_kept():
    visit = np.array([0, 0, 0, 1])
    sure = np.array([0.1, 0.5, 0.5, 0.1])

    assert surest(visit, sure, np.array([1, 3, 2, 4]), most=2).tolist() == [1, 2, 3]


PLAYS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 40), st.booleans()),
    max_size=30,
    unique_by=lambda play: play[:3],
)


@given(PLAYS, st.integers(1, 50))
def test_times_running_are_those_that_counting_back_one_by_one_finds(plays, span):
    columns = [np.array([play[n] for play in plays], dtype=np.int64) for n in range(3)]
    early = np.array([play[3] for play in plays], dtype=bool)

    found = times_running(*columns, early, within_seconds=span)

    for (who, what, at, is_early), times in zip(plays, found.tolist(), strict=True):
        before = sorted(
            ((when, left) for *one, when, left in plays if one == [who, what] and when <= at),
            reverse=True,
        )
        wanted = 0
        for when, left in before:
            if not left or when < at - span:
                break
            wanted += 1
        assert times == (wanted if is_early else 0)


@given(rows)
def test_bought_once_means_one_order_in_the_category(lines):
    shopper, category, order = columns(lines, 3)

    found = bought_once(shopper, category, order)

    for row, (who, what, _) in enumerate(lines):
        in_orders = {o for w, c, o in lines if (w, c) == (who, what)}
        assert found[row] == (len(in_orders) == 1)


@given(rows, rows)
def test_a_present_is_what_nobody_took_an_interest_in_around_it(bought, liked):
    found = gift_like(
        columns(bought, 3), columns(liked, 3), span_seconds=20, occasion_seconds=5
    ).round(2)

    for row, (who, what, when) in enumerate(bought):
        before = [c for w, c, t in liked if w == who and when - 20 <= t < when - 5]
        after = [c for w, c, t in liked if w == who and when + 5 < t <= when + 20]
        expected = 0.3 + 0.25 * bool(before) + 0.25 * bool(after)
        assert found[row] == (0 if what in before + after else round(expected, 2))


def test_a_glance_is_little_and_a_long_look_is_nearly_all():
    usual = np.full(50, 20)
    item = np.ones(51, dtype=np.int64)

    share = [
        attention(item, np.append(usual, seconds), prior=5.0)[-1] for seconds in (0, 2, 20, 600)
    ]

    assert share[0] == 0
    assert share[1] < 0.1
    assert share[2] == pytest.approx(0.5, abs=0.01)
    assert share[3] > 0.95


def test_what_is_usual_is_the_items_own_where_many_looked_and_the_shops_where_few_did():
    # A page that everybody reads for long, and one that a single person opened.
    item = np.append(np.ones(200, dtype=np.int64), [2, 3])
    seconds = np.append(np.full(200, 100), [10, 10])

    long, few = attention(item, seconds, prior=20.0)[[0, 200]]

    assert long == pytest.approx(0.5, abs=0.02)
    assert few < 0.15


def test_one_tab_left_open_moves_no_others_look():
    item = np.ones(101, dtype=np.int64)
    without = attention(item[:100], np.full(100, 20), prior=5.0)[0]

    beside = attention(item, np.append(np.full(100, 20), 10**6), prior=5.0)[0]

    assert beside == pytest.approx(without, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**6)), max_size=30))
def test_attention_is_a_share_that_grows_with_the_seconds(looks):
    item, seconds = columns(looks, 2)

    share = attention(item, seconds, prior=1.0)

    assert ((share >= 0) & (share < 1)).all()
    for one in set(item.tolist()):
        mine = np.argsort(np.minimum(seconds[item == one], 600), kind="stable")
        assert (np.diff(share[item == one][mine]) >= -1e-12).all()


def test_what_cannot_be_is_refused():
    one, two = np.array([1]), np.array([1, 2])
    for call, says in [
        (lambda: attention(one, two, prior=1), "equally long"),
        (lambda: attention(one, -one, prior=1), "shorter than nothing"),
        (lambda: attention(one, one, prior=0), "above 0"),
        (lambda: together(one, two / 4, n_groups=2), "equally long"),
        (lambda: together(one, one / 1.0, n_groups=2), "below 1"),
        (lambda: doubt(one, one, is_seen=one > 0, is_chosen=two > 0, went_on=one > 0), "equally"),
        (lambda: cart(one, two, 5), "equally long"),
        (lambda: cart(one, one, 0), "longer than nothing"),
        (lambda: cart(one, one, 5, closer=(one, two, one)), "equally long"),
        (lambda: times_running(one, two, one, one > 0, within_seconds=5), "equally long"),
        (lambda: times_running(one, one, one, one > 0, within_seconds=0), "longer than nothing"),
        (lambda: gifts(two, 5, 5), "equally long"),
        (lambda: gifts(one, 5, 6), "no longer than the span"),
    ]:
        with pytest.raises(ValueError, match=says):
            call()


def cart(one, other, after, closer=None):
    none = one[:0]
    return left_alone(
        one, other, one, closer=closer or (none, none, none), emptier=(none, none),
        after_seconds=after, now=9, tie=one,
    )  # fmt: skip


def gifts(other, span, occasion):
    one = np.array([1])
    return gift_like(
        (one, other, one), (one, one, one), span_seconds=span, occasion_seconds=occasion
    )
