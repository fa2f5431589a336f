"""Which variant of a family stands for it in lists."""

from __future__ import annotations

import zlib
from itertools import groupby

from example_shop.models import Face, Product

UPDATED_AT_ONCE = 2_000
Row = tuple[int, str, str, int, int]
"""Key, family, colour, stock and present face of a product."""


def arrange() -> int:
    """Choose each family's face anew, and return how many products changed.

    Which colour stands for a family is drawn from the family's name, so that a list is not all in
    the colour that comes first everywhere; within a colour the first variant in stock stands for
    it. Loaders call it once after they made products in bulk.
    """
    rows = Product.objects.exclude(family="").order_by("family", "id")
    columns = rows.values_list("id", "family", "colour", "stock", "face")
    changed: dict[int, list[int]] = {face: [] for face in Face}
    for family, members in groupby(columns.iterator(), key=lambda row: row[1]):
        variants = list(members)
        wanted = _faces(family, variants)
        for key, *_, face in variants:
            if wanted[key] != face:
                changed[wanted[key]].append(key)
    for face, keys in changed.items():
        for start in range(0, len(keys), UPDATED_AT_ONCE):
            some = keys[start : start + UPDATED_AT_ONCE]
            Product.objects.filter(pk__in=some).update(face=face)
    return sum(map(len, changed.values()))


def _faces(family: str, variants: list[Row]) -> dict[int, int]:
    """The face of each variant of one family."""
    first_of_colour: dict[str, int] = {}
    for key, _, colour, _, _ in sorted(variants, key=lambda row: (row[3] == 0, row[0])):
        first_of_colour.setdefault(colour, key)
    leads = sorted(first_of_colour.values())
    faces: dict[int, int] = {row[0]: Face.VARIANT for row in variants}
    faces |= dict.fromkeys(leads, Face.COLOUR)
    faces[leads[zlib.crc32(family.encode()) % len(leads)]] = Face.FAMILY
    return faces
