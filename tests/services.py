"""Which services answer on the loopback. A missing one is named, never a mystery."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SECONDS = 5
"""How long a service may take to answer before it counts as missing."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One thing that some tests need. `why_missing` returns "" when it is there."""

    title: str
    url: str
    why_missing: Callable[[str], str]


def _refused(url: str, connect: Callable[[], object]) -> str:
    try:
        connect()
    except ImportError as missing:
        return f"the package {missing.name} is not installed"
    except Exception as error:  # noqa: BLE001 - whatever the driver says is what we report
        return f"{url} answers: {str(error).strip().splitlines()[0] if str(error) else error!r}"
    return ""


def _postgresql(url: str) -> str:
    def connect() -> None:
        import psycopg

        psycopg.connect(url, connect_timeout=SECONDS).close()

    return _refused(url, connect)


def _mariadb(url: str) -> str:
    def connect() -> None:
        import environ
        import pymysql

        given = environ.Env.db_url_config(url)
        pymysql.connect(
            host=given["HOST"],
            port=int(given["PORT"] or 3306),
            user=given["USER"],
            password=given["PASSWORD"] or "",
            connect_timeout=SECONDS,
        ).close()

    return _refused(url, connect)


def _redis(url: str) -> str:
    def connect() -> None:
        import redis

        with contextlib.closing(redis.Redis.from_url(url, socket_timeout=SECONDS)) as client:
            client.ping()

    return _refused(url, connect)


def _rabbitmq(url: str) -> str:
    def connect() -> None:
        import kombu

        with kombu.Connection(url, connect_timeout=SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=SECONDS)

    return _refused(url, connect)


def chromium_path() -> str:
    """The Chromium of this machine, "" when there is none. `CHROMIUM` names another."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return named if Path(named).exists() else ""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), "")


def _chromium(url: str) -> str:
    if not chromium_path():
        return "no chromium, chromium-browser or google-chrome on the path"
    return _refused(url, lambda: __import__("playwright"))


def _node(url: str) -> str:
    return "" if shutil.which("node") else "no node on the path"


def _url(name: str, default: str) -> str:
    return os.environ.get(f"PERSONA_{name}_URL", default)


SERVICES = {
    "postgresql": Service(
        title="PostgreSQL",
        url=_url("POSTGRESQL", "postgres://postgres@127.0.0.1:5432/postgres"),
        why_missing=_postgresql,
    ),
    "mariadb": Service(
        title="MariaDB",
        url=_url("MARIADB", "mysql://root@127.0.0.1:3306/mysql"),
        why_missing=_mariadb,
    ),
    "redis": Service(
        title="Redis", url=_url("REDIS", "redis://127.0.0.1:6379/9"), why_missing=_redis
    ),
    "rabbitmq": Service(
        title="RabbitMQ",
        url=_url("RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//"),
        why_missing=_rabbitmq,
    ),
    "chromium": Service(title="Chromium", url="", why_missing=_chromium),
    "node": Service(title="Node", url="", why_missing=_node),
}


@cache
def why_missing(name: str) -> str:
    """Why a service cannot be used, in words; "" when it can."""
    service = SERVICES[name]
    return service.why_missing(service.url)


def missing() -> dict[str, str]:
    """Every service that cannot be used, with the reason."""
    return {name: reason for name in SERVICES if (reason := why_missing(name))}


def are_required() -> bool:
    """On our own integration machine a missing service is a failure, not a skip."""
    return os.environ.get("PERSONA_REQUIRE_SERVICES", "") not in ("", "0")
