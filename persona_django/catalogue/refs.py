"""Names of the shop's rows: a model label and a key as text, and one number made of both.

Nothing of ours points into the shop's tables. An item is found again by `ref`, a hash that any
process can compute from the shop's own object without a query.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from numpy.typing import NDArray

from persona_django.exceptions import NotRegistered

MAX_KEY_LENGTH = 128
"""Characters of a primary key as text; the width of `Item.key`."""

_LABEL = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*\Z")


def key_text(value: Any) -> str:
    """A primary key as the text under which its item is kept, one spelling for equal keys."""
    text = value if isinstance(value, str) else str(value)
    # Two spellings of the same é must not become two items.
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def key_fault(key: str) -> str:
    """Why this key cannot be stored, in words; empty when it can."""
    if not key:
        return "its key is empty"
    if len(key) > MAX_KEY_LENGTH:
        return f"its key has {len(key)} characters, at most {MAX_KEY_LENGTH} fit"
    if "\0" in key:
        return "its key holds a NUL character, which no database stores as text"
    if not key.isascii() and any("\ud800" <= letter <= "\udfff" for letter in key):
        return "its key holds half of a surrogate pair, which is no character"
    return ""


def ref_of(label: str, key: Any) -> int:
    """The number of one shop row: 63 bits, above 0, the same on every host and day."""
    named = f"{label}\0{key_text(key)}".encode("utf-8", "surrogatepass")
    return (int.from_bytes(blake2b(named, digest_size=8).digest(), "big") >> 1) or 1


def refs_of(label: str, keys: Iterable[Any]) -> NDArray[np.int64]:
    """`ref_of` for many keys of one model, in their order."""
    start = blake2b(f"{label}\0".encode(), digest_size=8)
    digests = bytearray()
    for key in keys:
        named = start.copy()
        named.update(key_text(key).encode("utf-8", "surrogatepass"))
        digests += named.digest()
    refs = np.frombuffer(bytes(digests), dtype=">u8") >> np.uint64(1)
    return np.maximum(refs, 1).astype(np.int64)


def label_of(obj: Any) -> str:
    """The label under which an object's (or a model's) items are kept.

    An object of a proxy or of a child of a registered model belongs to the registered one.
    """
    from persona_django.catalogue.registry import item_maps

    known = item_maps()
    model: Any = obj if isinstance(obj, type) else type(obj)
    for ancestor in model.__mro__:
        meta = getattr(ancestor, "_meta", None)
        label = getattr(meta, "label_lower", "")
        if label in known:
            return str(label)
    return str(model._meta.label_lower)


def own_key(label: str, key: Any) -> str:
    """A key in the spelling under which its item is kept: `7` for the text `007`, a UUID with its
    dashes. What the model does not take, or nobody registered, stays as it is. Asks no database.
    """
    from persona_django.catalogue.registry import item_maps

    # What is no text is of the model's own type, which has one spelling.
    item_map = item_maps().get(label) if isinstance(key, str) else None
    text = key_text(key)
    if item_map is None:
        return text
    try:
        return _as_kept(item_map.model._meta.pk, text)
    except _REFUSED:
        return text


_REFUSED = (ValidationError, ValueError, TypeError, OverflowError)
"""What fields raise for a text that can be no value of theirs."""


def _as_kept(field: Any, key: str) -> str:
    """The text of the value that a field makes of a text; raises what the field raises."""
    kept = key_text(field.to_python(key))
    if kept == key:
        return key
    try:
        # Values of some fields, such as bytes, cannot be read from their own text again.
        return kept if key_text(field.to_python(kept)) == kept else key
    except _REFUSED:
        return key


def parse_seed(text: str) -> tuple[str, str]:
    """Model label and key of a seed as written in an address: `shop.product:31`, or `31`.

    The model may be left out where the shop registered only one.
    """
    from persona_django.catalogue.registry import item_maps

    known = item_maps()
    label, colon, key = text.partition(":")
    if colon and _LABEL.match(label) and label.lower() in known:
        label, key = label.lower(), key_text(key)
    elif len(known) == 1 and not (colon and _LABEL.match(label)):
        label, key = next(iter(known)), key_text(text)
    else:
        registered = ", ".join(sorted(known)) or "none"
        raise NotRegistered(
            f"Cannot tell which item {text[:80]!r} is. Write it as app.model:key with a "
            f"registered model ({registered})."
        )
    fault = key_fault(key)
    if not fault:
        field: Any = known[label].model._meta.pk
        try:
            return label, _as_kept(field, key)
        except _REFUSED:
            fault = f"{field} does not take it"
    raise NotRegistered(f"No item has the key {key[:80]!r}: {fault}.")
