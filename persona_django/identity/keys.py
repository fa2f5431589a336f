"""Keyed hashes: numbers that stand for a person or an order without naming it.

Each purpose has a key of its own, so that numbers of two purposes cannot be joined, and all keys
come from SECRET_KEY, so that nobody without it can work out whose number it is.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables
from numpy.typing import NDArray

PURPOSES = frozenset(
    {
        "visitor",
        "customer",
        "guest",
        "aggregate",
        "order",
        "event",
        "link",
        "nonce",
        "throttle",
        "search",
        "draw",
    }
)
_KEY_SALT = "persona_django.identity.keys."


def keyed(purpose: str, value: str, *, secret: str | bytes | None = None) -> int:
    """The number, 1 to 2^63 - 1, that stands for this value and nothing else.

    Changes for good when SECRET_KEY changes; `keyed_ever` gives those of fallback keys as well,
    and an earlier `secret` what it once was.

    >>> keyed("customer", "31") == keyed("visitor", "31")
    False
    """
    return _number(_hasher(purpose, secret or settings.SECRET_KEY), value)


def keyed_many(
    purpose: str, values: Iterable[str], *, secret: str | bytes | None = None
) -> NDArray[np.int64]:
    """The numbers of many values, in their order; by an earlier `secret` what they once were."""
    hasher = _hasher(purpose, secret or settings.SECRET_KEY)
    return np.fromiter((_number(hasher, value) for value in values), dtype=np.int64)


@sensitive_variables()
def keyed_ever(purpose: str, value: str) -> list[int]:
    """The numbers that stand, or once stood, for this value: one for each key still accepted.

    What was stored before a key was rotated is still that person's: to be told, to be erased.
    """
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [_number(_hasher(purpose, secret), value) for secret in secrets]


def _number(hasher: hashlib.blake2b, value: str) -> int:
    if not value.isascii():
        # The same name may be typed with one character or with a letter and its accent.
        value = unicodedata.normalize("NFC", value)
    mine = hasher.copy()
    mine.update(value.encode("utf-8", "surrogatepass"))
    return (int.from_bytes(mine.digest(), "big") >> 1) or 1


@lru_cache(maxsize=32)
@sensitive_variables()
def _hasher(purpose: str, secret: str | bytes) -> hashlib.blake2b:
    if purpose not in PURPOSES:
        raise ValueError(
            f"unknown purpose {purpose!r}: keys are kept apart for {sorted(PURPOSES)}"
        )
    key = salted_hmac(_KEY_SALT + purpose, "", secret=secret, algorithm="sha256").digest()
    return hashlib.blake2b(key=key, digest_size=8)
