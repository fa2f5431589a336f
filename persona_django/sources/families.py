"""The catalogue by family: what is on sale, in which category, newest first.

Relations, popularity and slots work on families, the snapshot holds items. One pass per snapshot
and process turns the one into the other, so that a request only looks rows up.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.categories import SEPARATOR, is_under
from persona_django.catalogue.refs import own_key
from persona_django.catalogue.snapshot import Snapshot
from persona_django.sources.groups import Groups
from persona_django.sources.levels import BRAND, CATEGORY, NO_LEVEL, SUB_CATEGORY, Aisle, Level

MOST_LEVELS = 8
"""What lies deeper in a category path counts as part of the last: no shop's menu goes further."""


class Families:
    """One row per family of a snapshot, ascending by `group_id`.

    `category` and `brand` are those of the family's first item that is not retired, -1 without
    one: those of a retired item stay what they were when it went. `above` has a
    column for each level of the category paths, from the top of the shop down: the number of the
    category there, -1 where the path is not so long. `zone` numbers the sensitive surroundings a
    family belongs to, -1 for none.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        order = np.argsort(snapshot.group_id * 2 + snapshot.retired, kind="stable")
        group_id, start, count = np.unique(
            snapshot.group_id[order], return_index=True, return_counts=True
        )
        self.group_id: NDArray[np.int64] = group_id
        self.count: NDArray[np.int64] = count
        first = order[start]
        sellable = self.sellable(np.arange(len(order)))[order]
        self.on_sale: NDArray[np.bool_] = (
            np.logical_or.reduceat(sellable, start) if len(start) else np.zeros(0, dtype=bool)
        )
        self.category: NDArray[np.int32] = np.asarray(snapshot.category)[first]
        self.brand: NDArray[np.int32] = np.asarray(snapshot.brand)[first]
        above, self._aisles = _numbered(snapshot.categories)
        # Code -1 finds the last row, which is that of no category.
        self.above: NDArray[np.int32] = above[self.category]
        published = np.asarray(snapshot.published_at)[order]
        self.published_at: NDArray[np.int64] = (
            np.maximum.reduceat(published, start) if len(start) else np.zeros(0, dtype=np.int64)
        )
        sensitive = np.asarray(snapshot.sensitive)[order]
        self.sensitive: NDArray[np.bool_] = (
            np.logical_or.reduceat(sensitive, start) if len(start) else np.zeros(0, dtype=bool)
        )
        self._gather()

    def _gather(self) -> None:
        """What is on sale by level and by brand: here, because every order is cut alike."""
        rows = np.flatnonzero(self.on_sale)
        self.public: NDArray[np.int64] = rows[~self.sensitive[rows]]
        """Rows that may be shown anywhere."""
        self._by_level = [Groups(rows, column) for column in self.above.T]
        self._by_brand = Groups(self.public, self.brand)

    def __len__(self) -> int:
        return len(self.group_id)

    @cached_property
    def zone(self) -> NDArray[np.int32]:
        """Sensitive things go together only within the same prefix, else within one category."""
        prefixes = conf.current().sensitive_categories
        by_category = np.arange(len(prefixes), len(prefixes) + len(self.snapshot.categories) + 1)
        for code, path in enumerate(self.snapshot.categories):
            for number, prefix in enumerate(prefixes):
                if is_under(path, prefix):
                    by_category[code] = number
                    break
        zones = by_category[self.category]
        return np.where(self.sensitive, zones, -1).astype(np.int32)

    def of(self, label: str, keys: Iterable[Any]) -> list[int]:
        """Families of the shop's own rows, such as of("shop.product", [31, 42]), in that order.

        Rows that no sync has read are left out, and a family stands only once.
        """
        label = label.lower()
        named = (self.snapshot.item_of(label, own_key(label, key)) for key in keys)
        items = [item for item in named if item]
        return [*dict.fromkeys(self.snapshot.group_of(items).tolist())] if items else []

    def aisle(self, path: str) -> Aisle:
        """The category of a path from the top down, `Shoes > Trail`, whatever its capitals."""
        nowhere = Aisle(depth=0, code=-1, level=NO_LEVEL)
        return self._aisles.get(tuple(map(str.casefold, _levels(path))), nowhere)

    def are_in(self, aisle: Aisle, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether rows stand in a category; row -1 in none."""
        if aisle.code < 0:
            return np.zeros(len(rows), dtype=bool)
        found: NDArray[np.bool_] = (rows >= 0) & (self.above[rows, aisle.depth] == aisle.code)
        return found

    def levels_of(self, row: int) -> list[Level]:
        """The categories that a family stands in, from the top of the shop down to its own."""
        code = int(self.category[row])
        names = _levels(self.snapshot.categories[code]) if code >= 0 else ()
        return [
            Level(SUB_CATEGORY if depth else CATEGORY, name) for depth, name in enumerate(names)
        ]

    def brand_of(self, row: int) -> Level | None:
        """The brand of a family; None without one."""
        code = int(self.brand[row])
        return Level(BRAND, self.snapshot.brands[code]) if code >= 0 else None

    def at_level(self, depth: int, code: int) -> NDArray[np.int32]:
        """Rows on sale in the category of this number at one level of the paths, 0 the top."""
        return self._by_level[depth].of(code)

    def of_brand(self, code: int) -> NDArray[np.int32]:
        """Rows on sale of the brand of this number, sensitive ones left out."""
        return self._by_brand.of(code)

    def rows_of(self, group_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of each family, -1 for one that is not in the catalogue (any more)."""
        if not len(self.group_id):
            return np.full(len(group_ids), -1, dtype=np.int64)
        rows = np.searchsorted(self.group_id, group_ids)
        rows[rows == len(self.group_id)] = 0
        return np.where(self.group_id[rows] == group_ids, rows, -1)

    def sellable(self, item_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether items, by row of the snapshot, were on sale and in stock when it was built."""
        stock = np.asarray(self.snapshot.stock)[item_rows]
        return np.asarray(self.snapshot.available)[item_rows] & (stock != 0)

    def members(self, group_id: int) -> tuple[int, ...]:
        """Item ids of a family, the best one to show first."""
        row = int(np.searchsorted(self.group_id, group_id))
        if row < len(self.group_id) and self.group_id[row] == group_id and self.count[row] == 1:
            # Most families are one item, and it then carries the family's number.
            return (group_id,)
        return tuple(self.snapshot.members(group_id).tolist())


def _levels(path: str) -> tuple[str, ...]:
    """The levels of a category path that count, from the top down."""
    levels = [level.strip() for level in path.split(SEPARATOR)]
    return tuple(filter(None, levels))[:MOST_LEVELS]


_Aisles = dict[tuple[str, ...], Aisle]


def _numbered(categories: tuple[str, ...]) -> tuple[NDArray[np.int32], _Aisles]:
    """Row by category path and column by level, the number of the category there, which is the
    same for all paths that begin alike; one more row answers code -1. And each as an aisle."""
    aisles: _Aisles = {}
    paths = [_levels(path) for path in categories]
    above = np.full((len(paths) + 1, max(map(len, paths), default=0)), -1, dtype=np.int32)
    for row, path in enumerate(paths):
        plain = tuple(map(str.casefold, path))
        for depth, name in enumerate(path):
            # Named as the catalogue has it, not as somebody writes it in an address.
            level = Level(SUB_CATEGORY if depth else CATEGORY, name)
            new = Aisle(depth=depth, code=len(aisles), level=level)
            above[row, depth] = aisles.setdefault(plain[: depth + 1], new).code
    return above, aisles
