"""Whether a message comes from a server of the shop's: signed, fresh, and for the first time.

The signature is HMAC-SHA256, in hexadecimal digits, over the timestamp, a full stop, the nonce, a
full stop, and the body as it was sent, keyed with a secret of the setting SERVER_KEYS. Two keys at
a time may be in force, so that one is changed without a gap.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, router
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from persona_django import conf
from persona_django.exceptions import Unsigned
from persona_django.identity.keys import keyed
from persona_django.tracking.models import UsedNonce

WINDOW = timedelta(seconds=300)
"""How far the clocks of two servers may be apart, and how long a message is on its way."""
FORGET_AFTER = 4 * WINDOW
"""How long `tracking.retention` keeps a nonce: longer than its message could be taken, because
clocks may be set back."""
SHORTEST_SECRET = 32
"""Characters; a shorter one could be guessed, so nothing signed with it is taken."""

_NAME = re.compile(r"[A-Za-z0-9_\-]{1,60}\Z")
_NONCE = re.compile(r"[A-Za-z0-9_\-]{16,128}\Z")
_TIMESTAMP = re.compile(r"[0-9]{9,11}\Z")
_SIGNATURE = re.compile(r"[0-9a-f]{64}\Z")
_NOBODYS = secrets.token_bytes(32)
"""What a message of an unknown key is checked against, so that it takes as long as any other."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a message says about itself, before its body was read."""

    key: str
    at: int
    """Seconds since 1970, UTC, by the sender's clock."""
    nonce: str
    signature: str = field(repr=False)


@sensitive_variables()
def claim_of(meta: Mapping[str, Any]) -> Claim:
    """What the headers of a request claim. Raises Unsigned where it could not be true anyway."""
    given = {
        name: meta.get(f"HTTP_X_PERSONA_{name.upper()}", "")
        for name in ("key", "timestamp", "nonce", "signature")
    }
    shapes = (_NAME, _TIMESTAMP, _NONCE, _SIGNATURE)
    if not all(shape.match(text) for shape, text in zip(shapes, given.values(), strict=True)):
        raise Unsigned("signature")
    claim = Claim(
        key=given["key"],
        at=int(given["timestamp"]),
        nonce=given["nonce"],
        signature=given["signature"],
    )
    if abs(time.time() - claim.at) > WINDOW.total_seconds():
        raise Unsigned("stale")
    return claim


@sensitive_variables()
def verify(claim: Claim, body: bytes) -> None:
    """Raises Unsigned unless a key in force signed exactly this."""
    secret = conf.current().server_keys.get(claim.key)
    is_sound = isinstance(secret, str) and len(secret) >= SHORTEST_SECRET
    key = str(secret).encode() if is_sound else _NOBODYS
    expected = signature_of(key, claim.at, claim.nonce, body)
    if not hmac.compare_digest(expected, claim.signature) or key is _NOBODYS:
        raise Unsigned("signature")


@sensitive_variables()
def signature_of(key: bytes, at: int, nonce: str, body: bytes) -> str:
    """The signature of a body, as its sender works it out."""
    return hmac.new(key, f"{at}.{nonce}.".encode() + body, "sha256").hexdigest()


@sensitive_variables()
def refuse_used(claim: Claim) -> None:
    """Raises Unsigned for a message that was taken: before any other work is done for it. Of two
    at the same moment it lets both pass, and `use` only one."""
    if _used().filter(key=_number(claim)).exists():
        raise Unsigned("replayed")


@sensitive_variables()
def use(claim: Claim) -> None:
    """Note, in the caller's transaction, that a message was taken. Raises Unsigned the second
    time; of two at the same moment, one waits for the other."""
    try:
        _used().create(key=_number(claim), at=claim.at)
    except IntegrityError:
        raise Unsigned("replayed") from None


def _used() -> QuerySet[UsedNonce]:
    return UsedNonce.objects.using(router.db_for_write(UsedNonce))


@sensitive_variables()
def _number(claim: Claim) -> int:
    return keyed("nonce", f"{claim.key}\0{claim.nonce}")
