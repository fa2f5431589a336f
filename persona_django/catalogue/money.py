"""Prices as whole numbers of a currency's smallest unit, so that sums are exact."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_WHOLE = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
    "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_EXPONENTS = {
    **dict.fromkeys(_WHOLE, 0),
    **dict.fromkeys(_THOUSANDTHS, 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""ISO 4217 currencies whose smallest unit is not a hundredth."""

MOST = 2**53
"""Largest amount kept: above it a float column could no longer tell neighbours apart."""


def exponent(currency: str) -> int:
    """Decimal places of a currency: 0 for the yen, 2 for the euro, 3 for the Kuwaiti dinar."""
    return _EXPONENTS.get(currency.upper(), 2)


def minor_units(value: Any, currency: str) -> int:
    """An amount in the currency's smallest unit, halves rounded away from zero.

    Takes Decimal, int or float, or anything that carries such an `amount`. Raises ValueError with
    the reason for everything that is not a price: nothing, text, NaN, infinite, negative, absurd.
    """
    amount = getattr(value, "amount", value)
    if amount is None:
        raise ValueError("it has no price")
    if isinstance(amount, bool) or not isinstance(amount, (Decimal, int, float)):
        raise ValueError(f"its price is {type(amount).__name__}, not a number")
    # repr() of a float is the shortest decimal that means it: 19.99, not 19.98999.
    exact = amount if isinstance(amount, Decimal) else Decimal(repr(amount))
    if not exact.is_finite():
        raise ValueError("its price is not finite")
    if exact < 0:
        raise ValueError("its price is negative")
    if exact > MOST:
        raise ValueError("its price is too large to be one")
    return int(exact.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
