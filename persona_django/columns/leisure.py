"""Long jobs take the time they need, whatever the shop allows a page to wait for its database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def at_leisure(aliases: Iterable[str]) -> Iterator[None]:
    """Lift PostgreSQL's limit on the time of a statement on these databases, as long as it lasts.

    A shop sets one so that no page waits for ever; a rebuild would be ended by it each time. Not
    within a transaction, which is somebody's who knows how long it may take.
    """
    with ExitStack() as stack:
        for alias in sorted(set(aliases)):
            connection = connections[alias]
            if connection.vendor == "postgresql" and not connection.in_atomic_block:
                lift(connection)
                stack.callback(_restore, connection)
        yield


def lift(connection: BaseDatabaseWrapper) -> None:
    """Let each statement of this connection take as long as it needs."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


def _restore(connection: BaseDatabaseWrapper) -> None:
    """As the shop has set it. A connection that broke meanwhile is made anew, with its setting."""
    with suppress(Error), connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")
