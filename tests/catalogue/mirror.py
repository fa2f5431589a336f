"""Products of the test shop, a plain map of them, and their items."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from persona_django.catalogue import ItemMap
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from tests.shop.models import Product


def made(name: str = "Sencha", **fields: Any) -> Product:
    return Product.objects.create(**{"name": name, "price": Decimal("4.50"), **fields})


def item_of(obj: Any) -> Item:
    return Item.objects.get(ref=ref_of(obj._meta.label_lower, obj.pk))


def plain_map(**attributes: Any) -> type[ItemMap]:
    needed = {"title": "name", "price": "price", "url": "get_absolute_url"}
    return type("Plain", (ItemMap,), {**needed, **attributes})
