"""An SQLite file as a shop has it, with a second writer who never leaves a gap unused.

Whenever a transaction of ours has only read so far, the other one writes. SQLite then refuses our
first write at once, however long we would wait: what we read is not what stands any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.test import override_settings

FILE = "file"


class InTheFile:
    """Sends everything to the file."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return FILE

    db_for_write = db_for_read


@contextmanager
def beside_a_second_writer(folder: Path) -> Iterator[None]:
    """From here on all tables are empty ones in the file."""
    path = folder / "shop.sqlite3"
    connections.settings[FILE] = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"timeout": 5},
    }
    connection = connections[FILE]
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=wal")
        other.execute("CREATE TABLE theirs (n INTEGER)")

        def write_after_reading(execute: Any, sql: str, params: Any, many: bool, context: Any):
            answer = execute(sql, params, many, context)
            if connection.in_atomic_block and sql.lstrip().upper().startswith("SELECT"):
                # Where ours wrote before it read, they have to wait for it.
                with suppress(sqlite3.OperationalError):
                    other.execute("INSERT INTO theirs VALUES (1)")
            return answer

        try:
            # By hand, because tests may open no database that they did not declare.
            connection.connect()
            with connection.schema_editor() as editor:
                for app in apps.get_app_configs():
                    for model in app.get_models():
                        # Other tests make up models for tables that are there.
                        if model.__module__.startswith(app.name):
                            editor.create_model(model)
            routers = [InTheFile(), *settings.DATABASE_ROUTERS]
            told = connection.execute_wrapper(write_after_reading)
            with override_settings(DATABASE_ROUTERS=routers), told:
                yield
        finally:
            connection.close()
            del connections.settings[FILE]
            del connections[FILE]
