"""The mirror's own rows: what it holds of one model, and the only statements that change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connections
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone
from numpy.typing import NDArray

from persona_django.catalogue.cleaning import ItemRow
from persona_django.catalogue.models import Item
from persona_django.catalogue.paced import in_chunks
from persona_django.columns.read import read_queryset
from persona_django.columns.write import write_rows


@dataclass(frozen=True, slots=True)
class Change:
    """One item to write: its key, its ref, its columns and their digest; `item_id` 0 is new."""

    key: str
    ref: int
    row: ItemRow
    digest: int
    item_id: int = 0


class Mirror:
    """What the mirror holds of one model of one store, as sorted columns, and what was seen."""

    def __init__(
        self, alias: str, store: int, label: str, *, refs: Sequence[int] | None = None
    ) -> None:
        self.alias, self.store, self.label = alias, store, label
        rows = Item.objects.using(alias).filter(store=store, model=label, ref__isnull=False)
        if refs is not None:
            rows = rows.filter(ref__in=refs)
        retired = Case(
            When(retired_at__isnull=False, then=Value(1)),
            default=Value(0),
            output_field=IntegerField(),
        )
        found = read_queryset(rows.values_list("id", "ref", "digest", retired), "iiii")
        order = np.argsort(found[1])
        self.item_id, self.ref, self.digest = (column[order] for column in found[:3])
        self.is_retired: NDArray[np.bool_] = found[3][order].astype(bool)
        self.seen: NDArray[np.bool_] = np.zeros(len(order), dtype=bool)
        self.is_told_stock = False
        """True where the map declares no stock, so that what was told of it is not overwritten."""

    def find(self, refs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Position of each ref, -1 where the mirror has none."""
        if not len(self.ref):
            return np.full(len(refs), -1, dtype=np.int64)
        at = np.searchsorted(self.ref, refs)
        at[at == len(self.ref)] = 0
        return np.where(self.ref[at] == refs, at, -1)

    def meet(self, refs: NDArray[np.int64]) -> None:
        """Note that the shop offers these, without looking at what they hold."""
        at = self.find(refs)
        self.seen[at[at >= 0]] = True

    def unseen(self) -> NDArray[np.int64]:
        """Item ids that the shop no longer offers and that are not retired yet."""
        return self.item_id[~self.seen & ~self.is_retired]

    def insert(self, changes: Sequence[Change]) -> int:
        """Add new items; how many. One that a signal added in the meantime is left as it is."""
        if not changes:
            return 0
        columns: dict[str, Any] = {
            "store": [self.store] * len(changes),
            "model": [self.label] * len(changes),
            "key": [change.key for change in changes],
            "ref": [change.ref for change in changes],
            "digest": [change.digest for change in changes],
        }
        for name, values in zip(
            ItemRow._fields, zip(*(change.row for change in changes), strict=True), strict=True
        ):
            columns[name] = list(values)
        columns["retired_at"] = [None] * len(changes)
        return write_rows(self.alias, Item, columns, ignore_conflicts=True)

    def update(self, changes: Sequence[Change]) -> None:
        """Rewrite changed items, and put retired ones back on sale."""
        connection = connections[self.alias]
        kept = {"stock"} if self.is_told_stock else set()
        names = tuple(n for n in (*ItemRow._fields, "digest", "retired_at") if n not in kept)
        fields: list[Any] = [Item._meta.get_field(name) for name in names]
        quote = connection.ops.quote_name
        assignments = ", ".join(f"{quote(field.column)} = %s" for field in fields)
        statement = (
            f"UPDATE {quote(Item._meta.db_table)} SET {assignments} "  # noqa: S608  (own names)
            f"WHERE {quote('id')} = %s"
        )
        # Always in the same order, so that two syncs never wait for each other in a circle.
        ordered = sorted(changes, key=lambda change: change.item_id)

        def values_of(change: Change) -> list[Any]:
            known = {**change.row._asdict(), "digest": change.digest, "retired_at": None}
            return [known[name] for name in names]

        def write(chunk: Sequence[Change]) -> None:
            rows = [
                [
                    *(
                        field.get_db_prep_save(value, connection)
                        for field, value in zip(fields, values_of(change), strict=True)
                    ),
                    change.item_id,
                ]
                for change in chunk
            ]
            with connection.cursor() as cursor:
                cursor.executemany(statement, rows)

        in_chunks(self.alias, ordered, write)

    def keys(self, item_ids: Sequence[int]) -> dict[int, str]:
        """Item id to the shop's key."""
        rows = Item.objects.using(self.alias).filter(pk__in=item_ids)
        return dict(rows.values_list("pk", "key"))

    def held(self, refs: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Ref to model and key of whatever the store holds under these refs."""
        rows = Item.objects.using(self.alias).filter(store=self.store, ref__in=refs)
        found = rows.values_list("ref", "model", "key")
        return {ref: (model, key) for ref, model, key in found if ref is not None}


def retire(alias: str, item_ids: Sequence[int]) -> None:
    """Take items off sale whose rows still exist; they come back under the same id."""

    def write(chunk: Sequence[int]) -> None:
        Item.objects.using(alias).filter(pk__in=chunk).update(retired_at=timezone.now())

    in_chunks(alias, item_ids, write)


def release(alias: str, item_ids: Sequence[int]) -> None:
    """Take items off sale whose rows are deleted; a later row of that key is a new item."""

    def write(chunk: Sequence[int]) -> None:
        Item.objects.using(alias).filter(pk__in=chunk).update(
            ref=None, group_ref=0, digest=0, retired_at=timezone.now()
        )

    in_chunks(alias, item_ids, write)
