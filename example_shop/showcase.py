"""What the home page puts forward."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Case, ExpressionWrapper, F, FloatField, IntegerField, Q, Value, When

from example_shop.browsing import add_swatches, discounted, on_offer
from example_shop.categories import Node, tree
from example_shop.models import Face, Product

CACHE_KEY = "shop.showcase.1"
REMEMBERED_SECONDS = 300
LOOKED_AT = 160
SHOWN = 8
IN_HERO = 4
MOST_TILES = 9
LOOKS = Case(
    When(Q(colour="") | Q(colour__iexact="black"), then=Value(1)),
    default=Value(0),
    output_field=IntegerField(),
)
TURNOVER = ExpressionWrapper(F("price") * F("sold"), output_field=FloatField())
"""Large pictures go to things with a colour, the best earners first. By pieces sold alone the
page would open with copy paper."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A department with the product that stands for it."""

    department: Node
    product: Product


@dataclass(frozen=True, kw_only=True)
class Showcase:
    """Products of the home page, each once."""

    hero: list[Product]
    tiles: list[Tile]
    popular: list[Product]
    new: list[Product]
    reduced: list[Product]


def build() -> Showcase:
    """Choose what to put forward; the choice is remembered, the products are read afresh."""
    chosen: dict[str, list[int]] = cache.get_or_set(CACHE_KEY, _choose, REMEMBERED_SECONDS)
    keys = {key for some in chosen.values() for key in some}
    products = on_offer().select_related("category", "brand").defer("description").in_bulk(keys)
    add_swatches(list(products.values()))
    shown = {
        name: [products[key] for key in some if key in products] for name, some in chosen.items()
    }
    aisle_of = {node.id: aisle for aisle in tree().aisles for node in aisle.walk()}
    tiles = [
        Tile(department=aisle_of[product.category_id], product=product)
        for product in shown.pop("tiles")
        if product.category_id in aisle_of
    ]
    return Showcase(tiles=tiles, **shown)


def forget() -> None:
    """Choose anew on the next visit; loaders call it when they are done."""
    cache.delete(CACHE_KEY)


def _choose() -> dict[str, list[int]]:
    """Keys of the products for each part of the page."""
    aisles = tree().aisles
    departments = {node.id: number for number, top in enumerate(aisles) for node in top.walk()}
    rows = on_offer().filter(face=Face.FAMILY, stock__gt=0).values_list("id", "category_id")
    best = list(rows.order_by("-sold", "-id")[:LOOKED_AT])
    newest = list(rows.order_by("-created", "-id")[:LOOKED_AT])
    reduced = list(discounted(rows).order_by("-sold", "-id")[:LOOKED_AT])
    # The page should not show a bestseller three times over, so each part looks past the last.
    earners = rows.order_by(LOOKS, TURNOVER.desc(), "-id")
    hero = _spread(list(earners[:LOOKED_AT]), departments, IN_HERO, most=1)
    popular = _spread([row for row in best if row[0] not in hero], departments, SHOWN)
    shown = {*hero, *popular}
    tiles = []
    for aisle in aisles[:MOST_TILES]:
        inside = [key for key, _ in earners.filter(category_id__in=aisle.ids())[: len(shown) + 1]]
        tiles += [key for key in inside if key not in shown][:1] or inside[:1]
    return {
        "hero": hero,
        "tiles": tiles,
        "popular": popular,
        "new": _spread(newest, departments, SHOWN),
        "reduced": _spread(reduced, departments, SHOWN // 2),
    }


def _spread(
    rows: list[tuple[int, int]], departments: dict[int, int], wanted: int, *, most: int = 2
) -> list[int]:
    """The first of these, at most so many of a department, so that no aisle takes the page."""
    taken: list[int] = []
    left: list[int] = []
    count: dict[int, int] = {}
    for key, category in rows:
        department = departments.get(category, -1)
        count[department] = count.get(department, 0) + 1
        (taken if count[department] <= most else left).append(key)
    return (taken + left)[:wanted]
