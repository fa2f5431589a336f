"""Lines of a chunk as rows of the event table, or with the reason why they are refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.core.exceptions import FieldError
from numpy.typing import NDArray

from persona_django.catalogue.refs import key_text, own_key, refs_of
from persona_django.catalogue.registry import item_maps
from persona_django.exceptions import BadImport
from persona_django.identity import restrictions
from persona_django.identity.keys import keyed_many
from persona_django.importing.files import Chunk
from persona_django.importing.values import NO_PRICE, Faults, Reader, keys, numbers, shown
from persona_django.tracking.codes import factorise, mixed
from persona_django.tracking.items import ItemIds, every_sensitive
from persona_django.tracking.orders import LONE_BUYER
from persona_django.tracking.schema import Basis, Kind

UID_SEED = 0x01D5
Keys = tuple[list[str], NDArray[np.int64]]
"""Distinct keys of a column, and the place of each line's among them."""


class ItemColumn:
    """Turns the item column of a file into items of the catalogue."""

    def __init__(self, model: str, field: str, store: int) -> None:
        self.label = _label(model)
        self.ids = ItemIds(store)
        self.sensitive = np.array(sorted(every_sensitive(store)), dtype=np.int64)
        self.looked_for_in = f"{self.label}.{field or item_maps()[self.label].model._meta.pk.name}"
        self.key_of: dict[str, str] | None = None
        if field:
            self.key_of = _keys_by(self.label, field)

    def of(self, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Item id, 0 where unknown, and ref of each key."""
        if self.key_of is None:
            found = [own_key(self.label, text) for text in texts]
        else:
            found = [self.key_of.get(text, "") for text in texts]
        return self.ids.of(self.label, found), refs_of(self.label, found)


def _keys_by(label: str, field: str) -> dict[str, str]:
    """Value of a field of the shop's products, such as a number on the label, to their key."""
    products = item_maps()[label].model._default_manager
    try:
        pairs = products.order_by().values_list(field, "pk")
        return {str(value): key_text(pk) for value, pk in pairs if value is not None}
    except FieldError as error:
        raise BadImport(f"{label} has no field {field!r} to find its items by.") from error


def _label(model: str) -> str:
    known = item_maps()
    if model.lower() in known:
        return model.lower()
    if not model and len(known) == 1:
        return next(iter(known))
    registered = ", ".join(known) or "none"
    raise BadImport(
        f"Say which model the items of the file are, as in --model app.Model. Registered are: "
        f"{registered}."
    )


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What one chunk became: columns for `writing.insert_columns`, and who was refused why."""

    columns: dict[str, NDArray[np.int64]]
    faults: Faults
    good: int


class LineReader:
    """Reads chunk after chunk of one file, from its first line on.

    It remembers which lines it has seen, because an order may well hold the same line twice.
    """

    def __init__(
        self, values: Reader, items: ItemColumn, basis: Basis, *, encoding: str, store: int
    ) -> None:
        self.values = values
        self.items = items
        self.basis = basis
        self.encoding = encoding
        self.store = store
        self.seen = Seen()
        self.is_orders = Kind.VIEW not in values.allowed

    def read(self, chunk: Chunk) -> Rows:
        """Turn every line into a row, or into a fault."""
        faults = Faults(len(chunk))
        if chunk.faults:
            broken = [chunk.faults.get(at, "") for at in range(len(chunk))]
            faults.add(*factorise(broken))
        item, ref = self._items(chunk, faults)
        at = numbers(chunk.columns["time"], self.values.time, faults)
        kind, quantity = self._kinds(chunk, faults)
        price = self._column(chunk, "price", self.values.price, faults, NO_PRICE)
        order = self._orders(chunk, faults)
        shopper = self._shoppers(chunk, faults, order)
        uid = self._uids(chunk, faults, [order, kind, ref, at, quantity, price])
        good = faults.good
        columns = {
            "store": np.full(len(chunk), self.store),
            "shopper": shopper,
            "uid": uid,
            "kind": kind,
            "item_id": item,
            "at": at,
            "order": order,
            "quantity": quantity,
            "price": price,
            "basis": np.full(len(chunk), int(self.basis)),
        }
        columns = {name: values[good] for name, values in columns.items()}
        return Rows(columns=columns, faults=faults, good=int(good.sum()))

    def _keys(
        self, chunk: Chunk, name: str, faults: Faults
    ) -> tuple[list[str], NDArray[np.int64]]:
        texts = chunk.columns.get(name) or [""] * len(chunk)
        return keys(texts, name, faults, encoding=self.encoding)

    def _column(
        self, chunk: Chunk, name: str, read: object, faults: Faults, default: int
    ) -> NDArray[np.int64]:
        texts = chunk.columns.get(name)
        if texts is None:
            return np.full(len(chunk), default, dtype=np.int64)
        return numbers(texts, read, faults)  # type: ignore[arg-type]

    def _items(self, chunk: Chunk, faults: Faults) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        texts, at = self._keys(chunk, "item", faults)
        found, ref = self.items.of(texts)
        unknown = [
            f"unknown item: {shown(text)}" if not item else ""
            for text, item in zip(texts, found.tolist(), strict=True)
        ]
        faults.add(unknown, at)
        faults.refuse(np.isin(found, self.items.sensitive)[at], "sensitive item")
        return found[at], ref[at]

    def _kinds(self, chunk: Chunk, faults: Faults) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Kind and quantity: a purchase of fewer than none is a refund of as many."""
        usual = Kind.PURCHASE if self.is_orders else Kind.VIEW
        kind = self._column(chunk, "kind", self.values.kind, faults, int(usual))
        quantity = self._column(chunk, "quantity", self.values.quantity, faults, 1)
        kind = np.where((kind == Kind.PURCHASE) & (quantity < 0), int(Kind.REFUND), kind)
        return kind, np.abs(quantity)

    def _orders(self, chunk: Chunk, faults: Faults) -> NDArray[np.int64]:
        texts, at = self._keys(chunk, "order", faults)
        if self.is_orders:
            faults.add(["" if text else "no order" for text in texts], at)
        order = keyed_many("order", (f"import\0{text}" for text in texts))
        return np.where([bool(text) for text in texts], order, 0)[at]

    def _shoppers(
        self, chunk: Chunk, faults: Faults, order: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Keyed hash of the customer; an order without one has a buyer of its own."""
        texts, at = self._keys(chunk, "customer", faults)
        given = np.array([bool(text) for text in texts], dtype=bool)[at]
        if not self.is_orders:
            faults.refuse(~given & (order == 0), "no customer")
        purpose = "aggregate" if self.basis is Basis.AGGREGATE else "customer"
        known = restrictions.numbers_of(purpose, texts)[at]
        return np.where(given, known, mixed(order, seed=LONE_BUYER))

    def _uids(
        self, chunk: Chunk, faults: Faults, parts: list[NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        """A number for each line that the same line has in any other file.

        A line's own name counts within its order and kind, because lines are often numbered
        from 1 in each order. A line without one is known by all it says: the same line twice in
        an order is two lines of it, the same event twice is one event.
        """
        texts, at = self._keys(chunk, "uid", faults)
        is_named = np.array([bool(text) for text in texts], dtype=bool)[at]
        name = keyed_many("event", texts)[at]
        named = _mixed_together([name, *parts[:2]]) if self.is_orders else name
        content = _mixed_together(parts)
        if self.is_orders:
            times = np.zeros(len(chunk), dtype=np.int64)
            times[~is_named] = self.seen.occurrence(content[~is_named])
            content = mixed(content + times, seed=UID_SEED)
        return np.where(is_named, named, content)


def _mixed_together(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """One number for each line, that only the same parts give."""
    together = np.zeros(len(parts[0]), dtype=np.int64)
    for number, part in enumerate(parts):
        together = mixed(together ^ mixed(part, seed=UID_SEED + number), seed=UID_SEED)
    return together


class Seen:
    """How often each number came before, for any number of numbers at 8 bytes each."""

    def __init__(self) -> None:
        self._sorted: list[NDArray[np.int64]] = []

    def occurrence(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each value how many equal ones came before it, in this call and in earlier ones."""
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        count = np.zeros(len(values), dtype=np.int64)
        count[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered)
        for earlier in self._sorted:
            count += np.searchsorted(earlier, values, "right") - np.searchsorted(earlier, values)
        self._sorted.append(ordered)
        # Arrays double in size, so that each number is sorted again only a few times.
        while len(self._sorted) > 1 and len(self._sorted[-1]) * 2 > len(self._sorted[-2]):
            both = np.concatenate([self._sorted.pop(), self._sorted.pop()])
            self._sorted.append(np.sort(both, kind="stable"))
        return count
