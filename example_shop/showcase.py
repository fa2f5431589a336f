"""What the home page puts forward."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Case, ExpressionWrapper, F, FloatField, IntegerField, Q, Value, When

from example_shop.browsing import add_swatches, discounted, on_offer
from example_shop.categories import Node, tree
from example_shop.models import Face, Product
from persona_django import recommend

CACHE_KEY = "shop.showcase.1"
REMEMBERED_SECONDS = 300
LOOKED_AT = 160
SHOWN = 8
IN_HERO = 4
MOST_TILES = 9
ASKED_ABOUT = 100
BESIDE = 4
"""How many a product's page shows of what is bought together."""
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
    # The page shows nothing twice where there is enough to choose from: each part looks past
    # the last. Only a tile, whose picture stands for a department, may repeat a product.
    earners = rows.order_by(LOOKS, TURNOVER.desc(), "-id")
    hero = _spread(_known_first(list(earners[:LOOKED_AT])), departments, IN_HERO, most=1)
    popular = _spread([row for row in best if row[0] not in hero], departments, SHOWN)
    shown = {*hero, *popular}
    cheaper = _unseen(reduced, shown, departments, SHOWN // 2)
    shown |= {*cheaper}
    tiles = []
    for aisle in aisles[:MOST_TILES]:
        inside = [key for key, _ in earners.filter(category_id__in=aisle.ids())[: len(shown) + 1]]
        tiles += [key for key in inside if key not in shown][:1] or inside[:1]
    return {
        "hero": hero,
        "tiles": tiles,
        "popular": popular,
        "new": _unseen(newest, shown, departments, SHOWN),
        "reduced": cheaper,
    }


def _known_first(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same rows, those first of which most of what their page shows was bought with them.

    Who comes in through the large pictures should meet what the shop has learnt.
    """
    learnt: dict[int, int] = {}
    for key, _ in rows[:ASKED_ABOUT]:
        slate = recommend(None, "bought-together", seeds=[f"shop.product:{key}"], size=BESIDE)
        if not slate.version:
            return rows
        learnt[key] = sum(slot.reason.code == "bought-together" for slot in slate)
    return sorted(rows, key=lambda row: -learnt.get(row[0], 0))


def _unseen(
    rows: list[tuple[int, int]], shown: set[int], departments: dict[int, int], wanted: int
) -> list[int]:
    """What the page does not show yet, spread; where that is too little, what it shows too."""
    fresh = _spread([row for row in rows if row[0] not in shown], departments, wanted)
    return [*fresh, *(key for key, _ in rows if key in shown)][:wanted]


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
