"""Products of the test shop, and the catalogue's rows for them."""

from __future__ import annotations

from typing import Any

from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import key_text, label_of, ref_of
from tests.shop.models import Gift, Product


def product(name: str = "Tea", **fields: Any) -> Product:
    return Product.objects.create(name=name, price=10, **fields)


def gift(label: str = "Voucher") -> Gift:
    return Gift.objects.create(label=label, cents=500)


def item_of(shown: Any) -> int:
    """Put one product into the catalogue, as a sync would, and return its item id."""
    label, key = label_of(shown), key_text(shown.pk)
    # The catalogue's own signals have done so already where the test commits.
    row, _ = Item.objects.get_or_create(
        ref=ref_of(label, key), defaults={"model": label, "key": key}
    )
    return int(row.pk)


def stocked(name: str = "Tea", **fields: Any) -> tuple[Product, int]:
    made = product(name, **fields)
    return made, item_of(made)
