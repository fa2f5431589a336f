"""The example shop as its visitors meet it: filled by the demo, served, in a file of its own."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 60


class Shop:
    """One filled shop: its address, and its database for looking at what was stored.

    In a file of its own in the folder, or in the database of the address that is given.
    """

    def __init__(self, folder: Path, *, database: str = "") -> None:
        self.file = folder / "shop.sqlite3"
        self.address = ""
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.journeys.settings",
            "DATABASE_URL": database or f"sqlite:///{self.file}",
            "SECRET_KEY": "only-for-this-journey-0123456789abcdefghijklmnop",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._cookies = CookieJar()
        keeping = urllib.request.HTTPCookieProcessor(self._cookies)
        self._visitor = urllib.request.build_opener(keeping)

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run one management command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the shop's database, read beside the running server."""
        with closing(sqlite3.connect(self.file, timeout=20)) as connection:
            return connection.execute(sql, values).fetchall()

    def get(self, path: str) -> str:
        """The text of one page."""
        with self._visitor.open(f"{self.address}{path}", timeout=30) as answer:
            return answer.read().decode()

    def send(self, path: str, fields: dict[str, str]) -> str:
        """Fill in a form as the visitor of `get`; the text of the page it leads to."""
        token = next(one.value for one in self._cookies if one.name == "csrftoken")
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        with self._visitor.open(f"{self.address}{path}", data=body, timeout=30) as answer:
            return answer.read().decode()

    @contextmanager
    def served(self) -> Iterator[None]:
        """Answer on a free port for as long as the block lasts."""
        port = _free_port()
        server = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.address = f"http://127.0.0.1:{port}"
        try:
            self._wait(server)
            yield
        finally:
            server.terminate()
            server.wait(timeout=20)

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            assert server.poll() is None, "the shop stopped while it was starting"
            try:
                self.get("/")
                return
            except urllib.error.URLError:
                time.sleep(0.2)
        raise AssertionError(f"the shop did not answer within {STARTS_WITHIN} s")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def filled_shop(folder: Path, *, shoppers: int = 600, products: int = 200) -> Iterator[Shop]:
    """A shop with an invented history, learnt from and answering."""
    shop = Shop(folder)
    shop.manage(
        "demo", "--no-server", "--shoppers", str(shoppers), "--products", str(products)
    )  # fmt: skip
    with shop.served():
        yield shop
