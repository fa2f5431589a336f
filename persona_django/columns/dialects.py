"""How each database turns columns into whole numbers, and many rows into one value.

A driver pays for each row it hands over. Where a database can put thousands of rows into one
value, an array or a text of numbers, that cost is paid once a chunk: this is the `collect` of a
dialect. Dialects without it are read through a plain cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from numpy.typing import NDArray

from persona_django.columns.kinds import Kind, local_to_utc

NO_TIME = -(2**62)
"""Stands for an empty time until the zone is applied, which must not move it."""


class Dialect:
    """Standard SQL; every row through the cursor."""

    collects = False
    count = "count(*)"
    longest_text = 900_000_000
    """Characters of one value beyond which it may have been cut off."""
    most_rows = 200_000
    """Rows that one value may well hold."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    def expressions(self, sql: str, params: Sequence[Any], kinds: Sequence[Kind]) -> list[str]:
        """One SQL expression over `c0`, `c1`, ... for each wanted column."""
        return [self.expression(f"c{at}", kind) for at, kind in enumerate(kinds)]

    def expression(self, column: str, kind: Kind) -> str:
        if kind.letter == "i":
            return f"coalesce({column}, {kind.default})"
        if kind.letter in "ty":
            return f"coalesce({self.epoch(column)}, {NO_TIME})"
        return column

    def epoch(self, column: str) -> str:
        raise NotImplementedError(f"{self.connection.vendor} is not a database we know")

    def source(self, sql: str) -> str:
        """The query as it may stand inside another one without losing its order."""
        return sql

    def collects_all(self, kinds: Sequence[Kind]) -> bool:
        return self.collects and all(kind.is_whole for kind in kinds)

    def gains_by_ranges(self, kinds: Sequence[Kind]) -> bool:
        """Whether cutting a read into ranges of a key makes it faster or smaller."""
        return self.collects_all(kinds)

    def columns(self, expressions: Sequence[str], kinds: Sequence[Kind]) -> str:
        """What to select: one value a column where that can be had, else the expressions."""
        if not self.collects_all(kinds):
            return ", ".join(expressions)
        return ", ".join([self.count, *(self.collected(one) for one in expressions)])

    def collected(self, expression: str) -> str:
        """SQL of one value that holds the expression of all rows."""
        raise NotImplementedError(f"{self.connection.vendor} does not collect")

    def collect(self, sql: str, params: Sequence[Any]) -> list[NDArray[np.int64]] | None:
        """Run a query of `columns`; None when there is more than one value can hold."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            count, *texts = cursor.fetchone()
        if any(len(text or "") >= self.longest_text for text in texts):
            return None
        found = [np.fromstring(text or "", dtype=np.int64, sep=",") for text in texts]
        return found if all(len(values) == count for values in found) else None

    def rows(self, sql: str, params: Sequence[Any], *, chunk: int) -> Iterator[list[Any]]:
        """Run a query and hand its rows over in lists of about `chunk`."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            while found := cursor.fetchmany(chunk):
                yield found

    def to_utc(self, seconds: NDArray[np.int64], kind: Kind) -> NDArray[np.int64]:
        """Times as the database counts them, as seconds since 1970 UTC, NULLs replaced."""
        known = seconds != NO_TIME
        found = np.full(len(seconds), kind.default, dtype=np.int64)
        # What a connection keeps its clock readings in says nothing about a calendar's days.
        zone = self.connection.timezone if kind.letter == "t" else None
        zone = zone or timezone.get_default_timezone()
        found[known] = local_to_utc(seconds[known], zone)
        return found


class Sqlite(Dialect):
    """Numbers of many rows as one text, parsed in one go."""

    collects = True

    def expression(self, column: str, kind: Kind) -> str:
        # An expression has no declared type, so Django's converters are not called per value.
        return f"+{column}" if kind.letter in "dfk" else super().expression(column, kind)

    def epoch(self, column: str) -> str:
        return f"CAST(strftime('%%s', {column}) AS INTEGER)"

    def collected(self, expression: str) -> str:
        return f"group_concat({expression})"


