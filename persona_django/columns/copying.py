"""PostgreSQL's COPY: the bytes of many rows in one stream, several times faster than INSERT."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import DataError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model
from numpy.typing import NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = struct.pack(">i", -1)

Column = Sequence[Any] | NDArray[Any]

FIXED = {16: ">i1", 21: ">i2", 23: ">i4", 20: ">i8", 700: ">f4", 701: ">f8"}
"""Types of a fixed width by number: bool, int2, int4, int8, float4, float8."""
TEXTS = {25, 1042, 1043}
BYTES = {17}


def can_copy(connection: BaseDatabaseWrapper) -> bool:
    """Whether this is PostgreSQL through psycopg 3."""
    if connection.vendor != "postgresql":
        return False
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    return is_psycopg3


def copy_rows(
    connection: BaseDatabaseWrapper,
    model: type[Model],
    fields: Sequence[Field[Any, Any]],
    columns: Sequence[Column],
    *,
    ignore_conflicts: bool,
) -> int:
    """Insert aligned columns and return how many rows were inserted.

    COPY itself knows no conflicts: to pass over them, rows go to a temporary table first.
    """
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = ", ".join(quote(str(field.column)) for field in fields)
    into = table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM {table} LIMIT 0")  # noqa: S608 (quoted names)
        types = [column[1] for column in cursor.description]
        if ignore_conflicts:
            into = quote(f"persona_copy_{model._meta.db_table}"[:63])
            cursor.execute(f"DROP TABLE IF EXISTS {into}")
            like = f"SELECT {names} FROM {table} LIMIT 0"  # noqa: S608 (quoted names)
            cursor.execute(f"CREATE TEMPORARY TABLE {into} AS {like}")
        written = _copy(cursor, into, names, types, columns)
        if ignore_conflicts:
            rows = f"SELECT {names} FROM {into}"  # noqa: S608 (quoted names)
            cursor.execute(f"INSERT INTO {table} ({names}) {rows} ON CONFLICT DO NOTHING")
            written = cursor.rowcount
            cursor.execute(f"DROP TABLE {into}")
    return written


def _copy(
    cursor: Any, into: str, names: str, types: Sequence[int], columns: Sequence[Column]
) -> int:
    rows = _encoded(types, columns)
    binary = " (FORMAT BINARY)" if rows is not None else ""
    # Unlike execute, copy is not wrapped by Django, whose errors callers expect.
    with (
        cursor.db.wrap_database_errors,
        cursor.copy(f"COPY {into} ({names}) FROM STDIN{binary}") as copy,
    ):
        if rows is not None:
            copy.write(SIGNATURE + rows + END)
        else:
            for row in zip(*columns, strict=True):
                copy.write_row(row)
    return len(columns[0])


def _encoded(types: Sequence[int], columns: Sequence[Column]) -> bytes | None:
    """Rows of a binary COPY; None where a type is better left to the driver."""
    if not set(types) <= set(FIXED) | TEXTS | BYTES:
        return None
    if set(types) <= set(FIXED) and all(isinstance(column, np.ndarray) for column in columns):
        return _fixed(types, columns).tobytes()
    fields = []
    for number, column in zip(types, columns, strict=True):
        if number in TEXTS:
            fields.append([_field(None if v is None else v.encode()) for v in column])
        elif number in BYTES:
            fields.append([_field(v) for v in column])
        else:
            fields.append(_split(number, column))
    count = itertools.repeat(struct.pack(">h", len(columns)))
    return b"".join(itertools.chain.from_iterable(zip(count, *fields, strict=False)))


def _fixed(types: Sequence[int], columns: Sequence[Column]) -> NDArray[Any]:
    """Whole rows of numbers as one table: the number of fields, then length and value of each."""
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for at, number in enumerate(types):
        layout += [(f"length{at}", ">i4"), (f"value{at}", FIXED[number])]
    packed: NDArray[Any] = np.empty(len(columns[0]), np.dtype(layout))
    packed["fields"] = len(types)
    for at, (number, column) in enumerate(zip(types, columns, strict=True)):
        packed[f"length{at}"] = np.dtype(FIXED[number]).itemsize
        packed[f"value{at}"] = column
        if "i" in FIXED[number] and not np.array_equal(packed[f"value{at}"], column):
            # numpy would cut the number down to size without a word.
            raise DataError(f"a number is too large for its column of type {FIXED[number][1:]}")
    return packed


def _split(number: int, column: Column) -> list[bytes]:
    """The fields of one column of numbers, one by one."""
    known = column
    if not isinstance(column, np.ndarray):
        known = [0 if value is None else value for value in column]
    raw = _fixed([number], [known]).tobytes()
    width = 2 + 4 + np.dtype(FIXED[number]).itemsize
    fields = [raw[at + 2 : at + width] for at in range(0, len(raw), width)]
    if isinstance(column, np.ndarray):
        return fields
    return [NULL if v is None else field for v, field in zip(column, fields, strict=True)]


def _field(value: bytes | memoryview | None) -> bytes:
    return NULL if value is None else struct.pack(">i", len(value)) + bytes(value)
