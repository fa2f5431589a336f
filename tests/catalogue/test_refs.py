"""Names of the shop's rows: one number for one row, whatever its key looks like."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue import registry
from persona_django.catalogue.maps import ItemMap
from persona_django.catalogue.refs import (
    key_fault,
    label_of,
    own_key,
    parse_seed,
    ref_of,
    refs_of,
)
from persona_django.exceptions import NotRegistered
from tests.factories import mapped
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


UID = "27b7aec1-9206-4b14-8b8c-6aa23ab47ce4"
SPELT = [
    ("shop.gift", "27b7aec192064b148b8c6aa23ab47ce4", UID),
    ("shop.gift", UID.upper(), UID),
    ("shop.gift", f"urn:uuid:{UID}", UID),
    ("shop.product", "007", "7"),
    ("shop.product", " 31", "31"),
    ("shop.product", "31", "31"),
]


@pytest.mark.parametrize(("label", "key", "kept"), SPELT)
def test_a_key_is_one_however_it_is_spelt(label: str, key: str, kept: str):
    assert parse_seed(f"{label}:{key}") == (label, kept)
    assert own_key(label, key) == kept


@given(st.uuids())
def test_the_text_of_a_key_names_the_row_that_the_key_itself_names(key: UUID):
    assert own_key("shop.gift", key.hex) == own_key("shop.gift", key) == str(key)


@pytest.mark.parametrize(
    ("label", "key", "kept"),
    [
        ("shop.product", "abc", "abc"),
        ("shop.product", "", ""),
        ("shop.gift", "31", "31"),
        ("shop.nothing", "007", "007"),
        ("shop.product", 31, "31"),
    ],
)
def test_a_key_that_the_model_does_not_take_stays_as_it_is(label: str, key: Any, kept: str):
    assert own_key(label, key) == kept


class Sealed(models.Model):
    """A model whose keys cannot be read from their own text; it never has a table."""

    seal = models.BinaryField(primary_key=True)

    class Meta:
        app_label = "shop"
        managed = False


@pytest.mark.parametrize("model", [Sealed, Session])
@pytest.mark.parametrize("key", ["MDA3", "007"])
def test_a_key_of_any_other_type_stays_as_it_is(model: type, key: str):
    with mapped(model, title="pk", price="pk", url="pk"):
        assert own_key(label_of(model), key) == key


def test_an_object_of_a_proxy_belongs_to_the_registered_model():
    class Cheap(Product):
        class Meta:
            proxy = True
            app_label = "shop"

    assert label_of(Cheap(pk=1)) == label_of(Product) == "shop.product"


def test_an_object_that_nobody_registered_keeps_its_own_label(django_user_model: type):
    assert label_of(django_user_model()) == "auth.user"
