"""Says what was learnt in words: the best-known products with their neighbours."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from example_shop.models import Face, Product
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.packing import NeighbourList
from persona_django.similarity.relations import RELATIONS
from persona_django.tracking.items import ItemIds

PRODUCTS_SHOWN = 10
NEIGHBOURS_SHOWN = 3
LOOKED_AT = 2_000


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """One neighbour of a product, by name, and the shoppers behind the pair."""

    name: str
    shoppers: int


@dataclass(frozen=True, kw_only=True)
class Known:
    """A best-selling product and what goes with it by each relation."""

    name: str
    category: str
    sold: int
    neighbours: dict[str, list[Neighbour]]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def lines(self) -> list[str]:
        """The product and its neighbours as printed."""
        said = [f"{self.name}  ({self.category}, {self.sold:,} sold)"]
        for relation, found in self.neighbours.items():
            names = [
                # Nobody stands behind what is alike in the words of the shop.
                f"{one.name} ({one.shoppers:,})" if one.shoppers else one.name
                for one in found
            ]
            said.append(
                f"    {relation:<18} {'; '.join(names) or 'nothing yet that enough people share'}"
            )
        return said


def best_known() -> list[Known]:
    """The best seller of each of ten categories, so that milk is not all there is to see."""
    snapshot = current_snapshot()
    if snapshot is None:
        return []
    shown = _best_sellers()
    keys = [product.pk for product in shown]
    groups = snapshot.group_of(ItemIds().of("shop.product", keys)).tolist()
    found = neighbours_of(groups)
    named = _names(
        {
            int(item)
            for neighbours in found.values()
            for item in neighbours.item_id[:NEIGHBOURS_SHOWN]
        }
    )
    return [
        Known(
            name=_full_name(product.brand.name if product.brand else "", product.name),
            category=product.category.path,
            sold=product.sold,
            neighbours={
                relation: _named_neighbours(found.get((number, group)), named)
                for relation, number in RELATIONS.items()
            },
        )
        for product, group in zip(shown, groups, strict=True)
    ]


def _named_neighbours(near: NeighbourList | None, named: dict[int, str]) -> list[Neighbour]:
    if near is None:
        return []
    best = zip(near.item_id.tolist(), near.support.tolist(), strict=True)
    return [
        Neighbour(name=named[item], shoppers=shoppers)
        for item, shoppers in list(best)[:NEIGHBOURS_SHOWN]
        if item in named
    ]


def _best_sellers() -> list[Product]:
    """Ten best sellers of different categories, as many departments as there are."""
    products = Product.objects.filter(face=Face.FAMILY, is_active=True).select_related(
        "category", "brand"
    )
    ranked = list(products.order_by("-sold", "id")[:LOOKED_AT])
    departments = len({one.category.path.partition(" > ")[0] for one in ranked})
    most = -(-PRODUCTS_SHOWN // max(departments, 1))
    chosen: list[Product] = []
    in_department: Counter[str] = Counter()
    categories: set[int] = set()
    for product in ranked:
        department = product.category.path.partition(" > ")[0]
        if product.category_id in categories or in_department[department] >= most:
            continue
        chosen.append(product)
        categories.add(product.category_id)
        in_department[department] += 1
    rest = [product for product in ranked if product not in chosen]
    return [*chosen, *rest][:PRODUCTS_SHOWN]


def _names(groups: set[int]) -> dict[int, str]:
    """The shop's name of each family, by its group."""
    snapshot = current_snapshot()
    if snapshot is None or not groups:
        return {}
    ordered = sorted(groups)
    place = snapshot.rows_of(np.array(ordered, dtype=np.int64)).tolist()
    key_of = {g: snapshot.key_of(row) for g, row in zip(ordered, place, strict=True) if row >= 0}
    rows = Product.objects.filter(pk__in=key_of.values()).values_list("pk", "brand__name", "name")
    names = {str(key): _full_name(brand, name) for key, brand, name in rows}
    return {group: names[key] for group, key in key_of.items() if key in names}


def _full_name(brand: str | None, name: str) -> str:
    """As people say it; data sets write the brand into the name anyway."""
    return name if not brand or name.lower().startswith(brand.lower()) else f"{name} by {brand}"
