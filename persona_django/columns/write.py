"""Arrays into rows of a database, fast, and leaving the shop's own writers their turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BinaryField, Field, Model, Q
from django.db.models.constants import OnConflict
from numpy.typing import NDArray

from persona_django import conf
from persona_django.columns.copying import can_copy, copy_rows

Column = Sequence[Any] | NDArray[Any]
Progress = Callable[[int, int], None]
"""Called with the number of rows written so far and of all rows."""

CHUNK_ROWS = {"postgresql": 50_000, "mysql": 2_000}


def write_rows(
    alias: str,
    model: type[Model],
    columns: Mapping[str, Column],
    *,
    progress: Progress | None = None,
    on_chunk: Callable[[], None] | None = None,
    ignore_conflicts: bool = False,
) -> int:
    """Insert aligned columns as rows of a model and return how many were inserted.

    Each chunk is a transaction of its own unless the caller has one open. Fields left out take
    their defaults. `on_chunk` is called after each chunk, for a job to renew its lease; what it
    raises stops the write and keeps the chunks already written. With `ignore_conflicts`, rows
    that break a unique constraint are left out and not counted.
    """
    connection = connections[alias]
    fields, values = _filled(model, columns, connection)
    insert = copy_rows if can_copy(connection) else _insert
    total = len(values[0]) if values else 0
    written = 0
    for low, high in _chunks(connection, total):
        part = [column[low:high] for column in values]
        began = time.monotonic()
        with transaction.atomic(using=alias):
            written += insert(connection, model, fields, part, ignore_conflicts=ignore_conflicts)
        held = time.monotonic() - began
        if progress is not None:
            progress(high, total)
        if on_chunk is not None:
            on_chunk()
        give_way(connection, held)
    return written


def delete_rows(
    alias: str, model: type[Model], where: Q, *, on_chunk: Callable[[], None] | None = None
) -> int:
    """Delete the rows of a model that match, in chunks, and return how many there were.

    For tables that nothing points at: no signal is sent and nothing cascades.
    """
    connection = connections[alias]
    matching = model._base_manager.using(alias).filter(where).order_by("pk")
    size = chunk_rows(connection)
    deleted = 0
    while True:
        bound = list(matching.values_list("pk", flat=True)[size - 1 : size])
        chunk = matching.filter(pk__lte=bound[0]) if bound else matching
        began = time.monotonic()
        with transaction.atomic(using=alias):
            deleted += chunk.order_by()._raw_delete(alias)
        held = time.monotonic() - began
        if on_chunk is not None:
            on_chunk()
        if not bound:
            return deleted
        give_way(connection, held)


def update_rows(alias: str, rows: Sequence[Model], fields: Sequence[str]) -> None:
    """Write some fields of rows of one model that are there, by their primary keys.

    In whatever transaction is open. As `bulk_update`, which takes a millisecond a row to build
    its statement, while an SQLite file is held.
    """
    if not rows:
        return
    connection = connections[alias]
    quote = connection.ops.quote_name
    meta = rows[0]._meta
    by_name = {field.name: field for field in meta.concrete_fields}
    written = [*map(by_name.__getitem__, fields), meta.pk]
    *changed, key = (f"{quote(str(field.column))} = %s" for field in written)
    sql = " ".join(("UPDATE", quote(meta.db_table), "SET", ", ".join(changed), "WHERE", key))
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for field in written]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


def _filled(
    model: type[Model], columns: Mapping[str, Column], connection: BaseDatabaseWrapper
) -> tuple[list[Field[Any, Any]], list[Column]]:
    """Fields to insert and their values as the driver takes them, defaults included."""
    given = {model._meta.get_field(name): column for name, column in columns.items()}
    sizes = {len(column) for column in given.values()}
    if len(sizes) > 1:
        raise ValueError(f"columns of one table must be equally long, got lengths {sorted(sizes)}")
    total = sizes.pop() if sizes else 0
    fields: list[Field[Any, Any]] = []
    values: list[Column] = []
    blank = model()
    for field in model._meta.concrete_fields:
        if field in given:
            values.append(_prepared(field, given[field], connection))
        elif field is model._meta.auto_field:
            continue
        else:
            default = field.pre_save(blank, True)
            values.append([field.get_db_prep_save(default, connection)] * total)
        fields.append(field)
    return fields, values


def _prepared(field: Field[Any, Any], column: Column, connection: BaseDatabaseWrapper) -> Column:
    if isinstance(column, np.ndarray) and column.dtype.kind in "iufb":
        return column
    if isinstance(field, BinaryField):
        # Every driver takes bytes as they are; their wrappers would only be taken off again.
        return column
    return [field.get_db_prep_save(value, connection) for value in column]


def _insert(
    connection: BaseDatabaseWrapper,
    model: type[Model],
    fields: Sequence[Field[Any, Any]],
    columns: Sequence[Column],
    *,
    ignore_conflicts: bool,
) -> int:
    lists = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns]
    conflict = OnConflict.IGNORE if ignore_conflicts else None
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = " ".join(
        (
            connection.ops.insert_statement(on_conflict=conflict),
            f"{quote(model._meta.db_table)} ({names}) VALUES ({marks})",
            connection.ops.on_conflict_suffix_sql(fields, conflict, [], []),
        )
    )
    with connection.cursor() as cursor:
        cursor.executemany(sql, list(zip(*lists, strict=True)))
        return cursor.rowcount


def chunk_rows(connection: BaseDatabaseWrapper) -> int:
    """Rows of one transaction on this database."""
    return CHUNK_ROWS.get(connection.vendor) or conf.current().write_chunk_rows


def _chunks(connection: BaseDatabaseWrapper, total: int) -> Iterator[tuple[int, int]]:
    size = chunk_rows(connection)
    for low in range(0, total, size):
        yield low, min(low + size, total)


def give_way(connection: BaseDatabaseWrapper, held: float, *, times: int = 1) -> None:
    """Let another writer of an SQLite file have its turn; others lock rows, not the file.

    A waiting writer looks again after 1, 2, 5, 10, 15, 20, ... milliseconds. The pause is as long
    as the file was held, or `times` as long, so that every other look finds it free, or more.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(times * held, conf.current().write_pause.total_seconds()))
