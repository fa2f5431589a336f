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


class Families:
    """One row per family of a snapshot, ascending by `group_id`.

    `category` and `department` (the path's first level) are those of the family's first item, -1
    without one. `zone` numbers the sensitive surroundings a family belongs to, -1 for none.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        order = np.argsort(snapshot.group_id, kind="stable")
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
        department = _departments(snapshot.categories)
        self.department: NDArray[np.int32] = np.where(
            self.category >= 0, department[self.category], -1
        ).astype(np.int32)
        published = np.asarray(snapshot.published_at)[order]
        self.published_at: NDArray[np.int64] = (
            np.maximum.reduceat(published, start) if len(start) else np.zeros(0, dtype=np.int64)
        )
        sensitive = np.asarray(snapshot.sensitive)[order]
        self.sensitive: NDArray[np.bool_] = (
            np.logical_or.reduceat(sensitive, start) if len(start) else np.zeros(0, dtype=bool)
        )

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


def _departments(categories: tuple[str, ...]) -> NDArray[np.int32]:
    """Number of the first level of each category path; one more entry answers code -1."""
    numbers: dict[str, int] = {}
    codes = [
        numbers.setdefault(path.partition(SEPARATOR)[0].strip(), len(numbers))
        for path in categories
    ]
    return np.array([*codes, -1], dtype=np.int32)
