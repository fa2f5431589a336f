"""Bulk changes in small transactions, with pauses on SQLite so that the shop's writers go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connections, transaction

from persona_django import conf

Row = TypeVar("Row")
Look = Callable[[], None]
CHUNK_ROWS = 2_000
"""Rows of one transaction where writers do not hold each other up."""
LONGEST_PAUSE = 0.1
"""Seconds; on a machine so busy that a chunk takes longer, a sync must still come to its end."""


def in_chunks(alias: str, rows: Sequence[Row], write: Callable[[Sequence[Row]], object]) -> None:
    """Hand the rows to `write` chunk by chunk, each chunk in a transaction of its own.

    On SQLite one writer holds up all others, so chunks are small, and a pause between them that
    is no shorter than the chunk took lets a waiting one in.
    """
    connection = connections[alias]
    settings = conf.current()
    on_sqlite = connection.vendor == "sqlite"
    size = settings.write_chunk_rows if on_sqlite else CHUNK_ROWS
    for start in range(0, len(rows), size):
        began = time.perf_counter()
        with transaction.atomic(using=alias):
            write(rows[start : start + size])
        held = time.perf_counter() - began
        # Inside the caller's own transaction a pause would only hold the lock for longer.
        if on_sqlite and not connection.in_atomic_block and start + size < len(rows):
            time.sleep(min(max(held, settings.write_pause.total_seconds()), LONGEST_PAUSE))


def go_on(
    work: Callable[[Callable[[], None]], object], *, seconds: float, chunks: int = 1
) -> bool:
    """Let `work` go on for about so long, and for so many chunks at least; True when it came to
    its end. It is handed what to call after each chunk, and is stopped there."""
    until = time.monotonic() + seconds
    done = 0

    def look_at_the_clock() -> None:
        nonlocal done
        done += 1
        if done >= chunks and time.monotonic() >= until:
            raise _TimeIsUp

    try:
        work(look_at_the_clock)
    except _TimeIsUp:
        return False
    return True


class _TimeIsUp(Exception):
    """Stops work between two chunks; what is left is found again."""
