"""The colours and sizes a product page offers."""

from __future__ import annotations

from dataclasses import dataclass

from example_shop.models import Product
from example_shop.pictures.palette import hex_of


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One colour or size, leading to the variant that has it."""

    label: str
    url: str
    digits: str
    is_chosen: bool
    is_sold_out: bool


@dataclass(frozen=True, kw_only=True)
class Variants:
    """What can be chosen; empty lists where there is nothing to choose."""

    colours: list[Choice]
    sizes: list[Choice]


def choices(product: Product) -> Variants:
    """Colours keep the size where they can, sizes stay in the colour. One query."""
    if not product.family:
        return Variants(colours=[], sizes=[])
    siblings = list(
        Product.objects.filter(family=product.family, is_active=True)
        .only("id", "slug", "colour", "size", "stock", "family")
        .order_by("id")
    )
    by_colour: dict[str, list[Product]] = {}
    for sibling in siblings:
        by_colour.setdefault(sibling.colour, []).append(sibling)
    colours = [
        _choice(_best(group, product.size), colour, product.colour, group)
        for colour, group in by_colour.items()
        if colour
    ]
    sizes = [
        _choice(sibling, sibling.size, product.size, [sibling])
        for sibling in by_colour.get(product.colour, [])
        if sibling.size
    ]
    return Variants(
        colours=colours if len(colours) > 1 else [], sizes=sizes if len(sizes) > 1 else []
    )


def _best(group: list[Product], size: str) -> Product:
    """The one in this size, else the first one in stock, else the first one."""
    return min(group, key=lambda one: (one.size != size, one.stock == 0, one.pk))


def _choice(leads_to: Product, label: str, chosen: str, group: list[Product]) -> Choice:
    return Choice(
        label=label,
        url=leads_to.get_absolute_url(),
        digits=hex_of(label, 0),
        is_chosen=label == chosen,
        is_sold_out=all(one.stock == 0 for one in group),
    )
