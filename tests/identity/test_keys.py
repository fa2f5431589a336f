"""Numbers that stand for people and orders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.identity.keys import PURPOSES, keyed, keyed_many


@given(st.sampled_from(sorted(PURPOSES)), st.text())
def test_every_text_has_one_positive_number_of_63_bits(purpose, value):
    number = keyed(purpose, value)

    assert 0 < number < 2**63
    assert number == keyed(purpose, value)
    assert keyed_many(purpose, [value, value]).tolist() == [number, number]


def test_numbers_of_two_purposes_cannot_be_joined():
    assert len({keyed(purpose, "31") for purpose in PURPOSES}) == len(PURPOSES)


def test_two_spellings_of_the_same_letters_are_the_same():
    assert keyed("guest", "Ren\u00e9") == keyed("guest", "Rene\u0301")


def test_another_secret_gives_other_numbers_and_fallbacks_are_not_used(settings):
    before = keyed("customer", "31")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-one-0123456789abcdefghijklmnopqrstuvwxyz"

    assert keyed("customer", "31") != before


def test_an_unknown_purpose_is_a_mistake():
    with pytest.raises(ValueError, match="unknown purpose 'advertising'"):
        keyed("advertising", "31")


def test_no_values_have_no_numbers():
    assert keyed_many("visitor", []).tolist() == []
