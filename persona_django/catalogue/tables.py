"""Telling "migrate was not run" from every other database error, and saying it once."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, OperationalError, ProgrammingError

log = logging.getLogger("persona_django.catalogue")

_said = threading.Event()


def is_missing_table(error: DatabaseError) -> bool:
    """True when a table of ours does not exist: PostgreSQL, MariaDB, MySQL, SQLite."""
    if not isinstance(error, (OperationalError, ProgrammingError)):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlstate", "") == "42P01":
        return True
    if error.args and error.args[0] == 1146:
        return True
    return "no such table" in str(error)


def say_migrate() -> None:
    """Log, once a process, that the tables are missing and what to do."""
    if not _said.is_set():
        _said.set()
        log.warning(
            "The tables of persona_django are missing, so nothing is recommended. "
            "Run: python manage.py migrate persona"
        )


def were_missing() -> bool:
    """Whether this process met a missing table of ours, and none of them since."""
    return _said.is_set()


def forget() -> None:
    """Let the next missing table be said again."""
    _said.clear()
