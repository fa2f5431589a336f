"""How near to what was asked about something is known: the levels that blocks back off through.

Variants are one family everywhere. Where too little is known of the family itself, what is known
of its sub-category speaks, then of each category above that, of its brand, and of the whole shop.
"""

from __future__ import annotations

from typing import NamedTuple


class Level(NamedTuple):
    """One step of that way."""

    kind: str = ""
    """One of KINDS; empty for what does not stand in for anything."""
    name: str = ""
    """The category's own name or the brand's, as the catalogue has it; empty for the others."""


FAMILY, SUB_CATEGORY, CATEGORY, BRAND, SHOP = "family", "sub-category", "category", "brand", "shop"
KINDS = (FAMILY, SUB_CATEGORY, CATEGORY, BRAND, SHOP)
"""From the nearest to the furthest. A category at the top of its path is a `category`, each below
it a `sub-category`."""


class Aisle(NamedTuple):
    """One category of the shop, with everything that lies below it."""

    depth: int
    """Of the category in its path, 0 at the top."""
    code: int
    """Its number at that depth, as `Families.above` has it; -1 for a category that is not in the
    catalogue."""
    level: Level


NO_LEVEL = Level()
OF_THE_FAMILY = Level(FAMILY)
OF_THE_SHOP = Level(SHOP)
