"""Reading ranges of a table side by side, on connections of their own.

A database answers each connection on a processor of its own (SQLite does so too: it works outside
Python's lock), so two of them halve the wait for a long history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from persona_django.columns.leisure import lift

Read = TypeVar("Read")
Ask = Callable[[BaseDatabaseWrapper], Read]

MOST_READERS = 4
"""The shop's own pages need the database too."""


@contextmanager
def readers(connection: BaseDatabaseWrapper, count: int) -> Iterator[Readers | None]:
    """Up to `count` further connections to the same database; None where there are not even two.

    None, too, where another connection would not see the same: inside a transaction, whose rows
    are its own; for a database in memory; and for a backend that is not Django's own, because it
    may keep a tenant or a role on its connection, which a copy does not have.
    """
    opened: list[BaseDatabaseWrapper] = []
    wanted = min(count, MOST_READERS) if count > 1 and _is_plain(connection) else 0
    try:
        while len(opened) < wanted:
            another = connection.copy()
            # Taken by one thread at a time, but not always by the same.
            another.inc_thread_sharing()
            opened.append(another)
            try:
                another.ensure_connection()
                lift(another)
            except OperationalError:
                # A database that gives no more connections is read by those we have.
                opened.pop().close()
                break
        while len(opened) == 1:
            opened.pop().close()
        yield Readers(opened) if opened else None
    finally:
        for another in opened:
            another.close()


def _is_plain(connection: BaseDatabaseWrapper) -> bool:
    return (
        type(connection).__module__.startswith("django.db.backends.")
        and not connection.in_atomic_block
        and connection.get_autocommit()
        and not getattr(connection, "is_in_memory_db", bool)()
    )


class Readers:
    """Connections that answer questions in the order they were asked, a few at the same time."""

    def __init__(self, connections: list[BaseDatabaseWrapper]) -> None:
        self._count = len(connections)
        self._free: SimpleQueue[BaseDatabaseWrapper] = SimpleQueue()
        for connection in connections:
            self._free.put(connection)

    def answers(self, asks: Iterator[Ask[Read]]) -> Iterator[Read]:
        """The answers in the order of the questions, each asked as late as possible."""
        with ThreadPoolExecutor(self._count) as pool:
            asked: deque[Future[Read]] = deque()
            try:
                for ask in asks:
                    asked.append(pool.submit(self._answer, ask))
                    if len(asked) > self._count:
                        yield asked.popleft().result()
                while asked:
                    yield asked.popleft().result()
            finally:
                for future in asked:
                    future.cancel()

    def _answer(self, ask: Ask[Read]) -> Read:
        connection = self._free.get()
        try:
            return ask(connection)
        finally:
            self._free.put(connection)