class Mysql(Dialect):
    """MariaDB, which collects like SQLite, and MySQL, read row by row."""

    longest_text = 900_000
    most_rows = 30_000

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        super().__init__(connection)
        self.collects = bool(getattr(connection, "mysql_is_mariadb", False))

    def expression(self, column: str, kind: Kind) -> str:
        return f"{column} + 0E0" if kind.letter in "df" else super().expression(column, kind)

    def epoch(self, column: str) -> str:
        return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {column})"

    def source(self, sql: str) -> str:
        # Without a limit an inner order is thrown away, as the standard allows.
        upper = sql.upper()
        return f"{sql} LIMIT {2**63 - 1}" if "ORDER BY" in upper and "LIMIT" not in upper else sql

    def gains_by_ranges(self, kinds: Sequence[Kind]) -> bool:
        return True

    def collected(self, expression: str) -> str:
        return f"GROUP_CONCAT({expression} SEPARATOR ',')"

    def collect(self, sql: str, params: Sequence[Any]) -> list[NDArray[np.int64]] | None:
        # The setting holds for this statement alone. A longer text is cut off with a warning that
        # no driver shows, so one that reaches the limit is not believed.
        limit = f"SET STATEMENT group_concat_max_len = {self.longest_text} FOR "
        return super().collect(limit + sql, params)


class Postgresql(Dialect):
    """The bytes of many rows as one value through binary COPY, with psycopg 3."""

    BOOL, TIMESTAMPTZ = 16, 1184
    count = "int8send(count(*))"

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        from django.db.backends.postgresql.psycopg_any import is_psycopg3

        super().__init__(connection)
        self.collects = is_psycopg3
        self.zoned: set[int] = set()

    def expressions(self, sql: str, params: Sequence[Any], kinds: Sequence[Kind]) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({sql}) AS t LIMIT 0", params)  # noqa: S608 (ours)
            types = [column[1] for column in cursor.description]
        return [
            self.typed(f"c{at}", kind, type_code)
            for at, (kind, type_code) in enumerate(zip(kinds, types, strict=False))
        ]

    def typed(self, column: str, kind: Kind, type_code: int) -> str:
        if kind.letter == "i":
            number = f"{column}::int" if type_code == self.BOOL else column
            return f"coalesce({number}::int8, {kind.default})"
        if kind.letter == "n":
            return f"{column}::int8"
        if kind.letter in "ty":
            # Whole seconds; a zone-less column is a clock reading of the shop's zone.
            zone = timezone.get_default_timezone_name()
            moment = (
                column
                if type_code == self.TIMESTAMPTZ
                else f"{column}::timestamp AT TIME ZONE '{zone}'"
            )
            return f"coalesce(floor(extract(epoch FROM {moment}))::int8, {kind.default})"
        return f"{column}::float8" if kind.letter in "df" else column

    def collected(self, expression: str) -> str:
        # Bare bytes: an array would carry a length before each number.
        return f"string_agg(int8send({expression}), ''::bytea)"

    def collect(self, sql: str, params: Sequence[Any]) -> list[NDArray[np.int64]] | None:
        from django.db.backends.postgresql.psycopg_any import mogrify

        text = mogrify(sql, params, self.connection)
        with (
            self.connection.wrap_database_errors,
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT BINARY)") as copy,
        ):
            data = b"".join(copy)
        (count,), *found = binary_numbers(data)
        return found if all(len(values) == count for values in found) else None

    def rows(self, sql: str, params: Sequence[Any], *, chunk: int) -> Iterator[list[Any]]:
        if self.connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            yield from super().rows(sql, params, chunk=chunk)
            return
        with self.connection.chunked_cursor() as cursor:
            cursor.execute(sql, params)
            while found := cursor.fetchmany(chunk):
                yield found

    def to_utc(self, seconds: NDArray[np.int64], kind: Kind) -> NDArray[np.int64]:
        return seconds


def binary_numbers(data: bytes) -> list[NDArray[np.int64]]:
    """The numbers in each field of the one row of a binary COPY, eight bytes to a number.

    A header of 19 bytes and a field count of 2 stand before, and its length before each field.
    """
    found, at = [], 21
    for _ in range(int.from_bytes(data[19:21], "big", signed=True)):
        size = max(int.from_bytes(data[at : at + 4], "big", signed=True), 0)
        at += 4
        found.append(np.frombuffer(data, ">i8", size // 8, at).astype(np.int64))
        at += size
    return found


def dialect_of(connection: BaseDatabaseWrapper) -> Dialect:
    """How to read from this connection."""
    known = {"sqlite": Sqlite, "postgresql": Postgresql, "mysql": Mysql}
    return known.get(connection.vendor, Dialect)(connection)
