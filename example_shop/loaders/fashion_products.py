"""Fashion products: a real catalogue of clothes, visited by the simulator's shoppers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from example_shop.loaders.public_sets import read_columns
from example_shop.loaders.shop_data import Products
from example_shop.simulator.catalogue import Catalogue, Variants
from example_shop.simulator.goods.kind import Kind
from example_shop.simulator.parameters import Parameters

Ints = NDArray[np.int64]

PEAKS = {"Winter": 12, "Spring": 4, "Summer": 7, "Fall": 10}
NOTE = (
    "Titles, categories, colours and seasons are real; prices and everything bought are invented."
)


def read_catalogue(folder: Path, products: int, parameters: Parameters, *, seed: int) -> Catalogue:
    """So many of the set's products, chosen by the seed, as a range the simulator can sell."""
    table = read_columns(
        folder / "fashion_products.items.csv.gz",
        ("item_id", "title", "category", "baseColour", "season"),
    )
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    count = min(products, len(table["title"]))
    chosen = np.sort(rng.permutation(len(table["title"]))[:count])
    paths = np.array([table["category"][row] for row in chosen], dtype=object)
    order = np.argsort(paths, kind="stable")
    chosen, paths = chosen[order], paths[order]
    names = [table["title"][row] for row in chosen]
    season = np.array([table["season"][row] for row in chosen], dtype=object)
    found, first, kind = np.unique(paths, return_index=True, return_inverse=True)
    worn_with = _worn_with(found.tolist(), np.bincount(kind))
    kinds = tuple(
        _kind(path, season[kind == n], worn_with.get(path, {})) for n, path in enumerate(found)
    )
    # Titles begin with the brand; its first word is enough for a taste to go by.
    brands = [name.split(" ")[0] for name in names]
    brand_names = sorted(set(brands))
    tier = rng.random(count)
    price = np.round(100 * 12 * (160 / 12) ** tier).astype(np.int64) // 50 * 50 - 5
    colours = [table["baseColour"][row] for row in chosen]
    made = parameters.catalogue
    return Catalogue(
        kinds=kinds,
        names=names,
        brands=brands,
        descriptions=[NOTE] * count,
        kind=kind.astype(np.int64),
        first_of_kind=np.append(first, count).astype(np.int64),
        brand=np.searchsorted(brand_names, brands),
        brand_names=brand_names,
        price=price,
        tier=tier,
        look=_looks(colours, made.look_dimensions, rng),
        popularity=rng.normal(scale=made.popularity_spread, size=count),
        published_day=-rng.integers(1, 1100, count),
        is_active=np.ones(count, dtype=bool),
        cut=np.zeros((count, parameters.days + parameters.held_out_days), dtype=np.float32),
        host=np.full(count, -1),
        variants=Variants(
            family=np.arange(count),
            colour=["" if colour == "NA" else colour for colour in colours],
            size=[""] * count,
            stock=rng.integers(3, 120, count),
        ),
        first_variant=np.arange(count + 1),
    )


def with_real_titles(products: Products, catalogue: Catalogue) -> Products:
    """The set's titles as they are. It has no brands; what the tastes go by is a guess."""
    return replace(products, name=catalogue.names, brand=[""] * len(products))


def visited_by(parameters: Parameters) -> Parameters:
    """The same shoppers in a shop for clothes: nobody's regular things are sold here."""
    return replace(parameters, habits=replace(parameters.habits, has_regulars=0.0))


def _worn_with(paths: list[str], counts: Ints) -> dict[str, dict[str, float]]:
    """What is bought to wear with what: tops with the usual trousers, shoes with socks."""
    usual: dict[str, tuple[int, str]] = {}
    for path, count in zip(paths, counts.tolist(), strict=True):
        group = path.rpartition(" > ")[0]
        usual[group] = max(usual.get(group, (0, "")), (count, path))
    worn: dict[str, dict[str, float]] = {}
    for path in paths:
        who = path.partition(" > ")[0]
        for part, other, chance in (
            ("Apparel > Topwear", "Apparel > Bottomwear", 0.3),
            ("Footwear > Shoes", "Accessories > Socks", 0.25),
            ("Apparel > Bottomwear", "Accessories > Belts", 0.2),
        ):
            partner = usual.get(f"{who} > {other}")
            if path.startswith(f"{who} > {part}") and partner is not None:
                worn.setdefault(path, {})[partner[1]] = chance
    return worn


def _looks(colours: list[str], traits: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Style goes by the colour people see, and by something of each product's own."""
    names, place = np.unique(np.array(colours, dtype=str), return_inverse=True)
    return 0.8 * rng.normal(size=(len(names), traits))[place] + 0.6 * rng.normal(
        size=(len(colours), traits)
    )


def _kind(path: str, seasons: NDArray[np.object_], goes_with: dict[str, float]) -> Kind:
    """A category as a kind of goods, in the season most of it is filed under."""
    values, counts = np.unique(seasons.astype(str), return_counts=True)
    clear = counts.max() > 0.6 * counts.sum()
    return Kind(
        path=path,
        nouns=(),
        brands=(),
        price=(12, 160),
        about=(),
        peak_month=PEAKS.get(values[counts.argmax()], 0) if clear else 0,
        demand=float(0.5 * np.log(len(seasons))),
        gift=1.0,
        goes_with=goes_with,
    )
