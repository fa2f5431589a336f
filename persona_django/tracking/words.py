"""Words that a shopper typed, made the same for all who mean the same, and telling of nobody.

Who searches for an order, a friend or their own telephone number types what is nobody else's
business. It is taken out here, before anything is stored.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

LONGEST = 64
MOST_DIGITS = 6
"""Digits in a row, spaces and dashes between them included; more may be somebody's number."""
_AT_SIGNS = ("@", "\uff20", "\ufe6b", "%40", "(at)", "[at]", "{at}")
_BETWEEN_DIGITS = frozenset("+-()/.,:;#*'_\u2010\u2011\u2012\u2013\u2014\u2212\uff0b\uff0d")


def normalised(text: str) -> str:
    """Small letters, single spaces, at most `LONGEST` characters, nothing like an e-mail address,
    a telephone number or any long number. Empty when nothing else is left.

    >>> normalised("  Red   SHOES jane@example.com +49 171 123-4567 ")
    'red shoes'
    """
    plain = unicodedata.normalize("NFC", "".join(_visible(text)))
    # Folding may take a letter apart that was in one piece before.
    folded = unicodedata.normalize("NFC", plain.casefold())
    kept = " ".join(_without_numbers(_without_addresses(folded.split())))
    return kept[:LONGEST].rstrip()


def _visible(text: str) -> Iterator[str]:
    """Without control characters, which become spaces, and without what nobody sees."""
    for letter in text:
        category = unicodedata.category(letter)
        if category in ("Cc", "Zl", "Zp", "Zs"):
            yield " "
        elif category[0] != "C":
            yield letter


def _without_addresses(words: list[str]) -> list[str]:
    dropped: set[int] = set()
    for at, word in enumerate(words):
        sign = next((sign for sign in _AT_SIGNS if sign in word), None)
        if sign is None:
            continue
        # Written with spaces around the sign, an address is three words.
        dropped |= {at - 1} if word.startswith(sign) else set()
        dropped |= {at, at + 1} if word.endswith(sign) else {at}
    return [word for at, word in enumerate(words) if at not in dropped]


def _without_numbers(words: Iterable[str]) -> Iterator[str]:
    for is_number, group in groupby(words, _is_number):
        together = list(group)
        if not is_number:
            yield from (word for word in together if _digits(word) <= MOST_DIGITS)
        elif sum(map(_digits, together)) <= MOST_DIGITS:
            yield from together


def _is_number(word: str) -> bool:
    return all(letter.isdigit() or letter in _BETWEEN_DIGITS for letter in word)


def _digits(word: str) -> int:
    return sum(letter.isdigit() for letter in word)
