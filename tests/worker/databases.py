"""Where a worker's shop keeps its tables: in an SQLite file, or in a database of its own on a
server. Read past Django, so that a test sees what another program would see."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.services import SERVICES


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database and how to talk to it."""

    url: str
    connect: Callable[[], Any]
    mark: str = "?"
    """How its driver marks the place of a value in a statement."""

    def ask(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of a query whose places are marked with `?`."""
        with closing(self.connect()) as connection:
            return connection.execute(sql.replace("?", self.mark), params).fetchall()

    def change(self, sql: str, *params: Any) -> None:
        """Carry out a statement and commit."""
        with closing(self.connect()) as connection:
            connection.execute(sql.replace("?", self.mark), params)
            connection.commit()


def sqlite_file(file: Path) -> Database:
    """An SQLite file. It goes with its folder."""
    return Database(url=f"sqlite:///{file}", connect=lambda: sqlite3.connect(file, timeout=20))


@contextmanager
def database_on(kind: str, folder: Path) -> Iterator[Database]:
    """A database for one shop, gone afterwards: an SQLite file, or one on PostgreSQL here."""
    if kind == "sqlite":
        yield sqlite_file(folder / "shop.sqlite3")
        return
    import psycopg

    server = SERVICES["postgresql"].url
    name = f"persona_worker_{os.getpid()}_{secrets.token_hex(4)}"
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield Database(url=url, connect=lambda: psycopg.connect(url), mark="%s")
        finally:
            # By force: the server may not have noticed yet that a process of ours was killed.
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
