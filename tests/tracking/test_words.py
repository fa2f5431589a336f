"""What is left of the words that shoppers type."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.tracking.words import LONGEST, MOST_DIGITS, normalised


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Red Shoes", "red shoes"),
        ("  red\t\nshoes  ", "red shoes"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("cafe\u0301", "café"),
        ("a\u200bb\x00c", "ab c"),
        ("iphone 15", "iphone 15"),
        ("tent 2 persons 3000", "tent 2 persons 3000"),
        ("ps5", "ps5"),
        ("50-60 cm", "50-60 cm"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_what_means_the_same_is_written_the_same(typed, kept):
    assert normalised(typed) == kept


@pytest.mark.parametrize(
    "secret",
    [
        "jane@example.com",
        "Jane.Doe+shop@example.co.uk",
        "jane＠example.com",
        "jane%40example.com",
        "jane(at)example.com",
        "jane @ example.com",
        "jane@ example.com",
        "jane @example.com",
        "<jane@example.com>",
        "+49 171 1234567",
        "0171/123 45 67",
        "(030) 123-4567",
        "030.1234567",
        "tel:0301234567",
        "+1 (555) 010-9999",
        "1234567",
        "4111 1111 1111 1111",
        "de89370400440532013000",
        "de89 3704 0044 0532 0130 00",
        "12.34.5678",
        "٠١٢٣٤٥٦٧٨",
        "０３０１２３４５６７",
    ],
)
def test_nothing_like_an_address_or_a_number_of_somebody_is_kept(secret):
    kept = normalised(f"lamp {secret} shade")

    assert kept.startswith("lamp") and kept.endswith("shade")
    assert "jane" not in kept and "example" not in kept
    assert sum(letter.isdigit() for letter in kept) <= MOST_DIGITS


def test_words_that_are_nothing_else_leave_nothing():
    assert normalised("jane@example.com") == ""
    assert normalised("+49 171 1234567") == ""


def test_an_address_is_taken_out_before_the_words_are_cut():
    kept = normalised("x" * 60 + " jane@example.com")

    assert kept == "x" * 60


@given(st.text(max_size=256))
def test_whatever_is_typed_fits_its_column_and_names_nobody(typed):
    kept = normalised(typed)

    assert len(kept) <= LONGEST
    assert kept == kept.strip() and "  " not in kept
    assert not any(sign in kept for sign in ("@", "%40", "(at)", "\uff20"))
    assert not any(unicodedata.category(letter)[0] == "C" for letter in kept)
    for run in kept.split():
        assert sum(letter.isdigit() for letter in run) <= MOST_DIGITS


@given(st.text(max_size=40))
def test_case_and_the_way_an_accent_is_typed_make_no_difference(typed):
    assert normalised(unicodedata.normalize("NFD", typed)) == normalised(typed)
    if typed.isascii():
        assert normalised(typed.upper()) == normalised(typed)
