"""Whatever goes wrong inside ours must not spoil the transaction that the shop's page runs in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import DatabaseError, connections


@contextmanager
def unharmed() -> Iterator[None]:
    """Put a savepoint around our queries where an error would end the shop's own transaction.

    Only PostgreSQL refuses everything after a failed statement, and only inside a transaction,
    as with ATOMIC_REQUESTS. Elsewhere, and for a block that asks nothing, this costs nothing.
    """
    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            if connection.vendor == "postgresql" and connection.in_atomic_block:
                stack.enter_context(_savepoint_when_asked(connection))
        yield


@contextmanager
def _savepoint_when_asked(connection: Any) -> Iterator[None]:
    """A savepoint that is made just before the first statement, if there is one."""
    point = _Savepoint(connection)
    with connection.execute_wrapper(point):
        try:
            yield
        except BaseException:
            point.roll_back()
            raise
        point.release()


class _Savepoint:
    """Stands in the way of every statement; before the first one it makes its savepoint."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._was_broken = connection.needs_rollback
        self._is_asked = self._was_broken
        self._name: str | None = None

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        if not self._is_asked:
            # Said first: the savepoint is a statement, too, and comes by here.
            self._is_asked = True
            self._name = self._connection.savepoint()
        return execute(sql, params, many, context)

    def release(self) -> None:
        """Keep what was done. What cannot be kept is undone, and the error goes on."""
        if self._name is not None:
            try:
                self._connection.savepoint_commit(self._name)
            except DatabaseError:
                self.roll_back()
                raise

    def roll_back(self) -> None:
        """Undo what was done, so that the shop's next statement is accepted."""
        if self._name is not None:
            self._connection.needs_rollback = self._was_broken
            self._connection.savepoint_rollback(self._name)
            self._connection.savepoint_commit(self._name)
