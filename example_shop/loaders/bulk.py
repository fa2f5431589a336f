"""Writes columns into the shop's tables in bulk, as fast as the database takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import numpy as np
from django.core.management.color import no_style
from django.db import connections, models, router, transaction
from django.db.models import Max
from numpy.typing import NDArray

Progress = Callable[[int, int], None]

ROWS_AT_ONCE = 10_000


def insert(
    model: type[models.Model],
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    *,
    progress: Progress | None = None,
) -> NDArray[np.int64]:
    """Insert rows and return their primary keys, which continue after the highest there is.

    Columns are named as fields; a field without a column gets its default. Money is given as text
    and times as `datetime`: what every database takes without a conversion per row.
    """
    connection = connections[router.db_for_write(model)]
    rows = len(next(iter(columns.values())))
    first = model._default_manager.using(connection.alias).aggregate(last=Max("pk"))["last"] or 0
    keys = np.arange(first + 1, first + 1 + rows)
    given: dict[str, Any] = {**columns, model._meta.pk.name: keys}
    fields = model._meta.local_concrete_fields
    values = [_column(field, given, rows, connection) for field in fields]
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for start in range(0, rows, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, rows)
            part = zip(*(column[start:stop] for column in values), strict=True)
            _write(cursor, f"{table} ({names})", len(fields), part)
            if progress:
                progress(stop, rows)
    return keys


def _write(cursor: Any, table: str, fields: int, rows: Iterable[tuple[Any, ...]]) -> None:
    if cursor.db.vendor == "postgresql":
        with cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * fields)
    sql = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - names of our own model
    cursor.executemany(sql, list(rows))


def continue_keys(used: Iterable[type[models.Model]]) -> None:
    """Tell the database where its own numbering goes on after rows that brought their keys."""
    for model in used:
        connection = connections[router.db_for_write(model)]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
                cursor.execute(statement)


def money(cents: NDArray[np.int64]) -> list[str]:
    """Cents as the text of a decimal number, without a float in between."""
    values, place = np.unique(cents, return_inverse=True)
    texts = np.array([f"{v // 100}.{v % 100:02d}" for v in values.tolist()], dtype=object)
    return texts[place].tolist() if len(texts) else []


def times(seconds: NDArray[np.int64]) -> list[datetime | None]:
    """Seconds since 1970 as datetimes; 0 means none."""
    values, place = np.unique(seconds, return_inverse=True)
    made = np.empty(len(values), dtype=object)
    for number, value in enumerate(values.tolist()):
        made[number] = datetime.fromtimestamp(value, tz=timezone.utc) if value else None
    return made[place].tolist()


def _column(
    field: models.Field[Any, Any], given: Mapping[str, Any], rows: int, connection: Any
) -> list[Any]:
    """One column as the database wants it; datetimes are converted once for each moment."""
    column = given.get(field.name, given.get(field.attname))
    if column is None:
        return [field.get_db_prep_save(field.get_default(), connection)] * rows
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    if isinstance(field, models.DateTimeField):
        converted = {v: connection.ops.adapt_datetimefield_value(v) for v in set(values)}
        return [converted[value] for value in values]
    return values
