"""Names for invented customers, so that an order history does not read like a test."""

from __future__ import annotations

import numpy as np

FIRST = (
    "Ada", "Ben", "Cleo", "Dario", "Edith", "Farid", "Greta", "Hana", "Ivo", "Jana", "Karim",
    "Lena", "Marek", "Nora", "Omar", "Paula", "Quentin", "Rosa", "Silas", "Tilda", "Umar", "Vera",
    "Willem", "Xenia", "Yusuf", "Zoe",
)  # fmt: skip
LAST = (
    "Aldous", "Brandt", "Castell", "Dvorak", "Ekman", "Farrow", "Galli", "Holm", "Ilves",
    "Jensen", "Kovac", "Lindqvist", "Moreau", "Novak", "Oduya", "Pereira", "Quist", "Rossi",
    "Sato", "Thorne", "Ueda", "Vidal", "Weiss", "Yilmaz", "Zeman",
)  # fmt: skip
COMPANY = (
    "Alder Architects", "Birch Dental Practice", "Copper Lane Studio", "Dune Consulting",
    "Elmwood School", "Ferry & Sons Joiners", "Granite Engineering", "Harbour Clinic",
    "Iris Translations", "Juniper Hotel", "Kite Software", "Lantern Books", "Meridian Travel",
    "North Quay Logistics", "Opal Insurance", "Pine Street Law", "Quarry Design",
    "Rowan Veterinary", "Saffron Catering", "Tidal Research",
)  # fmt: skip


def first_names(count: int, seed: int) -> list[str]:
    """A first name for each customer, the same for the same seed."""
    return [FIRST[n] for n in np.random.default_rng(seed).integers(0, len(FIRST), count)]


def last_names(count: int, seed: int) -> list[str]:
    """A family name for each customer, the same for the same seed."""
    return [LAST[n] for n in np.random.default_rng(seed + 1).integers(0, len(LAST), count)]


def companies(count: int) -> list[str]:
    """So many different companies."""
    return [
        COMPANY[n] if n < len(COMPANY) else f"{COMPANY[n % len(COMPANY)]} {n // len(COMPANY) + 1}"
        for n in range(count)
    ]
