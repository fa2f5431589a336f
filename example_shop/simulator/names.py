"""Names and descriptions that a shop could have, none of them twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from example_shop.simulator.goods.all import KINDS
from example_shop.simulator.goods.kind import Kind

_CLOSING = {
    "Outdoor": (
        "Repairs are free for five years.",
        "Tested by the people who sell it, in weather nobody chose.",
        "Weighs what it says.",
    ),
    "Home & Kitchen": (
        "Dishwasher safe, as life requires.",
        "Spare parts can be ordered for ten years.",
        "Made in small series, so no two batches are quite alike.",
    ),
    "Grocery": (
        "Best kept cool and dry.",
        "Packed without plastic where that is possible.",
        "From suppliers we have visited.",
    ),
    "Fashion": (
        "Falls true to size.",
        "Wash cold, dry in the air.",
        "Model is 1.78 m tall and wears M.",
    ),
    "Electronics": (
        "Two years of guarantee, cable included.",
        "The battery can be changed without glue.",
        "Set up in a minute, no account needed.",
    ),
    "Office": (
        "Delivered next day when ordered by four.",
        "Cheaper by the dozen.",
        "Also on company accounts.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Named:
    """The words of every product, in the order of the catalogue."""

    names: list[str]
    brands: list[str]
    descriptions: list[str]


def name_products(
    kind: NDArray[np.int64], host: NDArray[np.int64], rng: np.random.Generator
) -> Named:
    """Name every product. What fits a host carries the host's name, so hosts are named first."""
    names = [""] * len(kind)
    brands = [""] * len(kind)
    models = [""] * len(kind)
    for fitting in (False, True):
        for number, of in enumerate(KINDS):
            if bool(of.fits) is not fitting:
                continue
            rows = np.flatnonzero(kind == number)
            if fitting:
                made = _fitting(of, [models[row] for row in host[rows]], rng)
            else:
                made = _free(of, len(rows), rng)
            for row, (brand, model, noun) in zip(rows, made, strict=True):
                brands[row], models[row], names[row] = brand, model, f"{model} {noun}"
    descriptions = [_describe(KINDS[number], rng) for number in kind]
    return Named(names=_without_repeats(names), brands=brands, descriptions=descriptions)


def _free(of: Kind, count: int, rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """Brand, model and noun, each combination once for as long as there are some."""
    shape = (len(of.brands), max(len(of.series), 1), len(of.nouns))
    picked = np.resize(rng.permutation(int(np.prod(shape))), count)
    made = []
    for brand, series, noun in zip(*np.unravel_index(picked, shape), strict=True):
        model = " ".join([of.brands[brand], *of.series[series : series + 1]])
        made.append((of.brands[brand], model, of.nouns[noun]))
    return made


def _fitting(
    of: Kind, host_models: list[str], rng: np.random.Generator
) -> list[tuple[str, str, str]]:
    """Brand, noun and the model it is for: "Shellby clear case for Auren Vela"."""
    made = []
    for host in host_models:
        brand = of.brands[int(rng.integers(len(of.brands)))]
        noun = of.nouns[int(rng.integers(len(of.nouns)))]
        made.append((brand, brand, f"{noun} for {host}"))
    return made


def _describe(of: Kind, rng: np.random.Generator) -> str:
    about = of.about[int(rng.integers(len(of.about)))]
    closing = _CLOSING[of.department]
    return f"{about} {closing[int(rng.integers(len(closing)))]}"


def _without_repeats(names: list[str]) -> list[str]:
    """Number the second and further products of one name, as makers do."""
    seen: dict[str, int] = {}
    numbered = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        numbered.append(name if seen[name] == 1 else f"{name} No. {seen[name]}")
    return numbered
