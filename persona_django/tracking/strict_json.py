"""JSON without its surprises: what two readers could understand differently is no JSON here."""

from __future__ import annotations

import json
import math
from typing import Any

from persona_django.exceptions import BadMessage

MOST_DIGITS = 19
"""Digits of a whole number. Reading one of thousands takes long, and none of ours has more."""


def parsed(data: bytes, *, depth: int) -> Any:
    """The value of a body in UTF-8, nested at most `depth` deep. Raises BadMessage.

    Refused besides what is no JSON: NaN, Infinity and what is too large for a number, the same
    name twice in one object, and nesting that would use up the stack.
    """
    try:
        value = _decoder.decode(data.decode("utf-8"))
    except (ValueError, RecursionError):
        # What the parser says quotes the body, which must never come into a log.
        raise BadMessage(
            "The body is no JSON in UTF-8 that can be read in one way only."
        ) from None
    if not _is_within(value, depth):
        raise BadMessage(f"The body is nested more than {depth} deep.")
    return value


def has_odd_text(value: Any) -> bool:
    """Whether any text in it, names included, holds NUL or half of a surrogate pair.

    The one is refused by PostgreSQL, the other is no character. JSON brings either in by an
    escape only, so that a body without `\\u` need not be searched.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\0" in one or any("\ud800" <= letter <= "\udfff" for letter in one):
                return True
        elif isinstance(one, dict):
            waiting.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return False


def _is_within(value: Any, depth: int) -> bool:
    """Level by level, because a function that calls itself has limits of its own."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return True
    return False


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS + 1:
        raise ValueError("a number has too many digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=_whole, parse_float=_finite, parse_constant=_constant
)
