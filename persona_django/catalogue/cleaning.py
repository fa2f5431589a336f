"""One product's values made fit for the mirror: lengths, units, characters, and a digest of all.

ValueError with a reason in words means that this product cannot be an item; the others can.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timezone
from hashlib import blake2b
from typing import Any, NamedTuple

from django.db import models
from django.db.models.fields.files import FieldFile, FileField
from django.utils.timezone import get_default_timezone, is_naive, make_aware

from persona_django.catalogue import money
from persona_django.catalogue.categories import LEVELS, is_under
from persona_django.catalogue.links import safe_url
from persona_django.catalogue.refs import ref_of

MOST_TEXT = 10_000
MOST_IMAGES = 20
MOST_ADDRESS = 500
MOST_STOCK = 2**31 - 1


class ItemRow(NamedTuple):
    """The columns of one item that come from the shop, named as on the model."""

    group_ref: int
    title: str
    category: str
    brand: str
    price: int
    list_price: int
    currency: str
    available: bool
    stock: int | None
    margin: float | None
    published_at: int
    attributes: dict[str, Any]
    images: list[str]
    text: str
    sensitive: bool

    def digest(self) -> int:
        """A number that changes with any column, the same on every host."""
        shown = repr(tuple(self)).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(shown, digest_size=8).digest(), "big") >> 1


def clean(
    values: Mapping[str, Any],
    *,
    label: str,
    currency: str,
    sensitive_categories: tuple[str, ...] = (),
    own_key: str = "",
) -> ItemRow:
    """The item row of one product. `own_key` stands in where a parent names no parent."""
    code = _currency(values.get("currency") or currency)
    category = category_path(values.get("category"))
    compared = values.get("compare_at_price")
    return ItemRow(
        group_ref=_group_ref(label, values.get("group"), own_key),
        title=plain_text(values.get("title"), 300),
        category=category,
        brand=plain_text(values.get("brand"), 150),
        price=money.minor_units(values.get("price"), code),
        list_price=0 if compared is None else _list_price(compared, code),
        currency=code,
        available=bool(values.get("available", True)),
        stock=_stock(values.get("stock")),
        margin=_margin(values.get("margin")),
        published_at=epoch_seconds(values.get("published_at")),
        attributes=_attributes(values),
        images=image_addresses(values.get("images")),
        text=plain_text(values.get("text"), MOST_TEXT),
        sensitive=bool(values.get("sensitive"))
        or any(is_under(category, prefix) for prefix in sensitive_categories),
    )


def plain_text(value: Any, length: int) -> str:
    """Text that every database stores: composed, without NUL and broken characters, cut."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return text.replace("\0", "").strip()[:length]


def category_path(value: Any) -> str:
    """A category from the top down, whether the shop gives it as text or as its levels."""
    if isinstance(value, (list, tuple)):
        value = LEVELS.join(plain_text(level, 300) for level in value)
    return plain_text(value, 300)


def epoch_seconds(value: Any) -> int:
    """A date, a datetime or a number as whole seconds since 1970, UTC; 0 for nothing."""
    if value is None:
        return 0
    if isinstance(value, datetime):
        aware = make_aware(value, get_default_timezone()) if is_naive(value) else value
        return int(aware.timestamp())
    if isinstance(value, date):
        return int(datetime.combine(value, time(), timezone.utc).timestamp())
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 2**40:
        return int(value)
    raise ValueError(f"its publication date is {type(value).__name__}, not a date")


def image_addresses(value: Any) -> list[str]:
    """Addresses of pictures from a field, a list of texts, or objects that hold a file."""
    given = value if isinstance(value, (list, tuple)) else [value]
    addresses = []
    for one in given:
        address = safe_url(plain_text(_address(one), MOST_ADDRESS + 1))
        if address and len(address) <= MOST_ADDRESS:
            addresses.append(address)
    return addresses[:MOST_IMAGES]


def file_address(url: str) -> str:
    """A stored file's address without what a storage adds anew each time it is asked, such as a
    signature: the same file must give the same row. What is shown comes from the shop's object.
    """
    return url.partition("?")[0]


def _address(one: Any) -> Any:
    if isinstance(one, FieldFile):
        return file_address(one.url) if one else None
    if isinstance(one, models.Model):
        own = getattr(one, "url", None)
        if own is not None:
            return own() if callable(own) else own
        for field in one._meta.concrete_fields:
            if isinstance(field, (FileField, models.URLField)):
                return _address(getattr(one, field.attname))
        return None
    return one


def _group_ref(label: str, value: Any, own_key: str) -> int:
    if isinstance(value, models.Model):
        value = value.pk
    text = plain_text(value if value is not None else own_key, 300)
    # Named apart from keys, so that a family called 31 is not the product 31.
    return ref_of(f"{label}/group", text) if text else 0


def _currency(value: Any) -> str:
    code = str(value).upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise ValueError("its currency is no code of three letters")
    return code


def _list_price(value: Any, currency: str) -> int:
    try:
        return money.minor_units(value, currency)
    except ValueError as error:
        raise ValueError(f"compare_at_price: {error}") from None


def _stock(value: Any) -> int | None:
    if value is None:
        return None
    try:
        pieces = int(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("its stock is no number") from None
    # Shops that sell beyond their stock count below zero; there is still none.
    return max(0, min(pieces, MOST_STOCK))


def _margin(value: Any) -> float | None:
    if value is None:
        return None
    try:
        share = float(value)
    except (TypeError, ValueError):
        raise ValueError("its margin is no number") from None
    if not math.isfinite(share):
        raise ValueError("its margin is not finite")
    return share


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        _, dot, attribute = name.partition("attributes.")
        plain = _plain(value) if dot else None
        if plain not in (None, "", []):
            found[attribute] = plain
    return found


def _plain(value: Any) -> Any:
    """A value that JSON of every database keeps as it is."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple, set, frozenset)):
        ordered = sorted(map(str, value)) if isinstance(value, (set, frozenset)) else value
        return [plain_text(one, 200) for one in list(ordered)[:50]]
    return plain_text(value, 200)
