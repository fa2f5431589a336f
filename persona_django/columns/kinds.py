"""What a column holds, and how its values become an array whatever the database hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPOCH = np.datetime64("1970-01-01T00:00:00", "s")


@dataclass(frozen=True)
class Kind:
    """One column as its reader wants it.

    `letter` is `i` whole number, `n` whole number that is never NULL (faster), `f` number, `d`
    decimal as number, `t` time as seconds since 1970 UTC, `y` day, as when it began in the shop's
    zone, `s` text, `k` key of any type (whole numbers stay numbers). `default` stands in for NULL
    in whole numbers and times.
    """

    letter: str
    default: int = 0

    @property
    def is_whole(self) -> bool:
        return self.letter in "inty"


def parse_kinds(kinds: str | Sequence[str]) -> list[Kind]:
    """Read `"iits"`, or `["i", "i:-1", "t"]` where NULL becomes -1 in the second column."""
    parsed = []
    for text in kinds:
        letter, _, default = text.partition(":")
        if letter not in {"i", "n", "f", "d", "t", "y", "s", "k"}:
            raise ValueError(f"no kind of column is called {text!r}; say i, n, f, d, t, y, s or k")
        parsed.append(Kind(letter, int(default or 0)))
    return parsed


def to_array(values: Sequence[Any], kind: Kind) -> NDArray[Any]:
    """An array of the values one cursor gave for one column."""
    if kind.is_whole:
        if None in values:
            values = [kind.default if value is None else value for value in values]
        return np.fromiter(values, dtype=np.int64, count=len(values))
    if kind.letter in "fd":
        if None in values:
            values = [np.nan if value is None else value for value in values]
        return np.fromiter(values, dtype=np.float64, count=len(values))
    if kind.letter == "k" and all(type(value) is int for value in values):
        return np.fromiter(values, dtype=np.int64, count=len(values))
    found = np.empty(len(values), dtype=object)
    found[:] = [None if value is None else str(value) for value in values]
    return found


def joined(parts: Sequence[NDArray[Any]], kind: Kind) -> NDArray[Any]:
    """The pieces of one column as one array; keys that are not all numbers become text."""
    if not parts:
        return to_array([], kind)
    if kind.letter == "k" and len({part.dtype for part in parts}) > 1:
        parts = [
            part if part.dtype == object else part.astype(str).astype(object) for part in parts
        ]
    return np.concatenate(parts)


def local_to_utc(seconds: NDArray[np.int64], zone: tzinfo | None) -> NDArray[np.int64]:
    """Turn clock readings of a zone, counted as if they were UTC, into seconds since 1970 UTC.

    Offsets change at most once in a quarter of an hour, so each quarter is looked up once.
    """
    if zone is None or len(seconds) == 0:
        return seconds
    quarter, at = np.unique(seconds // 900, return_inverse=True)
    offsets = [
        (moment.replace(tzinfo=zone).utcoffset() or timedelta()) // timedelta(seconds=1)
        for moment in (EPOCH + quarter * 900).tolist()
    ]
    return seconds - np.array(offsets, dtype=np.int64)[at]
