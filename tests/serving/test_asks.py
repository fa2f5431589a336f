"""Questions in their canonical form: bounded, whatever is asked."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue import registry
from persona_django.catalogue.maps import ItemMap
from persona_django.exceptions import NotRegistered
from persona_django.serving.asks import MOST_SEEDS, ask_of, size_of
from tests.shop.models import Brand, Gift, Product

TEA = Product(pk=31, name="Tea")


@given(st.integers())
def test_every_size_is_cut_into_the_shop_s_limits(size):
    assert 1 <= size_of(size) <= 50


@pytest.mark.parametrize("size", ["6", 6, 6.0])
def test_a_size_from_a_template_may_be_text(size):
    assert size_of(size) == 6


def test_equal_questions_are_equal_however_their_products_are_named():
    asked = [
        ask_of("similar-items", seeds=seeds, size=6)
        for seeds in (TEA, [TEA], (TEA, TEA), "shop.product:31", [("shop.Product", 31)])
    ]

    assert len(set(asked)) == 1


def test_a_uuid_without_its_dashes_is_the_product_with_them():
    key = UUID("6228f538-a228-4c6e-8d5b-0a8c7f6d5e4b")
    asked = [
        ask_of("similar-items", seeds=seeds, size=6)
        for seeds in (
            Gift(pk=key),
            Gift(pk=key.hex),
            f"shop.gift:{key}",
            f"shop.gift:{key.hex}",
            [("shop.gift", key)],
            [("shop.Gift", key.hex)],
        )
    ]

    assert len(set(asked)) == 1


class Presents(ItemMap):
    title, price, url = "label", "cents", "get_absolute_url"


def test_a_bare_key_is_its_product_where_one_model_is_registered():
    key = UUID("6228f538-a228-4c6e-8d5b-0a8c7f6d5e4b")

    with registry.isolated():
        registry.register(Gift)(Presents)
        asked = [ask_of("similar-items", seeds=seed) for seed in (key, [key], Gift(pk=key))]

    assert len(set(asked)) == 1


def test_where_several_models_are_registered_a_bare_key_is_told_how_to_be_written():
    with pytest.raises(NotRegistered, match=r"Write it as app\.model:key"):
        ask_of("similar-items", seeds=UUID(int=1))


def test_what_is_no_product_is_told_what_to_pass():
    with pytest.raises(NotRegistered, match=r'as text: "shop\.[a-z]+:<key>"'):
        ask_of("similar-items", seeds=3.5)


def test_a_list_among_the_seeds_counts_as_what_it_holds():
    pot = Product(pk=32, name="Pot")
    both = (("shop.product", "31"), ("shop.product", "32"))

    for seeds in ([[TEA, pot]], ([TEA], pot), [(TEA, pot)], [[both[0], both[1]]], (iter(both),)):
        assert ask_of("similar-items", seeds=seeds).seeds == both
    assert ask_of("similar-items", seeds=([],)).seeds == ()


def test_a_lazy_object_is_the_product_it_stands_for():
    lazy = SimpleLazyObject(lambda: TEA)

    assert ask_of("similar-items", seeds=lazy) == ask_of("similar-items", seeds=TEA)


def test_a_cart_without_end_is_cut():
    lines = (("shop.product", n) for n in range(10**6))

    assert len(ask_of("similar-items", seeds=TEA, cart=lines).cart) == MOST_SEEDS


def test_a_cart_line_that_is_no_item_is_skipped():
    assert ask_of("similar-items", cart=[Brand(pk=1), TEA]).cart == (("shop.product", "31"),)


def test_of_several_seeds_one_that_is_known_is_enough():
    assert ask_of("similar-items", seeds=[Brand(pk=1), TEA]).seeds == (("shop.product", "31"),)
    with pytest.raises(NotRegistered):
        ask_of("similar-items", seeds=[Brand(pk=1)])
