"""An empty database of its own on a server, for one example shop; gone afterwards."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import environ

from tests.services import SERVICES


@contextmanager
def empty_database(service: str) -> Iterator[str]:
    """The address of a new database on the server that tests call `service`."""
    server = SERVICES[service].url
    name = f"persona_shop_{os.getpid()}_{secrets.token_hex(4)}"
    _carry_out(service, server, f"CREATE DATABASE {name}{_as_text(service)}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        # By force: the server may not have noticed yet that the shop was stopped.
        force = " WITH (FORCE)" if service == "postgresql" else ""
        _carry_out(service, server, f"DROP DATABASE {name}{force}")


def _as_text(service: str) -> str:
    """MariaDB asks in which alphabet it shall write; PostgreSQL here knows one only."""
    return " CHARACTER SET utf8mb4" if service == "mariadb" else ""


def _carry_out(service: str, server: str, statement: str) -> None:
    with closing(_connect(service, server)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def _connect(service: str, server: str) -> Any:
    if service == "postgresql":
        import psycopg

        return psycopg.connect(server, autocommit=True)
    import pymysql

    given = environ.Env.db_url_config(server)
    return pymysql.connect(
        host=given["HOST"],
        port=int(given["PORT"] or 3306),
        user=given["USER"],
        password=given["PASSWORD"] or "",
    )
