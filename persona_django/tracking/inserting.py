"""Rows that are inserted once, by a writer who must be told which of them were new."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DatabaseError, connections, models, router

from persona_django import counters
from persona_django.tracking.insert_statements import ROWS_OF_A_STATEMENT, of_arrays, of_rows
from persona_django.tracking.models import Event

Key = tuple[int, int]
"""Shopper and uid: what names a row once, in every table that this module writes."""

T = TypeVar("T")
ATTEMPTS = 4
_LONGEST_PAUSE_SECONDS = 0.05
_DEADLOCKS = frozenset({"40P01", "40001", 1213})
"""A deadlock or a lost race as PostgreSQL and MariaDB number it: nothing is wrong, try again."""


def insert_new(
    model: type[models.Model], names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> set[Key]:
    """Insert rows in the caller's transaction, and return the keys of those that were new.

    `names` begin with shopper and uid. Keys are given once each. Rows are written in order of
    their key, so that two writers cannot wait for each other in a circle; one that another
    writer is about to commit is waited for, and is then not new.
    """
    connection, named = connections[router.db_for_write(model)], tuple(names)
    rows = sorted(rows, key=lambda row: row[:2])
    # Without RETURNING only the count is told, so each row is asked for by itself.
    returns = connection.features.can_return_columns_from_insert
    takes_arrays = connection.vendor == "postgresql"
    size = ROWS_OF_A_STATEMENT if returns else 1
    new: set[Key] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            if takes_arrays and len(part) > 1:
                sql = of_arrays(connection.alias, model, named, returns=returns)
                cursor.execute(sql, [_array(column) for column in zip(*part, strict=True)])
            else:
                sql = of_rows(connection.alias, model, named, len(part), returns=returns)
                cursor.execute(sql, [value for row in part for value in row])
            if returns:
                new.update((int(shopper), int(uid)) for shopper, uid in cursor.fetchall())
            elif cursor.rowcount == 1:
                new.add(part[0][:2])
    return new


def insert_is_one_statement() -> bool:
    """Whether `insert_new` of a message's rows is one statement, so that no other part of it can
    be missing."""
    return bool(connections[router.db_for_write(Event)].features.can_return_columns_from_insert)


def _array(column: Sequence[Any]) -> Any:
    """One column as PostgreSQL reads an array: whole numbers as it writes them itself, which the
    driver need not look at one by one."""
    kinds = set(map(type, column))
    if not all(issubclass(kind, int) for kind in kinds):
        return list(column)
    # Also of a member of an enumeration, which has a name of its own as text.
    return f"{{{','.join(map(int.__repr__, column))}}}"


def again_on_deadlock(work: Callable[[], T], *, alias: str) -> T:
    """Do what is one transaction, and do it again when the database chose it to be given up.

    Within somebody else's transaction there is nothing to repeat: theirs is gone with ours.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except DatabaseError as error:
            is_last = attempt == ATTEMPTS or connections[alias].in_atomic_block
            if is_last or not is_deadlock(error):
                raise
            counters.count("deadlock_retried")
        # Both would otherwise come back at the same moment.
        time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS * attempt))  # noqa: S311 - no secret
    raise AssertionError("the last attempt returns or raises")


def is_deadlock(error: DatabaseError) -> bool:
    """Whether a transaction was given up only because another one stood in its way."""
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return code in _DEADLOCKS or bool(error.args and error.args[0] in _DEADLOCKS)
