"""What a shop demands of every version: held back with the reason where it is not so."""

from __future__ import annotations

import pytest
from django.test import override_settings

from persona_django import limits
from persona_django.training.rebuild import rebuild
from tests.factories import family_of, product, read_catalogue
from tests.shop.models import Product
from tests.training.history import beside, live, look

pytestmark = pytest.mark.django_db
ONE = "shop.product:1"


@pytest.fixture
def shop(settings):
    """Wine beside baby food, as a few shoppers would have it, and bread beside jam."""
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0,
    }  # fmt: skip
    made = {
        "wine": product("Wine", category="Drinks > Alcohol > Wine"),
        "mash": product("Mashed carrots", category="Baby > Food"),
        "bread": product("Bread", category="Bakery"),
        "jam": product("Jam", category="Bakery > Spreads"),
    }
    read_catalogue()
    look(range(1, 9), [made["wine"], made["mash"]])
    look(range(11, 19), [made["bread"], made["jam"]])
    return made


def demanding(settings, *assertions: dict[str, object]) -> None:
    settings.PERSONA = {**settings.PERSONA, "ASSERTIONS": assertions}


def named(thing: Product) -> str:
    return f"shop.product:{thing.pk}"


def test_a_pair_that_must_not_be_holds_the_version_back_and_is_named(shop, settings):
    demanding(settings, {"never_beside": ("Drinks > Alcohol", "Baby")})

    outcome = rebuild("similar")

    assert not outcome.live
    assert outcome.reason.startswith("2 pairs of Drinks > Alcohol and Baby in its lists, such as ")
    assert f"{named(shop['mash'])} beside {named(shop['wine'])}" in outcome.reason
    assert beside(shop["bread"]) == []


def test_it_speaks_of_both_directions_and_of_nothing_else(shop, settings):
    demanding(settings, {"never_beside": ("Baby", "Bakery")})

    assert rebuild("similar").live


def test_a_category_that_is_none_protects_nobody_and_is_said_to_be_none(shop, settings):
    demanding(settings, {"never_beside": ("Bak", "Drinks")})

    outcome = rebuild("similar")

    assert not outcome.live
    assert "ASSERTIONS names Bak, which is no category of the catalogue." in outcome.reason


def test_of_one_kind_alone_it_binds_no_other(shop, settings):
    demanding(settings, {"never_beside": ("Drinks", "Baby"), "kind": "bought-together"})

    assert rebuild("similar").live


@pytest.mark.parametrize(("share", "goes_live"), [(0.5, True), (0.51, False), (1.0, False)])
def test_what_is_shown_has_to_be_in_stock_to_a_share(shop, settings, share, goes_live):
    Product.objects.filter(name__in=["Jam", "Bread"]).update(stock=0)
    read_catalogue()
    demanding(settings, {"in_stock": share})

    outcome = rebuild("similar")

    assert outcome.live == goes_live
    if not goes_live:
        assert "Only 50% of what stands in the first 10 places of its lists is in stock" in (
            outcome.reason
        )


def test_a_pair_that_everybody_knows_has_to_be_there(shop, settings):
    pair = (named(shop["bread"]), named(shop["jam"]))
    demanding(settings, {"golden": pair, "kind": "similar"})
    assert rebuild("similar").live

    demanding(settings, {"golden": (pair[0], named(shop["wine"])), "kind": "similar", "within": 3})
    outcome = rebuild("similar")

    assert not outcome.live
    assert f"{named(shop['wine'])} is not among the first 3 beside {pair[0]}" in outcome.reason
    assert live("similar") is not None, "the one before stays"


def test_a_pair_of_what_is_not_there_any_more_is_said_to_be_gone(shop, settings):
    demanding(settings, {"golden": ("shop.product:999", named(shop["jam"])), "kind": "similar"})

    assert "shop.product:999, which is not in the catalogue" in rebuild("similar").reason


def test_a_demand_that_nobody_understands_holds_back_what_it_may_have_meant(shop, settings):
    demanding(settings, {"in_stok": 0.5})

    outcome = rebuild("similar")

    assert not outcome.live
    assert "ASSERTIONS: Number 1: it has one of in_stock" in outcome.reason


def test_a_person_may_publish_all_the_same(shop, settings):
    demanding(settings, {"never_beside": ("Drinks", "Baby")})

    assert rebuild("similar", force=True).live
    assert beside(shop["wine"]) == [family_of(shop["mash"])]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "it has one of in_stock, never_beside, golden"),
        ({"in_stock": 0.5, "golden": ("a", "b")}, "it has one of"),
        ({"in_stock": 80}, "in_stock is a share above 0, to 1, not 80"),
        ({"in_stock": True}, "in_stock is a share"),
        ({"in_stock": 0.5, "wihtin": 3}, "['wihtin'], which nobody reads"),
        ({"in_stock": 0.5, "kind": "simmilar"}, "there is no kind 'simmilar'"),
        ({"never_beside": "Baby"}, "never_beside is a list of two categories"),
        ({"never_beside": ("Baby", "")}, "never_beside is a list of two categories"),
        ({"golden": ("1", "2")}, "golden says in which lists: kind"),
        ({"golden": ("shop.product:1", "x.y:2"), "kind": "similar"}, "Cannot tell which item"),
        ({"golden": (ONE, ONE), "kind": "similar", "within": 0}, "within"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_fails_the_check_with_what_to_do(written, said):
    with override_settings(PERSONA={"ASSERTIONS": (written,)}):
        (fault,) = limits.faults()

    assert fault[0] == "assertions"
    assert fault[2].startswith("Number 1: ")
    assert said in fault[2]


def test_a_demand_that_is_no_dict_fails_the_check():
    with override_settings(PERSONA={"ASSERTIONS": ("in_stock",)}):
        (fault,) = limits.faults()

    assert fault[2] == "It is a tuple of dicts."


def test_what_is_written_well_passes_the_check():
    good = (
        {"in_stock": 1},
        {"never_beside": ["Drinks", "Baby"], "kind": "content"},
        {"golden": ("shop.product:1", "shop.product:2"), "kind": "similar", "within": 3},
    )
    with override_settings(PERSONA={"ASSERTIONS": good}):
        assert limits.faults() == []
