"""From an object of the shop to what a card shows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.files.storage import InMemoryStorage
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from django.utils import translation

from persona_django.blocks.cards import picture_of
from persona_django.blocks.values import Slate, money_text


def file_of(name: str) -> FieldFile:
    """What an image field of the shop holds."""
    field = FileField(storage=InMemoryStorage(base_url="/media/"))
    return FieldFile(SimpleNamespace(), field, name)


@pytest.mark.parametrize(
    ("images", "address"),
    [
        ("/media/mug.jpg", "/media/mug.jpg"),
        (["/media/front.jpg", "/media/back.jpg"], "/media/front.jpg"),
        ((), ""),
        ([], ""),
        (None, ""),
        ("", ""),
        (file_of("mug.jpg"), "/media/mug.jpg"),
        (file_of(""), ""),
        ([SimpleNamespace(image=file_of("mug.jpg"))], "/media/mug.jpg"),
        (SimpleNamespace(url=lambda: "/media/mug.jpg"), "/media/mug.jpg"),
        (31, "31"),
    ],
)
def test_the_leading_picture_is_found_however_the_shop_keeps_it(images, address):
    assert picture_of(images) == address


class Money:
    """As money packages have it."""

    amount = 12

    def __str__(self) -> str:
        return "€ 12,00"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (None, "EUR", ""),
        (4.5, "EUR", "4.50 EUR"),
        (1200, "JPY", "1200 JPY"),
        (1, "KWD", "1.000 KWD"),
        (Money(), "EUR", "€ 12,00"),
    ],
)
def test_prices_have_the_decimals_of_their_currency(amount, currency, text):
    with translation.override("en"):
        assert money_text(amount, currency) == text


def test_an_empty_slate_is_false_and_says_what_it_is():
    assert not Slate(block="reorder")
    assert str(Slate(block="reorder")) == "reorder: 0 slots"
