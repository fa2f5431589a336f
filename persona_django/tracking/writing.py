"""Rows into the event table, each once, by whatever the database does fastest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connections, router, transaction
from numpy.typing import NDArray

from persona_django import conf
from persona_django.breaker import database_call
from persona_django.identity import restrictions
from persona_django.tracking.insert_statements import ROWS_OF_A_STATEMENT, of_arrays, of_rows
from persona_django.tracking.models import Event
from persona_django.tracking.schema import SHARES

FIELDS = (
    "store", "shopper", "uid", "kind", "item_id", "at", "order", "quantity", "price", "basis",
    "value", "context",
)  # fmt: skip
ROWS_AT_ONCE = {"postgresql": 20_000, "mysql": 2_000}
HELD_SECONDS = 0.012
"""How long one transaction may hold SQLite's only lock, as far as we can choose."""
MOST_TIMES_THE_SETTING = 8


def insert_few(rows: Sequence[tuple[Any, ...]], *, hurried: bool = False) -> int:
    """Insert a handful of rows and return how many were new. Fields stand as in `FIELDS`.

    Takes no transaction of its own. `hurried` makes the transaction it is in not wait for
    PostgreSQL's disk, at the risk of its last half second in a power cut: for ours only.
    """
    connection = connections[router.db_for_write(Event)]
    stored = 0
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_OF_A_STATEMENT):
            part = rows[start : start + ROWS_OF_A_STATEMENT]
            sql = of_rows(connection.alias, Event, FIELDS, len(part), hurried=hurried)
            cursor.execute(sql, [value for row in part for value in row])
            stored += cursor.rowcount
    return stored


@contextmanager
def contained(*, one_statement: bool) -> Iterator[bool]:
    """A transaction of our own, so that a failure of ours spoils nobody else's.

    Raises Resting at once where the database failed a moment ago. One statement outside any
    transaction is one by itself, and spared two round trips. Gives whether how it is committed is
    ours to say: not within somebody else's transaction.
    """
    alias = router.db_for_write(Event)
    connection = connections[alias]
    with database_call(alias):
        is_ours = not connection.in_atomic_block and connection.get_autocommit()
        if is_ours and one_statement:
            yield True
            return
        with transaction.atomic(using=alias):
            yield is_ours


def insert_columns(
    columns: Mapping[str, NDArray[Any]], *, within: Callable[[int], None] | None = None
) -> int:
    """Insert many rows and return how many were new; pauses between transactions on SQLite.

    A price below 0 stands for none. `within` runs in each transaction with the number of rows it
    added, so that a count kept there is right wherever the run is killed. Rows are written in
    order of their key: two writers that lock rows in the same order cannot wait for each other
    in a circle. Those of shoppers who paused or were erased are left out.
    """
    alias = router.db_for_write(Event)
    connection = connections[alias]
    order = np.lexsort((columns["uid"], columns["shopper"]))
    gone = restrictions.restricted_keys()
    if len(gone):
        order = order[~np.isin(columns["shopper"][order], gone)]
    size = _rows_at_once(connection.vendor)
    stored = start = 0
    while start < len(order):
        part = _values(columns, order[start : start + size])
        start += size
        began = time.monotonic()
        with transaction.atomic(using=alias):
            added = _insert_part(connection, part)
            if within is not None:
                within(added)
        stored += added
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            size = _give_way(size, held_seconds=time.monotonic() - began)
    return stored


def _values(columns: Mapping[str, NDArray[Any]], rows: NDArray[np.int64]) -> list[list[Any]]:
    # What is read from files has neither value nor circumstances: all of it was seen.
    nothing = np.zeros(len(rows), dtype=np.int64)
    whole = np.where(np.isin(columns["kind"][rows], sorted(SHARES)), 1_000, 0)
    given = {"value": whole, **{name: column[rows] for name, column in columns.items()}}
    values = {name: given.get(name, nothing).tolist() for name in FIELDS}
    values["price"] = [None if price < 0 else price for price in values["price"]]
    return list(values.values())


def _rows_at_once(vendor: str) -> int:
    return ROWS_AT_ONCE.get(vendor, conf.current().write_chunk_rows)


def _give_way(size: int, *, held_seconds: float) -> int:
    """On SQLite, leave the lock free at least as long as it was held; rows of the next turn.

    Rows of ours are small, so more of them than the setting fit into the time that a waiting
    writer of the shop does not notice.
    """
    settings = conf.current()
    time.sleep(settings.write_pause.total_seconds())
    fitting = int(size * HELD_SECONDS / max(held_seconds, 1e-3))
    most = settings.write_chunk_rows * MOST_TIMES_THE_SETTING
    return max(min(fitting, 2 * size, most), settings.write_chunk_rows)


def _insert_part(connection: Any, values: list[list[Any]]) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(of_arrays(connection.alias, Event, FIELDS), values)
        else:
            one = of_rows(connection.alias, Event, FIELDS, 1)
            cursor.executemany(one, list(zip(*values, strict=True)))
        return max(int(cursor.rowcount), 0)
