"""The addresses of a product's pictures. All that a drawing needs stands in its address, so that
drawing one asks the database nothing and a browser may keep it for ever."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from django.urls import reverse

from example_shop.pictures.drawing import SEEDS, VIEWS
from example_shop.pictures.kinds import kind_of
from example_shop.pictures.palette import hex_of

if TYPE_CHECKING:
    from example_shop.models import Product


def gallery_of(product: Product) -> list[str]:
    """Every picture of `product`, the leading one first."""
    return [address_of(product, view) for view in range(VIEWS)]


def address_of(product: Product, view: int = 0) -> str:
    """One picture of `product`. Variants of a family differ in colour only."""
    seed = product.picture_seed or zlib.crc32((product.family or product.name).encode())
    kind = kind_of(product.name, product.category.path)
    return reverse("picture", args=[kind, hex_of(product.colour, seed), seed % SEEDS, view])
