"""The data sets the demo can be filled with, by the name that `--data` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from example_shop.loaders import fashion_products, online_retail, rees46, tafeng
from example_shop.loaders.public_sets import data_folder
from example_shop.loaders.shop_data import ShopData
from example_shop.loaders.simulated import shop_of
from example_shop.progress import Progress, silent
from example_shop.simulator.parameters import Parameters
from example_shop.simulator.world import World, simulate

SIMULATED = "simulated"
FASHION = "fashion_products"
REAL: dict[str, Callable[..., ShopData]] = {
    "online_retail": online_retail.load,
    "rees46": rees46.load,
    "tafeng": tafeng.load,
}
CHOICES = (SIMULATED, *REAL, FASHION)

USUAL_PRODUCTS = {SIMULATED: 1_000, FASHION: 4_000}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to fill the shop with."""

    data: str = SIMULATED
    shoppers: int = 2_000
    products: int = 0
    """0: what is usual for the data."""
    seed: int = 1
    folder: str = ""
    today: date


@dataclass(frozen=True, kw_only=True)
class Read:
    """A shop ready to be written, and the world behind it where it is simulated."""

    shop: ShopData
    world: World | None = None


def read(wanted: Wanted, *, progress: Progress = silent) -> Read:
    """Read or invent the shop. Raises DataMissingError where files are not on this machine."""
    midnight = datetime.combine(wanted.today, datetime.min.time(), tzinfo=timezone.utc)
    if wanted.data in REAL:
        load = REAL[wanted.data]
        today = int(midnight.timestamp())
        return Read(shop=load(data_folder(wanted.folder), today=today, progress=progress))
    world = _world(wanted, progress)
    shop = shop_of(world, seed=wanted.seed)
    if wanted.data == FASHION:
        shop = replace(
            shop,
            title="fashion products: a real catalogue, invented shoppers",
            summary="Titles, categories, colours and seasons come from a real catalogue; prices, "
            "stock, shoppers, orders and pictures are invented.",
            products=fashion_products.with_real_titles(shop.products, world.catalogue),
            notes=(
                fashion_products.NOTE,
                f"{len(shop.products):,} products of the set, chosen by the seed; "
                f"--products takes more or fewer of them.",
            ),
        )
    return Read(shop=shop, world=world)


def _world(wanted: Wanted, progress: Progress) -> World:
    parameters = Parameters(last_day=str(wanted.today - timedelta(days=1)))
    products = wanted.products or USUAL_PRODUCTS[wanted.data]
    catalogue = None
    if wanted.data == FASHION:
        folder: Path = data_folder(wanted.folder)
        parameters = fashion_products.visited_by(parameters)
        catalogue = fashion_products.read_catalogue(folder, products, parameters, seed=wanted.seed)
    return simulate(
        shoppers=wanted.shoppers,
        products=products,
        seed=wanted.seed,
        parameters=parameters,
        catalogue=catalogue,
        progress=progress,
    )
