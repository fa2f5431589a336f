"""Names of the shop's rows: one number for one row, whatever its key looks like."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue import registry
from persona_django.catalogue.maps import ItemMap
from persona_django.catalogue.refs import key_fault, label_of, parse_seed, ref_of, refs_of
from persona_django.exceptions import NotRegistered
from tests.shop.models import Product


@given(st.lists(st.text(max_size=150)))
def test_many_refs_are_the_refs_of_each(keys: list[str]):
    assert refs_of("shop.product", keys).tolist() == [ref_of("shop.product", k) for k in keys]


@given(st.text(), st.one_of(st.text(), st.integers(), st.uuids()))
def test_a_ref_is_a_positive_number_of_63_bits(label: str, key: object):
    assert 1 <= ref_of(label, key) < 2**63


def test_a_ref_is_the_same_on_every_machine_and_day():
    assert ref_of("shop.product", 31) == ref_of("shop.product", "31") == 5850013403202515891


def test_label_and_key_cannot_be_shifted_into_each_other():
    assert ref_of("shop.product", "1") != ref_of("shop.product1", "")
    assert ref_of("a.b", "31") != ref_of("a.c", "31")


def test_two_spellings_of_one_letter_are_one_key():
    assert ref_of("shop.product", "caf\u00e9") == ref_of("shop.product", "cafe\u0301")


@pytest.mark.parametrize(
    ("key", "told"),
    [("", "empty"), ("x" * 129, "129"), ("a\0b", "NUL"), ("\ud83d", "surrogate")],
)
def test_a_key_that_no_database_stores_is_told_apart(key: str, told: str):
    assert told in key_fault(key)


@pytest.mark.parametrize(
    "key", ["31", "x" * 128, "🧥-42", "27b7aec1-9206-4b14-8b8c-6aa23ab47ce4", "a b'\"%\\"]
)
def test_any_other_key_is_fine(key: str):
    assert key_fault(key) == ""


def test_a_seed_names_model_and_key():
    assert parse_seed("shop.product:31") == ("shop.product", "31")
    assert parse_seed("shop.Product:31") == ("shop.product", "31")


@pytest.mark.parametrize("text", ["31", "", "shop.nothing:31", "shop.product:", ":31", "a.b"])
def test_a_seed_that_names_no_item_says_how_to_write_one(text: str):
    with pytest.raises(NotRegistered, match=r"app\.model:key|the key"):
        parse_seed(text)


def test_the_model_may_be_left_out_where_only_one_is_registered():
    with registry.isolated():

        @registry.register(Session)
        class Tickets(ItemMap):
            title, price, url = "session_key", "session_data", "session_key"

        assert parse_seed("31") == ("sessions.session", "31")
        assert parse_seed("a:31") == ("sessions.session", "a:31")
        assert parse_seed("sessions.Session:a:b") == ("sessions.session", "a:b")
        with pytest.raises(NotRegistered):
            parse_seed("shop.product:31")


@pytest.mark.parametrize("key", ["abc", "1.5", "' OR 1=1 --"])
def test_a_key_that_no_row_of_the_model_can_have_names_no_item(key: str):
    with pytest.raises(NotRegistered, match=r"shop\.Product\.id does not take it"):
        parse_seed(f"shop.product:{key}")


def test_an_object_of_a_proxy_belongs_to_the_registered_model():
    class Cheap(Product):
        class Meta:
            proxy = True
            app_label = "shop"

    assert label_of(Cheap(pk=1)) == label_of(Product) == "shop.product"


def test_an_object_that_nobody_registered_keeps_its_own_label(django_user_model: type):
    assert label_of(django_user_model()) == "auth.user"
