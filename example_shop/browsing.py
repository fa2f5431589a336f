"""Lists of products: what a shopper asked for, what there is, and what could narrow it down."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from zlib import crc32

from django.core.cache import cache
from django.db.models import Case, Count, F, IntegerField, Max, Min, Q, QuerySet, Value, When
from django.http import QueryDict

from example_shop.categories import tree
from example_shop.models import Brand, Face, Product
from example_shop.pictures.palette import hex_of

SORTS = {
    "popular": ("Bestsellers first", ("-sold", "-id")),
    "newest": ("Newest first", ("-created", "-id")),
    "cheapest": ("Price, low to high", ("price", "id")),
    "dearest": ("Price, high to low", ("-price", "-id")),
}
BRANDS_OFFERED = 14
COLOURS_OFFERED = 16
REMEMBERED_SECONDS = 60
MOST_FOUND = 600
"""Hits a search considers; nobody pages further, and facets are counted over these only."""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a shopper ticked beside a list."""

    brands: tuple[int, ...] = ()
    colours: tuple[str, ...] = ()
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    on_sale: bool = False
    in_stock: bool = False
    sort: str = "popular"

    @classmethod
    def asked(cls, query: QueryDict, *, sort: str = "popular") -> Filters:
        """Read them from an address; what makes no sense is ignored rather than refused."""
        wanted = query.get("sort", "")
        return cls(
            brands=tuple(int(key) for key in query.getlist("brand") if _is_key(key)),
            colours=tuple(query.getlist("colour")),
            price_from=_amount(query.get("from", "")),
            price_to=_amount(query.get("to", "")),
            on_sale="sale" in query,
            in_stock="stock" in query,
            sort=wanted if wanted in SORTS else sort,
        )

    @property
    def count(self) -> int:
        """How many of them narrow the list."""
        prices = (self.price_from is not None) + (self.price_to is not None)
        return len(self.brands) + len(self.colours) + prices + self.on_sale + self.in_stock


@dataclass(frozen=True, kw_only=True)
class Facets:
    """What is on offer in a list before filters, for the boxes beside it."""

    brands: list[dict[str, Any]]
    colours: list[dict[str, Any]]
    cheapest: Decimal | None
    dearest: Decimal | None


def on_offer() -> QuerySet[Product]:
    """Every product a list may show, families and colours once each."""
    return Product.objects.filter(is_active=True, face__lte=Face.COLOUR)


def narrowed(products: QuerySet[Product], filters: Filters) -> QuerySet[Product]:
    """The products that pass the filters, in the order asked for, one of each family."""
    if filters.colours:
        products = products.filter(colour__in=filters.colours)
    else:
        products = products.filter(face=Face.FAMILY)
    if filters.brands:
        products = products.filter(brand__in=filters.brands)
    if filters.price_from is not None:
        products = products.filter(price__gte=filters.price_from)
    if filters.price_to is not None:
        products = products.filter(price__lte=filters.price_to)
    if filters.on_sale:
        products = discounted(products)
    if filters.in_stock:
        products = products.filter(stock__gt=0)
    if filters.sort in SORTS:
        products = products.order_by(*SORTS[filters.sort][1])
    return products.select_related("category", "brand").defer("description")


def discounted(products: QuerySet[Product]) -> QuerySet[Product]:
    """Those that cost less than their list price."""
    return products.filter(list_price__gt=F("price"))


def facets(products: QuerySet[Product], *, remember_as: str = "") -> Facets:
    """Brands, colours and prices of a list: three queries.

    They count the list before filters, so one that many look at is remembered for a while.
    """
    if not remember_as:
        return _facets(products)
    key = f"shop.facets.{crc32(remember_as.encode())}"
    return cache.get_or_set(key, lambda: _facets(products), REMEMBERED_SECONDS)


def _facets(products: QuerySet[Product]) -> Facets:
    listed = products.filter(face=Face.FAMILY).order_by()
    brands = (
        listed.exclude(brand=None)
        .values("brand_id", "brand__name")
        .annotate(count=Count("id"))
        .order_by("-count", "brand__name")[:BRANDS_OFFERED]
    )
    colours = (
        products.exclude(colour="")
        .order_by()
        .values("colour")
        .annotate(count=Count("id"))
        .order_by("-count", "colour")[:COLOURS_OFFERED]
    )
    prices = listed.aggregate(low=Min("price"), high=Max("price"))
    return Facets(
        brands=sorted(brands, key=lambda row: row["brand__name"].lower()),
        colours=[{**row, "hex": hex_of(row["colour"], 0)} for row in colours],
        cheapest=prices["low"],
        dearest=prices["high"],
    )


def found(words: str) -> list[int]:
    """Products for some search words, best first: all words must occur somewhere.

    The whole phrase at the start of the name counts most, then within it, then words spread over
    name, brand, colour and category; what sells more breaks ties.
    """
    terms = words.split()[:8]
    if not terms:
        return []
    products = on_offer()
    for term in terms:
        # Categories and brands are few: looked up apart, they need not be joined to every product.
        categories = [
            node.id for node in tree().by_id.values() if term.lower() in node.path.lower()
        ]
        brands = list(Brand.objects.filter(name__icontains=term).values_list("id", flat=True))
        products = products.filter(
            Q(name__icontains=term)
            | Q(colour__icontains=term)
            | Q(sku__iexact=term)
            | Q(brand__in=brands)
            | Q(category__in=categories)
        )
    rank = Case(
        When(name__istartswith=words, then=Value(3)),
        When(name__icontains=words, then=Value(2)),
        When(name__icontains=terms[-1], then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    ranked = products.order_by(rank.desc(), "-sold", "id")
    return list(ranked.values_list("id", flat=True)[:MOST_FOUND])


def add_swatches(products: list[Product]) -> list[Product]:
    """Give each product of a page the colours of its family, in one query for all."""
    families = {product.family for product in products if product.family}
    rows = (
        Product.objects.filter(family__in=families, is_active=True, face__lte=Face.COLOUR)
        .exclude(colour="")
        .order_by("id")
        .values_list("family", "colour")
        if families
        else ()
    )
    colours: dict[str, dict[str, str]] = {}
    for family, colour in rows:
        colours.setdefault(family, {})[colour] = hex_of(colour, 0)
    for product in products:
        own = colours.get(product.family, {})
        product.swatches = list(own.values()) if len(own) > 1 else []
    return products


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10_000_000 else None
