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
                stack.callback(_restore, connection, _limit(connection))
                lift(connection)
        yield


def lift(connection: BaseDatabaseWrapper) -> None:
    """Let each statement of this connection take as long as it needs."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


def _limit(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


def _restore(connection: BaseDatabaseWrapper, limit: str) -> None:
    """As the shop had set it, wherever it did so: a RESET knows nothing of a statement that a
    shop's own code ran on each new connection."""
    with suppress(Error), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [limit])
