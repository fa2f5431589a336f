"""Signed proof of serving: what a click must carry to count.

A token says which item stood in which place of which block, from which model version, and when.
Nobody is named in it. It is signed with a key of its store's own, so it counts in no other. That
of a slate made for one shopper is signed with a key of that shopper's own as well, so it counts
for nobody else; all others are the same for everyone, and cacheable.
"""

from __future__ import annotations

import binascii
import struct
import time
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.views.decorators.debug import sensitive_variables

from persona_django import conf
from persona_django.exceptions import BadToken

_SALT = "persona_django.feedback.tokens"
_HEAD = struct.Struct(">BIqqB")
"""Layout number, second since 1970, item, version, position; the name of the block follows."""
_LAYOUT = 1
_CLOCK_TOLERANCE_SECONDS = 300
GRAIN_SECONDS = 600
"""Times in tokens are rounded down to this, so that everybody is served the same public page."""
LONGEST = 200
"""Characters; anything longer is not worth a signature check."""


@dataclass(frozen=True, kw_only=True)
class SlotProof:
    """What one sound token says."""

    block: str
    item_id: int
    position: int
    version: int
    personal: bool
    """Whether the slate was made for the very customer who brings the token back."""
    served_at: int
    """Seconds since 1970, UTC."""


def sign_slot(
    block: str,
    item_id: int,
    position: int,
    version: int,
    customer: int | None = None,
    *,
    store: int = 1,
) -> str:
    """A token for one slot of a store, served now; with `customer` one that only that customer
    can use."""
    served_at = int(time.time()) // GRAIN_SECONDS * GRAIN_SECONDS
    head = _HEAD.pack(_LAYOUT, served_at, item_id, version, position)
    signer = _signer_for(store, customer)
    if customer is not None:
        return _signed(signer, head, block)
    return _signed_for_everyone(signer, head, block)


def _signed(signer: signing.Signer, head: bytes, block: str) -> str:
    return signer.sign(signing.b64_encode(head + block.encode()).decode())


# What is shown often is signed once in GRAIN_SECONDS rather than for each page.
_signed_for_everyone = lru_cache(maxsize=4_096)(_signed)


@sensitive_variables()
def read_token(token: str, customer: int | None = None, *, store: int = 1) -> SlotProof:
    """What a token proves when brought to this store by this customer, or by anyone.

    Raises BadToken when we did not sign it there, for everyone or for them, or it is too old.
    """
    payload, personal = _verified(token, store, customer)
    layout, served_at, item_id, version, position = _HEAD.unpack_from(payload)
    if layout != _LAYOUT:
        raise BadToken("The token has the layout of another release.")
    age = time.time() - served_at
    if not -_CLOCK_TOLERANCE_SECONDS <= age <= conf.current().token_max_age.total_seconds():
        raise BadToken("The token is too old, or from a clock that is ahead.")
    return SlotProof(
        block=payload[_HEAD.size :].decode(),
        item_id=item_id,
        position=position,
        version=version,
        personal=personal,
        served_at=served_at,
    )


@sensitive_variables()
def _verified(token: str, store: int, customer: int | None) -> tuple[bytes, bool]:
    """The payload, and whether it was signed for this customer alone."""
    if len(token) > LONGEST:
        raise BadToken("That is no token of ours: it is too long.")
    for whom in (None,) if customer is None else (None, customer):
        try:
            payload = signing.b64_decode(_signer_for(store, whom).unsign(token).encode())
        except (signing.BadSignature, binascii.Error, UnicodeError):
            continue
        if len(payload) <= _HEAD.size:
            raise BadToken("The token has the layout of another release.")
        return payload, whom is not None
    raise BadToken("The token's signature does not match.")


@sensitive_variables()
def _signer_for(store: int, customer: int | None) -> signing.Signer:
    # Not written into the token, which stands on a page for each slot: both sides know them.
    salt = f"{_SALT}:{store}" if customer is None else f"{_SALT}:{store}:{customer}"
    return _signer(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS), salt)


@lru_cache(maxsize=64)
@sensitive_variables()
def _signer(key: str | bytes, fallbacks: tuple[str | bytes, ...], salt: str) -> signing.Signer:
    """Pages served before a key was rotated are still open in browsers, so fallbacks count."""
    return signing.Signer(key=key, fallback_keys=list(fallbacks), salt=salt)
