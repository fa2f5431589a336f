"""Fills the shelves: brands, names, prices, price cuts, variants, and what truly goes together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.goods.all import KINDS
from example_shop.simulator.goods.kind import Kind
from example_shop.simulator.names import Named, name_products
from example_shop.simulator.parameters import Parameters, dates_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Variants:
    """What can be put into a cart, one row each; rows of a family stand together."""

    family: Ints
    colour: list[str]
    size: list[str]
    stock: Ints


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The whole invented range as columns, one row a product (family), with its truth.

    Days count from the first day of the history and may be negative for what was there before.
    """

    kinds: tuple[Kind, ...]
    names: list[str]
    brands: list[str]
    descriptions: list[str]
    kind: Ints
    """Position in `kinds`; products of a kind stand together."""
    first_of_kind: Ints
    """First product of each kind, and the number of products at the end."""
    brand: Ints
    """Number of the brand, as in `brand_names`."""
    brand_names: list[str]
    price: Ints
    """Usual price in cents."""
    tier: Floats
    """Position of the price within the kind, 0 cheapest to 1 dearest."""
    look: Floats
    """(products, traits) style."""
    popularity: Floats
    """Log appeal to everybody."""
    published_day: Ints
    is_active: NDArray[np.bool_]
    cut: NDArray[np.float32]
    """(products, days) share taken off the price on each day, 0 mostly."""
    host: Ints
    """Product it is made to fit, or -1."""
    variants: Variants
    first_variant: Ints
    """First row in `variants` of each product, and their number at the end."""

    @property
    def size(self) -> int:
        return len(self.names)

    @property
    def departments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind.department for kind in self.kinds))

    @property
    def department_of_kind(self) -> Ints:
        """(kinds,) position of each kind's department in `departments`."""
        position = {name: number for number, name in enumerate(self.departments)}
        return np.array([position[kind.department] for kind in self.kinds])

    def of_kind(self, kind: int) -> slice:
        """The products of one kind."""
        return slice(int(self.first_of_kind[kind]), int(self.first_of_kind[kind + 1]))

    def paid_price(self, product: Ints, day: Ints) -> Ints:
        """What one piece costs on a day, in cents, price cut included."""
        cut = self.cut[product, np.clip(day, 0, self.cut.shape[1] - 1)].astype(float)
        # Prices end in a nine, cut ones too.
        lowered = np.floor(self.price[product] * (1.0 - cut) / 10).astype(np.int64) * 10 - 1
        return np.where(cut > 0, np.maximum(lowered, 9), self.price[product])


def build_catalogue(products: int, parameters: Parameters, rng: np.random.Generator) -> Catalogue:
    """Invent a range of about everything, the same for the same generator."""
    if products < len(KINDS):
        raise ValueError(f"The shop sells {len(KINDS)} kinds of goods: ask for at least as many.")
    made = parameters.catalogue
    kind = np.repeat(np.arange(len(KINDS)), _share_out(products))
    first_of_kind = np.searchsorted(kind, np.arange(len(KINDS) + 1))
    host = _hosts(kind, first_of_kind, rng)
    named = name_products(kind, host, rng)
    tier, price = _prices(kind, named, parameters, rng)
    brand_names = sorted(set(named.brands))
    brand_number = {name: number for number, name in enumerate(brand_names)}
    days = parameters.days + parameters.held_out_days
    # New things appear all along; what was there before is up to three years older.
    is_new = rng.random(products) < made.new_this_year
    published = np.where(
        is_new,
        rng.integers(0, parameters.days, products),
        -rng.integers(1, made.oldest_days, products),
    )
    variants, first_variant = _variants(kind, parameters, rng)
    return Catalogue(
        kinds=KINDS,
        names=named.names,
        brands=named.brands,
        descriptions=named.descriptions,
        kind=kind,
        first_of_kind=first_of_kind,
        brand=np.array([brand_number[name] for name in named.brands]),
        brand_names=brand_names,
        price=price,
        tier=tier,
        look=rng.normal(size=(products, made.look_dimensions)),
        popularity=rng.normal(scale=made.popularity_spread, size=products),
        published_day=published,
        is_active=rng.random(products) >= made.switched_off,
        cut=_price_cuts(products, days, parameters, rng),
        host=host,
        variants=variants,
        first_variant=first_variant,
    )


