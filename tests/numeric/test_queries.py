"""Searches that ask for the same have one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.queries import folded, query_key


@pytest.mark.parametrize(
    ("language", "typed", "also"),
    [
        ("en", "red shoes", "RED  shoe"),
        ("en", "red shoes", "shoes, red!"),
        ("en", "women's dress", "womens dresses"),
        ("en", "caf\u00e9", "cafe\u0301"),
        ("en", "caf\u00e9", "cafe"),
        ("en", "\uff29\uff30hone 15", "iphone 15"),
        ("en", "t-shirt", "T shirts"),
        ("de", "K\u00e4se", "kaese"),
        ("de", "Stra\u00dfe", "STRASSE"),
        ("de", "B\u00fccher", "buch"),
        ("de", "\u00d6l", "oel"),
        ("en", "rock'n'roll", "Rock 'n' roll"),
        ("en", "rock\u2019n\u2019roll", "roll n rock"),
        ("es", "dulces", "dulce"),
        ("fr", "L\u2019\u00e9t\u00e9 robes", "ete robe"),
        ("es", "pantal\u00f3n ni\u00f1o", "pantalones nino"),
        ("ja", "\uff76\uff9e", "\u30ac"),
    ],
)
def test_however_it_is_typed_it_asks_for_the_same(language, typed, also):
    assert query_key(typed, language=language) == query_key(also, language=language) != ""


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "red shoes", "shoes"),
        ("en", "iphone 15", "iphone 14"),
        ("en", "rock'n'roll", "rock"),
        # Marks that are letters of their own: ka and ga, and a vowel sign.
        ("ja", "\u304b", "\u304c"),
        ("hi", "\u0915\u093f", "\u0915"),
    ],
)
def test_what_asks_for_something_else_is_something_else(language, one, other):
    assert query_key(one, language=language) != query_key(other, language=language)


@pytest.mark.parametrize("nothing", ["", "   ", "?!", "'", "\u20ac $ +"])
def test_what_holds_no_word_has_no_key(nothing):
    assert query_key(nothing, language="en") == ""


def test_words_keep_their_order_until_they_are_a_key():
    assert folded("Zebra apple") == ["zebra", "apple"]
    assert query_key("Zebra apple zebra", language="en") == "apple zebra"


@given(st.text(max_size=64), st.sampled_from(["en", "de", "fr", "es", "it"]))
def test_case_and_order_and_what_is_said_twice_never_matter(text, language):
    key = query_key(text, language=language)

    turned = " ".join(reversed(folded(text)))
    assert query_key(turned, language=language) == key
    assert query_key(f"{text} {text}", language=language) == key
