"""The catalogue by family, as ranking sees it."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import override_settings

from persona_django.catalogue.snapshot import current_snapshot
from persona_django.sources.families import Families
from tests.factories import family_of, item_id, product, read_catalogue

pytestmark = pytest.mark.django_db


def families() -> Families:
    read_catalogue()
    snapshot = current_snapshot()
    assert snapshot is not None
    return Families(snapshot)


def row_of(found: Families, obj) -> int:
    return int(found.rows_of(np.array([family_of(obj)]))[0])


def test_a_family_is_on_sale_as_long_as_one_of_its_variants_is():
    red = product("Mug", family="mug", colour="red", stock=0)
    product("Mug", family="mug", colour="blue", stock=3)
    gone = product("Pot", stock=0)

    found = families()

    assert len(found) == 2
    assert found.on_sale[row_of(found, red)]
    assert not found.on_sale[row_of(found, gone)]


def test_members_of_a_family_come_with_the_one_to_show_first():
    red = product("Mug", family="mug", colour="red", stock=0)
    blue = product("Mug", family="mug", colour="blue", stock=3)
    alone = product("Pot")

    found = families()

    assert found.members(family_of(red)) == (item_id(blue), item_id(red))
    assert found.members(family_of(alone)) == (item_id(alone),)


def test_a_family_that_is_not_in_the_catalogue_has_no_row():
    product("Mug")

    assert families().rows_of(np.array([987_654])).tolist() == [-1]


def test_categories_that_begin_alike_are_under_the_same_ones():
    tea = product("Tea", category="Drinks > Tea")
    juice = product("Juice", category="Drinks > Juice")
    sock = product("Sock", category="Clothes")

    found = families()

    rows = [row_of(found, one) for one in (tea, juice, sock)]
    assert found.above[rows[0], 0] == found.above[rows[1], 0] != found.above[rows[2], 0]
    assert found.above[rows[0], 1] != found.above[rows[1], 1]
    assert found.above[rows[2], 1] == -1
    assert len(set(found.category[rows].tolist())) == 3


@override_settings(PERSONA={"SENSITIVE_CATEGORIES": ("Health > Tests", "Adult")})
def test_sensitive_things_go_together_only_within_the_same_prefix():
    quick = product("Quick test", category="Health > Tests > Quick")
    slow = product("Slow test", category="Health > Tests > Slow")
    other = product("Film", category="Adult")
    tea = product("Tea")

    found = families()

    zones = [int(found.zone[row_of(found, one)]) for one in (quick, slow, other, tea)]
    assert zones[0] == zones[1] != zones[2]
    assert zones[3] == -1
    assert -1 not in zones[:3]


@override_settings(PERSONA={"SENSITIVE_CATEGORIES": ("health",)})
def test_what_a_prefix_makes_sensitive_is_kept_together_by_it_and_nothing_else_is():
    quick = product("Quick test", category="Health > Quick")
    slow = product("Slow test", category="Health > Slow")
    crisps = product("Crisps", category="Healthy snacks")

    found = families()

    zones = [int(found.zone[row_of(found, one)]) for one in (quick, slow, crisps)]
    assert zones == [0, 0, -1]


def test_an_empty_catalogue_has_no_families():
    found = families()

    assert len(found) == 0
    assert found.rows_of(np.array([1])).tolist() == [-1]
    assert found.members(1) == ()
