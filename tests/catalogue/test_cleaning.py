"""A product's values are made fit for every database, or refused with a reason."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from django.db.models.fields.files import FieldFile, FileField
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue.cleaning import (
    ItemRow,
    category_path,
    clean,
    epoch_seconds,
    image_addresses,
    plain_text,
)
from tests.shop.models import Brand, Category


def cleaned(**values: Any) -> ItemRow:
    return clean({"price": 1, **values}, label="shop.product", currency="EUR")


@given(st.text(st.characters()), st.integers(1, 300))
def test_any_text_becomes_one_that_every_database_stores(text: str, length: int):
    plain = plain_text(text, length)

    assert len(plain) <= length
    assert "\0" not in plain
    plain.encode("utf-8")


def test_a_title_of_ten_thousand_letters_is_cut_and_an_emoji_stays():
    row = cleaned(title="🧥" * 10_000, brand="cafe\u0301")

    assert row.title == "🧥" * 300
    assert row.brand == "caf\u00e9"


def test_levels_of_a_category_are_joined_from_the_top():
    assert category_path(["Shoes", "Trail"]) == category_path("Shoes > Trail") == "Shoes > Trail"


@pytest.mark.parametrize(
    ("given_time", "seconds"),
    [
        (None, 0),
        (dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), 1767225600),
        (dt.date(2026, 1, 1), 1767225600),
        (1767225600, 1767225600),
        (1767225600.9, 1767225600),
    ],
)
def test_times_become_seconds(given_time: Any, seconds: int):
    assert epoch_seconds(given_time) == seconds


@override_settings(TIME_ZONE="Europe/Berlin")
def test_a_time_without_a_zone_is_the_shops_own():
    assert epoch_seconds(dt.datetime(2026, 1, 1, 1)) == 1767225600


@pytest.mark.parametrize("nonsense", ["yesterday", float("nan"), 1e30, object()])
def test_a_date_that_is_none_is_refused(nonsense: Any):
    with pytest.raises(ValueError, match="publication date"):
        epoch_seconds(nonsense)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"price": float("nan")}, "price is not finite"),
        ({"compare_at_price": -1}, "compare_at_price: its price is negative"),
        ({"stock": "many"}, "stock is no number"),
        ({"stock": float("nan")}, "stock is no number"),
        ({"stock": float("inf")}, "stock is no number"),
        ({"margin": "fat"}, "margin is no number"),
        ({"currency": "€"}, "currency is no code"),
        ({"currency": "EURO"}, "currency is no code"),
        ({"margin": float("nan")}, "margin is not finite"),
    ],
)
def test_a_product_with_nonsense_is_refused(values: dict[str, Any], reason: str):
    with pytest.raises(ValueError, match=reason):
        cleaned(**values)


def test_stock_is_unknown_none_or_a_count():
    assert cleaned().stock is None
    assert cleaned(stock=-3).stock == 0
    assert cleaned(stock=Decimal("7")).stock == 7
    assert cleaned(stock=10**12).stock == 2**31 - 1


def test_a_margin_is_a_share():
    assert cleaned(margin=Decimal("0.25")).margin == 0.25


def test_attributes_are_what_json_of_every_database_keeps():
    row = cleaned(
        **{
            "attributes.colour": "red\0",
            "attributes.size": 42,
            "attributes.weight": float("nan"),
            "attributes.tags": {"b", "a"},
            "attributes.huge": 2**70,
            "attributes.parts": ["x", 1],
            "attributes.is_new": True,
            "attributes.none": None,
            "attributes.ratio": 0.5,
        }
    )

    assert row.attributes == {
        "colour": "red",
        "size": 42,
        "tags": ["a", "b"],
        "huge": str(2**70),
        "parts": ["x", "1"],
        "is_new": True,
        "ratio": 0.5,
    }
    json.dumps(row.attributes, allow_nan=False)


class Address(Brand):
    url = "/brand.png"

    class Meta:
        proxy = True
        app_label = "shop"


class Asked(Brand):
    def url(self) -> str:
        return "/asked.png"

    class Meta:
        proxy = True
        app_label = "shop"


class Filed(models.Model):
    """A picture of a gallery as shops keep them; it never has a table."""

    caption = models.CharField(max_length=20)
    file = models.FileField()

    class Meta:
        app_label = "shop"
        managed = False


def test_pictures_come_from_texts_files_and_rows():
    field = FileField()
    field.name = "file"
    file = FieldFile(Category(), field, "a.png")
    empty = FieldFile(Category(), field, "")
    rows = [Address(), Asked(), Filed(file="c.png"), Filed(), Category(path="no picture")]

    addresses = image_addresses([file, empty, "/b.png", None, "", *rows])

    assert addresses == ["/a.png", "/b.png", "/brand.png", "/asked.png", "/c.png"]
    assert image_addresses("one.png") == ["one.png"]
    assert image_addresses(None) == []


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x", "x" * 501],
)
def test_an_address_that_could_run_code_is_no_picture(address: str):
    assert image_addresses([address, "https://shop.example/a.png"]) == [
        "https://shop.example/a.png"
    ]


def test_at_most_twenty_pictures_are_kept():
    assert len(image_addresses([f"/{n}.png" for n in range(100)])) == 20


def test_a_family_is_named_by_its_group_value_whatever_its_kind():
    parent = Category(pk=7)

    assert cleaned(group=7).group_ref == cleaned(group="7").group_ref != 0
    assert cleaned(group=parent).group_ref == cleaned(group=7).group_ref
    assert cleaned(group="").group_ref == cleaned(group=None).group_ref == 0


def test_a_category_can_be_sensitive_by_its_beginning():
    values = {"price": 1, "category": "Health > Tests"}

    row = clean(values, label="shop.product", currency="EUR", sensitive_categories=("health", ""))

    assert row.sensitive
    assert not cleaned(category="Shoes").sensitive
    assert cleaned(sensitive=1).sensitive


def test_any_change_of_a_column_changes_the_digest():
    before = cleaned(title="Tea")

    assert before.digest() == cleaned(title="Tea").digest()
    for name, value in (("title", "tea"), ("stock", 1), ("available", False), ("margin", 0.1)):
        assert cleaned(**{"title": "Tea", name: value}).digest() != before.digest()


def test_each_product_may_have_its_own_currency():
    row = cleaned(price=100, currency="jpy")

    assert (row.price, row.currency) == (100, "JPY")
