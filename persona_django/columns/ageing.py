"""Old rows out of a table, oldest first, a few at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Model, Q

from persona_django.columns.write import chunk_rows, give_way

MOST_ROWS = 5_000
"""Of one transaction, where rows are locked and not the file."""
UNHURRIED = 2
"""How much longer than it was held the file is left free: nobody waits for what is deleted."""


def delete_older(
    alias: str,
    model: type[Model],
    *,
    by: str,
    than: int,
    where: Q | None = None,
    most: int = MOST_ROWS,
    on_chunk: Callable[[], None] | None = None,
) -> int:
    """Delete the rows whose `by` lies below `than`, in chunks, and return how many there were.

    `by` has an index, which each chunk goes on along where the last one ended: rows that stay are
    passed once. `most` rows are of one chunk, fewer where they are large. What `on_chunk` raises
    stops it between two chunks. For tables that nothing points at: no signal is sent and nothing
    cascades.
    """
    connection = connections[alias]
    size = min(_size(connection), most)
    matching = model._base_manager.using(alias).filter(where or Q(), **{f"{by}__lt": than})
    reached: int | None = None
    deleted = 0
    while True:
        rows = matching if reached is None else matching.filter(**{f"{by}__gte": reached})
        found = list(rows.order_by(by).values_list("pk", by)[:size])
        if not found:
            return deleted
        held, gone = _delete(alias, model, [pk for pk, _ in found])
        deleted += gone
        reached = found[-1][1]
        if on_chunk is not None:
            on_chunk()
        if len(found) < size:
            return deleted
        give_way(connection, held, times=UNHURRIED)


def delete_listed(
    alias: str,
    model: type[Model],
    keys: Sequence[int],
    *,
    on_chunk: Callable[[], None] | None = None,
) -> int:
    """Delete the rows with these primary keys, in chunks, and return how many there were.

    To be looked for first by a condition that has an index: where a database is asked to delete
    some of them in order of their keys, it may walk through the whole table instead.
    """
    connection = connections[alias]
    size, deleted = _size(connection), 0
    for start in range(0, len(keys), size):
        held, gone = _delete(alias, model, keys[start : start + size])
        deleted += gone
        if on_chunk is not None:
            on_chunk()
        if start + size < len(keys):
            give_way(connection, held, times=UNHURRIED)
    return deleted


def _size(connection: BaseDatabaseWrapper) -> int:
    return min(chunk_rows(connection), MOST_ROWS)


def _delete(alias: str, model: type[Model], keys: Sequence[int]) -> tuple[float, int]:
    """Delete in one transaction: for how many seconds it held others up, and how many rows."""
    began = time.monotonic()
    with transaction.atomic(using=alias):
        gone: int = model._base_manager.using(alias).filter(pk__in=keys)._raw_delete(alias)
    return time.monotonic() - began, gone


def oldest(alias: str, model: type[Model], *, by: str, where: Q | None = None) -> int | None:
    """The lowest `by` there is; None in an empty table."""
    rows = model._base_manager.using(alias).filter(where or Q()).order_by(F(by).asc())
    found: int | None = rows.values_list(by, flat=True).first()
    return found
