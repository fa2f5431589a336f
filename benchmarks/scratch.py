"""Databases that a benchmark makes for itself and drops again."""

from __future__ import annotations

import os
from pathlib import Path

POSTGRESQL = os.environ.get(
    "PERSONA_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
FILE = "shop.sqlite3"


class Scratch:
    """A database of our own, made now and dropped at the end."""

    def __init__(self, vendor: str, folder: Path, name: str) -> None:
        self.vendor, self.folder = vendor, folder / name
        self.folder.mkdir(mode=0o700)
        if vendor == "sqlite":
            self.url = f"sqlite:///{self.folder / FILE}"
            return
        self.name = f"persona_bench_{os.getpid()}_{name}".replace("-", "_")
        self._execute(f"CREATE DATABASE {self.name}")
        self.url = f"{POSTGRESQL.rsplit('/', 1)[0]}/{self.name}"

    def drop(self) -> None:
        if self.vendor == "postgresql":
            self._execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]


def why_no_postgresql() -> str:
    """Why PostgreSQL cannot be measured here; "" when it can."""
    try:
        import psycopg

        psycopg.connect(POSTGRESQL, connect_timeout=5).close()
    except Exception as error:  # noqa: BLE001 - whatever the driver says is what we report
        return str(error).strip().splitlines()[0]
    return ""
