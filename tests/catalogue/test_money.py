"""Prices become whole numbers of the smallest unit, or a reason why they are none."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue.money import exponent, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        (Decimal("19.99"), "EUR", 1999),
        (19.99, "EUR", 1999),
        (20, "EUR", 2000),
        (Decimal("1500"), "JPY", 1500),
        (1499.5, "JPY", 1500),
        (Decimal("1.234"), "KWD", 1234),
        (Decimal("0.005"), "EUR", 1),
        (0, "EUR", 0),
        (Decimal("12"), "XYZ", 1200),
        (1.005, "EUR", 101),
    ],
)
def test_an_amount_becomes_minor_units_of_its_currency(amount: Any, currency: str, units: int):
    assert minor_units(amount, currency) == units


@given(st.integers(0, 10**13), st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))
def test_an_amount_written_in_decimals_comes_back_exactly(units: int, currency: str):
    amount = Decimal(units).scaleb(-exponent(currency))

    assert minor_units(amount, currency) == units


def test_an_object_that_carries_an_amount_is_a_price():
    @dataclass
    class Money:
        amount: Decimal

    assert minor_units(Money(Decimal("5.50")), "EUR") == 550


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (None, "no price"),
        ("19.99", "str"),
        (True, "bool"),
        (Decimal("NaN"), "not finite"),
        (Decimal("sNaN"), "not finite"),
        (float("inf"), "not finite"),
        (-1, "negative"),
        (Decimal("-0.01"), "negative"),
        (1e300, "too large"),
        (Decimal("1e1000"), "too large"),
    ],
)
def test_nonsense_is_refused_with_its_reason(amount: Any, reason: str):
    with pytest.raises(ValueError, match=reason):
        minor_units(amount, "EUR")
