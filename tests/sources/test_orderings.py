"""Popular and newest: one order, cut overall and near a product."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue.snapshot import current_snapshot
from persona_django.sources.families import Families
from persona_django.sources.levels import Level
from persona_django.sources.orderings import best, ordering_by_age, ordering_by_score
from tests.factories import family_of, product, read_catalogue
from tests.shop.models import Brand

pytestmark = pytest.mark.django_db


def families() -> Families:
    read_catalogue()
    snapshot = current_snapshot()
    assert snapshot is not None
    return Families(snapshot)


def row_of(found: Families, obj) -> int:
    return int(found.rows_of(np.array([family_of(obj)]))[0])


def by_score(found: Families, scores: dict) -> object:
    groups = np.array([family_of(obj) for obj in scores], dtype=np.int64)
    return ordering_by_score(found, groups, np.array([*scores.values()], dtype=np.float64))


def test_the_best_come_first_and_what_is_sold_out_not_at_all():
    few, many, gone = product("Few"), product("Many"), product("Gone", stock=0)

    ordering = by_score(families(), {few: 1.0, many: 9.0, gone: 99.0})

    assert ordering.first(9).tolist() == [family_of(many), family_of(few)]
    assert ordering.first(1).tolist() == [family_of(many)]


def test_near_a_product_its_category_comes_before_its_department():
    green = product("Green", category="Drinks > Tea")
    black = product("Black", category="Drinks > Tea")
    juice = product("Juice", category="Drinks > Juice")
    sock = product("Sock", category="Clothes")
    found = families()

    ordering = by_score(found, {juice: 9.0, black: 2.0, green: 1.0, sock: 99.0})

    wanted = [family_of(one) for one in (black, green, juice)]
    assert ordering.near(row_of(found, green), 9)[0].tolist() == wanted
    assert ordering.near(row_of(found, green), 2)[0].tolist() == wanted[:2]


def test_near_a_product_each_category_above_its_own_speaks_in_turn():
    green = product("Green", category="Drinks > Tea > Green")
    sencha = product("Sencha", category="drinks>Tea > Green")
    black = product("Black", category="Drinks > Tea > Black")
    juice = product("Juice", category="Drinks > Juice")
    found = families()

    ordering = by_score(found, {juice: 9.0, black: 5.0, sencha: 1.0, green: 0.5})
    near, depth = ordering.near(row_of(found, green), 9)

    assert near.tolist() == [family_of(one) for one in (sencha, green, black, juice)]
    assert depth.tolist() == [2, 2, 1, 0]


def test_a_category_holds_what_lies_in_those_below_it():
    """A shop may put some of its teas right into "Tea", beside the kinds of tea."""
    tea = product("Tea", category="Drinks > Tea")
    black = product("Black", category="Drinks > Tea > Black")
    found = families()

    near, depth = by_score(found, {black: 1.0}).near(row_of(found, tea), 9)

    assert near.tolist() == [family_of(black)]
    assert depth.tolist() == [1]


def test_what_lies_deeper_than_the_levels_that_count_is_part_of_the_last():
    path = " > ".join("ABCDEFGHIJ")
    one, other = product("One", category=path), product("Other", category=f"{path} > K")
    found = families()

    near, depth = by_score(found, {other: 1.0}).near(row_of(found, one), 9)

    assert near.tolist() == [family_of(other)]
    assert [found.levels_of(row_of(found, one))[place].name for place in depth] == ["H"]


def test_of_a_brand_the_best_come_first_and_sensitive_ones_not_at_all():
    kusmi, other = Brand.objects.create(name="Kusmi"), Brand.objects.create(name="Other")
    tea, tin = product("Tea", brand=kusmi), product("Tin", brand=kusmi, category="Kitchen")
    test = product("Test", brand=kusmi, category="Health")
    pot, sock = product("Pot", brand=other), product("Sock")
    with override_settings(PERSONA={"SENSITIVE_CATEGORIES": ("Health",)}):
        found = families()

    ordering = by_score(found, {test: 9.0, pot: 8.0, tin: 2.0, tea: 1.0, sock: 0.5})

    assert ordering.of_brand(row_of(found, tea), 9).tolist() == [family_of(tin), family_of(tea)]
    assert ordering.of_brand(row_of(found, sock), 9).tolist() == []


def test_how_much_is_known_of_each_level_is_told_from_the_nearest_on():
    kusmi = Brand.objects.create(name="Kusmi")
    tea = product("Tea", brand=kusmi, category="Drinks > Tea")
    juice, tin = product("Juice", category="Drinks > Juice"), product("Tin", brand=kusmi)
    sock = product("Sock", category="Clothes")
    found = families()

    ordering = by_score(found, {juice: 3.0, tin: 2.0, sock: 1.0})

    assert ordering.known_near(row_of(found, tea)) == [
        (Level("sub-category", "Tea"), 1),
        (Level("category", "Drinks"), 2),
        (Level("brand", "Kusmi"), 1),
        (Level("shop"), 3),
    ]
    assert ordering.known_near(row_of(found, sock)) == [
        (Level("category", "Clothes"), 1),
        (Level("shop"), 3),
    ]


def test_a_product_without_a_category_has_nothing_near_it():
    lost = product("Lost")
    lost.category = None
    lost.save()
    other = product("Other")
    found = families()

    ordering = by_score(found, {lost: 1.0, other: 2.0})

    assert ordering.near(row_of(found, lost), 9)[0].tolist() == []


@override_settings(PERSONA={"SENSITIVE_CATEGORIES": ("Health",)})
def test_sensitive_things_are_popular_only_beside_their_own_kind():
    test, other, tea = (
        product("Test", category="Health > A"),
        product("Other test", category="Health > A"),
        product("Tea"),
    )
    found = families()

    ordering = by_score(found, {test: 9.0, other: 8.0, tea: 1.0})

    assert ordering.first(9).tolist() == [family_of(tea)]
    near, _ = ordering.near(row_of(found, other), 9)
    assert near.tolist() == [family_of(test), family_of(other)]


def test_scores_that_are_no_numbers_or_not_above_zero_are_left_out():
    tea, pot, cup = product("Tea"), product("Pot"), product("Cup")

    ordering = by_score(families(), {tea: float("nan"), pot: 0.0, cup: 0.5})

    assert ordering.first(9).tolist() == [family_of(cup)]


def test_the_newest_come_first_and_of_two_at_once_the_one_added_last():
    first, second, third = product("1"), product("2"), product("3")
    type(first).objects.filter(pk=first.pk).update(created="2026-11-01T00:00:00Z")
    type(first).objects.exclude(pk=first.pk).update(created="2026-10-01T00:00:00Z")

    ordering = ordering_by_age(families())

    assert ordering.first(9).tolist() == [family_of(one) for one in (first, third, second)]


@given(st.lists(st.integers(-1, 5) | st.just(float("nan")), max_size=40), st.integers(1, 12))
def test_the_best_of_many_are_those_that_sorting_all_of_them_puts_first(scores, limit):
    rows = np.arange(len(scores)) * 3

    found = best(rows, np.array(scores, dtype=np.float64), limit)

    usable = [place for place, score in enumerate(scores) if score > 0]
    in_order = sorted(usable, key=lambda place: (-scores[place], place))
    assert found.tolist() == [3 * place for place in in_order[:limit]]


def test_whoever_asks_for_more_than_others_did_is_given_more():
    made = [product(str(number)) for number in range(140)]
    found = families()
    ordering = by_score(found, {one: 200.0 - place for place, one in enumerate(made)})
    wanted = [found.group_id[row_of(found, one)] for one in made]
    row = row_of(found, made[0])

    for limit in (3, 135, 999, 2):
        assert ordering.first(limit).tolist() == wanted[:limit]
        assert ordering.near(row, limit)[0].tolist() == wanted[:limit]


def test_of_those_that_somebody_may_see_the_best_are_told_though_others_are_better():
    many, few, none = product("Many"), product("Few"), product("None")
    found = families()
    ordering = by_score(found, {many: 9.0, few: 2.0})
    among = np.ones(len(found), dtype=bool)
    among[row_of(found, many)] = False

    assert ordering.first(9, among).tolist() == [family_of(few)]
    assert ordering.near(row_of(found, none), 9, among)[0].tolist() == [family_of(few)]
    assert ordering.first(1).tolist() == [family_of(many)]
