"""Texts of a file as numbers, or the reason why they are none. Each distinct text is read once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from persona_django.catalogue import money
from persona_django.importing.fields import KIND_WORDS
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking.codes import factorise
from persona_django.tracking.schema import EARLIEST, LONGEST_ID, MOST_PRICE, MOST_QUANTITY, Kind

NO_PRICE = -1
_EPOCH = re.compile(r"\d{9,17}(\.\d+)?\Z")
_UTC = re.compile(r"(?:Z| UTC)\Z")
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


class Faults:
    """Why lines are refused; the first reason found for a line is kept."""

    def __init__(self, size: int) -> None:
        self.reasons = [""]
        self.of_line = np.zeros(size, dtype=np.int64)

    def add(self, reasons: list[str], at: NDArray[np.int64]) -> None:
        """Refuse every line at whose place among `reasons` there is one."""
        numbers = np.zeros(max(len(reasons), 1), dtype=np.int64)
        for place, reason in enumerate(reasons):
            if reason:
                numbers[place] = len(self.reasons)
                self.reasons.append(reason)
        if numbers.any():
            self.of_line = np.where(self.of_line == 0, numbers[at], self.of_line)

    def refuse(self, lines: NDArray[np.bool_], reason: str) -> None:
        """Refuse every line of a mask for one reason."""
        self.add(["", reason], lines.astype(np.int64))

    @property
    def good(self) -> NDArray[np.bool_]:
        """The lines that nothing is wrong with."""
        return self.of_line == 0

    def reason(self, line: int) -> str:
        """Why one line is refused."""
        return self.reasons[self.of_line[line]]


def numbers(texts: list[str], read: Callable[[str], int], faults: Faults) -> NDArray[np.int64]:
    """One number for each text; lines whose text `read` refuses with ValueError get its reason."""
    distinct, at = factorise(texts)
    values = np.zeros(len(distinct), dtype=np.int64)
    reasons = [""] * len(distinct)
    for place, text in enumerate(distinct):
        try:
            values[place] = read(text.strip())
        except ValueError as error:
            reasons[place] = str(error)
    faults.add(reasons, at)
    return values[at] if len(distinct) else values


def keys(
    texts: list[str], name: str, faults: Faults, *, encoding: str
) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct keys of a column, without spaces around them, and their places.

    A key that cannot be stored, or that is no text of the file's encoding, is a fault.
    """
    distinct, at = factorise(texts)
    reasons = [key_fault(text, name, encoding=encoding) for text in distinct]
    faults.add(reasons, at)
    return ["" if bad else text.strip() for text, bad in zip(distinct, reasons, strict=True)], at


def key_fault(text: str, name: str, *, encoding: str) -> str:
    """Why a text can be no key; empty when it can."""
    if fault := text_fault(text, name, encoding=encoding):
        return fault
    if len(text) > LONGEST_ID:
        return f"too long: the {name} has {len(text)} characters, at most {LONGEST_ID}"
    return ""


def text_fault(text: str, name: str, *, encoding: str) -> str:
    """Why no database stores a text that was read with `surrogateescape`; empty when all do."""
    if text.isascii() and "\0" not in text:
        return ""
    found = _NOT_TEXT.search(text)
    if found is None:
        return ""
    if found[0] == "\0":
        return f"NUL character in the {name}"
    return f"not {encoding.upper().removesuffix('-SIG')}: the {name}"


def shown(text: str) -> str:
    """A text of a file as a message may show it: short, and without control characters."""
    return repr(text[:40]) if text else "nothing"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads the texts of one file by its options."""

    currency: str
    zone: tzinfo
    time_format: str = ""
    decimal: str = "."
    allowed: frozenset[Kind] = frozenset(Kind)

    def time(self, text: str) -> int:
        """Seconds since 1970 from ISO 8601, seconds or milliseconds since 1970, or the format."""
        try:
            seconds = self._seconds(text)
        except (ValueError, OverflowError, OSError):
            raise ValueError(f"bad time: {shown(text)}") from None
        if not EARLIEST <= seconds <= time.time() + DAY_SECONDS:
            raise ValueError(f"bad time: {shown(text)} is before 1990 or still to come")
        return seconds

    def _seconds(self, text: str) -> int:
        if self.time_format:
            moment = datetime.strptime(text, self.time_format)
        elif _EPOCH.match(text):
            whole = int(text.partition(".")[0])
            # Eleven digits of seconds reach past the year 5000: more are thousandths.
            while whole >= 10**11:
                whole //= 1000
            return whole
        else:
            moment = datetime.fromisoformat(_UTC.sub("+00:00", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
        return int(moment.astimezone(timezone.utc).timestamp())

    def quantity(self, text: str) -> int:
        """Whole pieces, below 0 for what came back. Part of a piece, or nothing, is one."""
        if not text:
            return 1
        try:
            amount = self._decimal(text)
        except ValueError:
            raise ValueError(f"bad quantity: {shown(text)}") from None
        if amount == 0 or abs(amount) > MOST_QUANTITY:
            raise ValueError(f"bad quantity: {shown(text)}")
        return round(amount) or (1 if amount > 0 else -1)

    def price(self, text: str) -> int:
        """Minor units of the currency; `NO_PRICE` for none."""
        if not text:
            return NO_PRICE
        try:
            units = money.minor_units(self._decimal(text), self.currency)
        except ValueError:
            raise ValueError(f"bad price: {shown(text)}") from None
        if units > MOST_PRICE:
            raise ValueError(f"bad price: {shown(text)}")
        return units

    def _decimal(self, text: str) -> Decimal:
        if self.decimal == ",":
            text = text.replace(".", "").replace(",", ".")
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise ValueError("no number") from None
        if not value.is_finite() or len(text) > LONGEST_ID:
            raise ValueError("no number")
        return value

    def kind(self, text: str) -> int:
        """The kind that a word means, if this file may hold it."""
        kind = KIND_WORDS.get(text.casefold().replace("-", "_"))
        if kind is None:
            raise ValueError(f"unknown kind: {shown(text)}")
        if kind not in self.allowed:
            raise ValueError(f"not an order: {kind.name.lower()}; import it with --kind event")
        return int(kind)
