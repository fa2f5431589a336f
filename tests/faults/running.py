"""Starts the server processes of a fault shop, one with the app and one without it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import network
from tests.faults.proxy import Mode, Proxy
from tests.services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = 40
SERVICE_OF = {"postgres": "postgresql", "mysql": "mariadb"}


@dataclass
class Process:
    """One server process, and the port it answers on."""

    env: dict[str, str]
    log: Path
    server: str = "serve"
    """Module here that serves it: `serve` speaks WSGI, `serve_asgi` ASGI."""
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, on the port it had before if it had one, and wait until it answers."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"tests.faults.{self.server}", str(self.port)],
                cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said.startswith("ready "), self.log.read_text()[-4_000:]
        self.port = int(said.split()[1])

    def kill(self) -> None:
        """End it in the middle of whatever it is at."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(how)
            self.process.wait(timeout=20)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    @property
    def pid(self) -> int:
        """The number of the process that runs."""
        assert self.process is not None
        return self.process.pid


@dataclass
class FaultShop:
    """The shop with and without the app, and what stands between it and its services."""

    folder: Path
    with_app: Process
    without_app: Process
    database: Proxy
    cache: Proxy
    broker: Proxy
    direct: str
    """Address of our database, past the proxy."""
    proxies: list[Proxy] = field(default_factory=list)

    def heal(self) -> None:
        """Everything answers again."""
        for proxy in self.proxies:
            proxy.break_after(None)
            if proxy.mode is not Mode.THROUGH:
                proxy.mode = Mode.THROUGH


@contextmanager
def fault_shop(
    vendor: str, folder: Path, *, delay: float = 0.3, server: str = "serve"
) -> Iterator[FaultShop]:
    """A shop whose tables of ours are on this server: postgres or mysql."""
    redis = urlsplit(SERVICES["redis"].url)
    with ExitStack() as stack:
        name = f"persona_faults_{os.getpid()}_{secrets.token_hex(3)}"
        direct = stack.enter_context(scratch_database(vendor, name))
        proxies = [
            stack.enter_context(Proxy(port, delay=delay))
            for port in (urlsplit(direct).port, redis.port, redis.port)
            if port is not None
        ]
        database, cache, broker = proxies
        given = {
            "installed": True,
            "database": through(direct, database),
            "cache": through(SERVICES["redis"].url, cache),
            "broker": through(SERVICES["redis"].url, broker),
            "key_prefix": name,
            "folder": str(folder / "artefacts"),
        }
        (folder / "artefacts").mkdir(mode=0o700)
        file = folder / "with.sqlite3"
        env = environment(file, **given)
        run("tests.faults.filling", str(PRODUCTS), env=env)
        shutil.copy(file, folder / "without.sqlite3")
        with_app = Process(env, folder / "with.log", server)
        without_app = Process(
            environment(folder / "without.sqlite3", **{**given, "installed": False}),
            folder / "without.log",
            server,
        )
        for process in (with_app, without_app):
            process.start()
            stack.callback(process.kill)
        yield FaultShop(
            folder, with_app, without_app, database, cache, broker, direct, proxies=proxies
        )


@contextmanager
def lone_shop(vendor: str, folder: Path, **given: Any) -> Iterator[tuple[Process, str]]:
    """One process with the app and the address of our database, with nothing between them:
    sqlite, postgres or mysql. It is not started yet."""
    name = f"persona_lone_{os.getpid()}_{secrets.token_hex(3)}"
    with ExitStack() as stack:
        if vendor == "sqlite":
            url = f"sqlite:///{folder / 'persona.sqlite3'}"
        else:
            url = stack.enter_context(scratch_database(vendor, name))
        (folder / "artefacts").mkdir(mode=0o700)
        told = {
            "installed": True,
            "database": url,
            "cache": "",
            "broker": "memory://",
            "key_prefix": name,
            "folder": str(folder / "artefacts"),
            # A busy machine is no fault here.
            "slow_call": 30,
            **given,
        }
        env = environment(folder / "shop.sqlite3", **told)
        run("tests.faults.filling", str(PRODUCTS), env=env)
        process = Process(env, folder / "server.log")
        stack.callback(process.kill)
        yield process, url


def environment(file: Path, **given: Any) -> dict[str, str]:
    """What a process of the shop is told."""
    inherited = {name: value for name, value in os.environ.items() if "PERSONA" not in name}
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "tests.faults.shop.settings",
        "DATABASE_URL": f"sqlite:///{file}",
        "FAULT_SHOP": json.dumps(given),
        "PYTHONPATH": network.python_path(ROOT),
    }


def run(module: str, *arguments: str, env: dict[str, str]) -> str:
    """Run a module of ours to its end in a process of the shop; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{module} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def through(url: str, proxy: Proxy) -> str:
    """The same address, by way of a proxy."""
    parts = urlsplit(url)
    name = parts.netloc.rpartition("@")[0]
    place = f"{name}@127.0.0.1:{proxy.port}" if name else f"127.0.0.1:{proxy.port}"
    return parts._replace(netloc=place).geturl()


@contextmanager
def scratch_database(vendor: str, name: str) -> Iterator[str]:
    """The address of a database of our own on a server here; gone afterwards."""
    server = SERVICES[SERVICE_OF[vendor]].url
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    end = f"DROP DATABASE {name}" + (" WITH (FORCE)" if vendor == "postgres" else "")
    tell(server, f"CREATE DATABASE {name}" + (" CHARSET utf8mb4" if vendor == "mysql" else ""))
    try:
        yield url
    finally:
        tell(server, end)


def tell(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Carry out statements on a server, past Django and past any proxy; rows of the last one."""
    found: list[tuple[Any, ...]] = []
    with closing(_connected(url)) as connection, closing(connection.cursor()) as cursor:
        for statement in statements:
            cursor.execute(statement)
            found = list(cursor.fetchall()) if cursor.description else []
    return found


def _connected(url: str) -> Any:
    if url.startswith("sqlite"):
        import sqlite3

        return sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20, isolation_level=None)
    if url.startswith("postgres"):
        import psycopg

        return psycopg.connect(url, autocommit=True)
    import environ
    import pymysql

    given = environ.Env.db_url_config(url)
    return pymysql.connect(
        host=given["HOST"],
        port=int(given["PORT"] or 3306),
        user=given["USER"],
        password=given["PASSWORD"] or "",
        database=given["NAME"],
        autocommit=True,
    )
