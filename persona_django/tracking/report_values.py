"""What a client may report, as values, and how each field of it is read.

Written out by hand, because it runs for every event of every visitor. Nothing that a client sent
comes back out in an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persona_django import conf
from persona_django.catalogue.money import minor_units
from persona_django.catalogue.refs import parse_seed
from persona_django.exceptions import NotRegistered, Refusal
from persona_django.tracking.ingest import event_uid
from persona_django.tracking.schema import LONGEST_ID
from persona_django.tracking.words import normalised

LONGEST_EVENT = 4 * 1024
"""Bytes of one event in UTF-8, without blanks."""
SHORT_ENOUGH = 500
"""Characters of text with which no event comes near that, whatever they are and whatever numbers
stand beside them: most events need not be measured."""
MOST_FIELDS = 20
LONGEST_NAME = 64
LONGEST_TEXT = 256
MOST_TOKENS = 40
"""Of one event; a longer slate is reported in two."""
LAST_POSITION = 63
"""Of a slate, from 1. What was seen, chosen and not wanted of it are bits of a number of 64, which
has a sign; of positions beyond nothing is told."""
MOST_RESULTS = 10**9
MOST_AMOUNT = 10**12
"""In the main unit of a currency."""
MOST_SECONDS = 10**7
PARTS = frozenset(
    {"gallery", "zoom", "quick-view", "hover", "video", "reviews", "size-chart", "other"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to an item; which one, says `item` or the token of a slot."""

    uid: int
    kind: int
    at: int
    clamped: bool
    item: tuple[str, str] | None = None
    token: str = ""
    slate: int = 0
    """Number of the slate that the slot was in; 0: not said."""
    quantity: int = 1
    value: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something that the visitor asked the shop for."""

    uid: int
    kind: int
    at: int
    clamped: bool
    name: str = ""
    words: str = ""
    low: int | None = None
    high: int | None = None
    results: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A slate that stood in a page, and the positions of it that were seen so far."""

    uid: int
    at: int
    clamped: bool
    tokens: tuple[str, ...]
    seen: tuple[int, ...]


Report = Happening | Wish | Shown


def check_size(given: Mapping[str, Any]) -> None:
    """Fields are few, names and texts are short, and so is the event as a whole."""
    if len(given) > MOST_FIELDS:
        raise Refusal("size")
    text = 0
    for name, value in given.items():
        if len(name) > LONGEST_NAME:
            raise Refusal("size")
        text += len(name)
        if type(value) is str:
            if len(value) > LONGEST_TEXT:
                raise Refusal("size")
            text += len(value)
        elif type(value) is list:
            if len(value) > LAST_POSITION:
                raise Refusal("size")
            # What stands in it is measured, not guessed.
            text += SHORT_ENOUGH
    if text > SHORT_ENOUGH and _bytes_of(given) > LONGEST_EVENT:
        raise Refusal("size")


def _bytes_of(given: Mapping[str, Any]) -> int:
    # Half a character, which is refused as text, is no reason to fail here.
    return len(_written(given).encode("utf-8", "surrogatepass"))


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def time_of(value: Any) -> float | None:
    if value is None or type(value) in (int, float):
        return value
    raise Refusal("at")


def text_of(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if type(value) is not str or not value:
        raise Refusal("value")
    return value


def number(value: Any, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high:
        raise Refusal("value")
    return value


def whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise Refusal("value")
    return value


def item_of(given: Mapping[str, Any]) -> tuple[str, str]:
    try:
        return parse_seed(text_of(given, "item"))
    except NotRegistered:
        raise Refusal("item") from None


def slate_uid(given: Mapping[str, Any]) -> int:
    named = text_of(given, "slate")
    if len(named) > LONGEST_ID:
        raise Refusal("value")
    return event_uid(f"slate {named}")


def words_of(given: Mapping[str, Any], name: str) -> str:
    words = normalised(text_of(given, name))
    if not words:
        raise Refusal("words")
    return words


def amount_of(value: Any) -> int | None:
    if value is None:
        return None
    try:
        return minor_units(number(value, 0, MOST_AMOUNT), conf.current().currency)
    except ValueError:
        raise Refusal("value") from None
