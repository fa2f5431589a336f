"""What one transaction of the shop's leaves to be done, once it is committed.

Everything of one kind that a transaction leads to is gathered and done together; a transaction,
or a savepoint of one, that is rolled back leaves nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from asgiref.local import Local
from django.db import connections, transaction

LOOKED_BACK = 50
"""Commit hooks of the shop's own between two of ours, after which a new batch is begun."""

_open = Local()


class Batch:
    """What is to be done after one commit. Calling it does it, once, and must not raise."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def __call__(self) -> None:
        """Do all that was gathered, now that it is committed."""
        raise NotImplementedError


Some = TypeVar("Some", bound=Batch)


def after_commit(kind: type[Some], alias: str, gather: Callable[[Some], None]) -> None:
    """Add to the batch of the transaction that is open now; outside of one it is done at once."""
    batch, is_new = _waiting(kind, alias)
    gather(batch)
    if is_new:
        transaction.on_commit(batch, using=alias)


def is_in_transaction(alias: str) -> bool:
    """Whether something on this connection may still be rolled back. Asks no database.

    Without autocommit nobody tells when it is committed, so there it counts as if it were.
    """
    return alias in connections and connections[alias].in_atomic_block


def _waiting(kind: type[Some], alias: str) -> tuple[Some, bool]:
    """The batch that shares the fate of the present savepoint, and whether it is a new one.

    A batch may be used again only while its commit hook still waits under the same savepoints: a
    rollback throws away exactly what belongs to it.
    """
    connection = connections[alias]
    name = f"{alias} {kind.__qualname__}"
    waiting: Some | None = getattr(_open, name, None)
    if waiting is not None:
        for savepoints, hook, *_ in reversed(connection.run_on_commit[-LOOKED_BACK:]):
            if hook is waiting:
                if savepoints == set(connection.savepoint_ids):
                    return waiting, False
                break
    made = kind(alias)
    setattr(_open, name, made)
    return made, True