def _share_out(products: int) -> Ints:
    """Products of each kind by its weight, two at least where there are enough."""
    weight = np.array([kind.weight for kind in KINDS])
    least = 2 if products >= 2 * len(KINDS) else 1
    ideal = least + weight / weight.sum() * (products - least * len(KINDS))
    counts = np.floor(ideal).astype(np.int64)
    # The largest remainders get the products that rounding left over.
    counts[np.argsort(counts - ideal, kind="stable")[: products - int(counts.sum())]] += 1
    return counts


def _hosts(kind: Ints, first_of_kind: Ints, rng: np.random.Generator) -> Ints:
    """Give each case its telephone: in turn, so that every host has something that fits."""
    number = {k.path: n for n, k in enumerate(KINDS)}
    host = np.full(len(kind), -1, dtype=np.int64)
    for own, k in enumerate(KINDS):
        if not k.fits:
            continue
        there = number[k.fits]
        hosts = np.arange(first_of_kind[there], first_of_kind[there + 1])
        rows = np.arange(first_of_kind[own], first_of_kind[own + 1])
        host[rows] = np.resize(rng.permutation(hosts), len(rows))
    return host


def _prices(
    kind: Ints, named: Named, parameters: Parameters, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Spread prices over the kind's range by the standing of the brand, ending as prices do."""
    made = parameters.catalogue
    standing = dict(
        zip(sorted(set(named.brands)), rng.random(len(set(named.brands))), strict=True)
    )
    brand = np.array([standing[name] for name in named.brands])
    own = made.brand_sets_price * brand + (1 - made.brand_sets_price) * rng.random(len(kind))
    tier = np.clip(own + rng.normal(0, made.price_jitter, len(kind)), 0, 1)
    low, high = np.array([k.price for k in KINDS])[kind].T
    euros = low * (high / low) ** tier
    limits, steps, endings = (np.array(column) for column in zip(*made.price_steps, strict=True))
    row = np.searchsorted(limits, euros, side="right")
    step, below = steps[row], endings[row]
    rounded = np.maximum(np.round(euros / step), 1) * step - below
    return tier, np.round(100 * rounded).astype(np.int64)


def _price_cuts(
    products: int, days: int, parameters: Parameters, rng: np.random.Generator
) -> NDArray[np.float32]:
    made = parameters.catalogue
    cut = np.zeros((products, days), dtype=np.float32)
    sales = rng.poisson(made.sales_a_year * days / 365, products)
    for product in np.repeat(np.arange(products), sales):
        start = int(rng.integers(0, days))
        length = int(rng.integers(made.sale_days[0], made.sale_days[1] + 1))
        cut[product, start : start + length] = round(rng.uniform(*made.sale_depth), 2)
    dates = dates_of(parameters, days)
    month = dates.astype("datetime64[M]")
    day = (dates - month).astype(int) + 1
    late_november = (month.astype(int) % 12 == 10) & (day >= 23)
    taking_part = rng.random(products) < made.winter_sale_share
    depth = np.round(rng.uniform(*made.sale_depth, products), 2).astype(np.float32)
    rows = np.where(taking_part, depth, 0)[:, None] * late_november[None, :]
    return np.maximum(cut, rows.astype(np.float32))


def _variants(
    kind: Ints, parameters: Parameters, rng: np.random.Generator
) -> tuple[Variants, Ints]:
    """Colours times sizes of every product, each with a stock of its own."""
    made = parameters.catalogue
    fewest, most = made.colours
    family: list[int] = []
    colour: list[str] = []
    size: list[str] = []
    for product, number in enumerate(kind):
        of = KINDS[number]
        palette = list(of.colours) or [""]
        chosen = rng.permutation(len(palette))[: int(rng.integers(fewest, most + 1))]
        for shade in sorted(chosen):
            for fit in of.sizes or ("",):
                family.append(product)
                colour.append(palette[shade])
                size.append(fit)
    lowest, highest = made.stock
    stock = rng.integers(lowest, highest + 1, len(family))
    stock[rng.random(len(family)) < made.sold_out] = 0
    variants = Variants(family=np.array(family), colour=colour, size=size, stock=stock)
    return variants, np.searchsorted(variants.family, np.arange(len(kind) + 1))
