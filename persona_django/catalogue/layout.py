"""The columns of a snapshot and how they are asked: by item, by key, by family, by category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.artefacts.packing import text_at, unpack_texts
from persona_django.catalogue.refs import ref_of

SCHEMA = 1
"""Number of the layout below; a snapshot of another number is built again, never guessed at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """Every item of a store at one revision, row by row in order of `item_id`.

    `category` and `brand` are positions in `categories` and `brands` (both sorted), -1 for none;
    `model` is a position in `labels`; `stock` is -1 where the shop does not count it. Retired
    items stay in it, never `available`, so that their history counts for their family. Items
    whose row the shop deleted are not in it. All arrays are read-only views of a mapped file.
    """

    revision: int
    """The catalogue's revision when it was read."""
    item_id: NDArray[np.int64]
    group_id: NDArray[np.int64]
    ref: NDArray[np.int64]
    model: NDArray[np.int16]
    category: NDArray[np.int32]
    brand: NDArray[np.int32]
    price: NDArray[np.int64]
    list_price: NDArray[np.int64]
    available: NDArray[np.bool_]
    stock: NDArray[np.int32]
    margin: NDArray[np.float32]
    published_at: NDArray[np.int64]
    sensitive: NDArray[np.bool_]
    retired: NDArray[np.bool_]
    labels: tuple[str, ...]
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    """Sort orders and packed keys, for the methods below."""

    def __len__(self) -> int:
        return len(self.item_id)

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Snapshot:
        """A snapshot over arrays as `catalogue.building` lays them out."""
        columns = {
            name: arrays[name]
            for name in cls.__dataclass_fields__
            if name in arrays and name != "revision"
        }
        return cls(
            revision=int(arrays["revision"][0]),
            labels=unpack_texts(arrays["labels_run"], arrays["labels_ends"]),
            categories=unpack_texts(arrays["categories_run"], arrays["categories_ends"]),
            brands=unpack_texts(arrays["brands_run"], arrays["brands_ends"]),
            arrays=arrays,
            **columns,
        )

    def rows_of(self, item_ids: Any) -> NDArray[np.int64]:
        """Row of each item, -1 where there is none."""
        return _find(self.item_id, item_ids)

    def items_of_refs(self, refs: Any) -> NDArray[np.int64]:
        """Item id of each ref (see `refs.refs_of`), 0 where there is none."""
        found = _find(self.arrays["ref_sorted"], refs)
        rows = self.arrays["ref_order"][found] if len(self) else found
        return np.where(found >= 0, _take(self.item_id, rows), 0)

    def item_of(self, label: str, key: Any) -> int:
        """Item id of one shop row, 0 when it is unknown."""
        # Each page asks for one or two, where what makes arrays of them would take most of it.
        ref, refs = ref_of(label, key), self.arrays["ref_sorted"]
        found = int(refs.searchsorted(ref))
        if found == len(refs) or refs[found] != ref:
            return 0
        return int(self.item_id[self.arrays["ref_order"][found]])

    def key_of(self, row: int) -> str:
        """The shop's primary key of a row, as text."""
        return text_at(self.arrays["keys_run"], self.arrays["keys_ends"], row)

    def label_of(self, row: int) -> str:
        """The shop's model of a row, as `app_label.model`."""
        return self.labels[int(self.model[row])]

    def group_of(self, item_ids: Any) -> NDArray[np.int64]:
        """Family of each item, 0 where the item is unknown."""
        rows = self.rows_of(item_ids)
        return np.where(rows >= 0, _take(self.group_id, rows), 0)

    def group_rows(self, group_ids: Any) -> NDArray[np.int64]:
        """Row of each family's best member, -1 where there is none."""
        found = _find(self.arrays["group_sorted"], group_ids)
        return np.where(found >= 0, _take(self.arrays["group_order"], found), -1)

    def members(self, group_id: int) -> NDArray[np.int64]:
        """Item ids of a family still on sale, best first: available, in stock, the oldest."""
        rows = self._slice("group", group_id)
        return self.item_id[rows[~self.retired[rows]]]

    def rows_in_category(self, code: int) -> NDArray[np.int64]:
        """Rows of one category, in order of item id; none for code -1."""
        return self._slice("category", code) if code >= 0 else np.empty(0, np.int64)

    def category_code(self, path: str) -> int:
        """Position of a category path in `categories`, -1 when no item is in it."""
        return self._category_codes.get(path, -1)

    @cached_property
    def sensitive_items(self) -> frozenset[int]:
        """Every item that is sensitive itself, or of a family that holds one which is."""
        families = np.unique(self.group_id[self.sensitive])
        return frozenset(self.item_id[np.isin(self.group_id, families)].tolist())

    @cached_property
    def _category_codes(self) -> dict[str, int]:
        return {path: code for code, path in enumerate(self.categories)}

    def _slice(self, name: str, value: int) -> NDArray[np.int64]:
        ordered = self.arrays[f"{name}_sorted"]
        start, end = np.searchsorted(ordered, [value, value + 1])
        return self.arrays[f"{name}_order"][start:end]


def _find(ordered: NDArray[Any], wanted: Any) -> NDArray[np.int64]:
    """First position of each wanted number in a sorted array, -1 where it is missing."""
    asked = np.asarray(wanted, dtype=np.int64)
    if not len(ordered):
        return np.full(asked.shape, -1, dtype=np.int64)
    at = np.searchsorted(ordered, asked)
    at[at == len(ordered)] = 0
    return np.where(ordered[at] == asked, at, -1)


def _take(values: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Values at rows, where row -1 gives any value: the caller masks it."""
    return values[rows] if len(values) else np.zeros(rows.shape, dtype=values.dtype)
