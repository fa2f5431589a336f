"""Starts and stops processes of the worker's shop; only ever signals those it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import network
from tests.worker.databases import Database, sqlite_file

ROOT = Path(__file__).resolve().parents[2]


class Shop:
    """One shop: a database, a folder for its cache and its logs, and its processes.

    Our tasks have a queue of their own, and workers take from no other, so that a message of ours
    that was sent elsewhere is never done. Where `shares_queue` is true everything takes the
    shop's default queue, as it does in a shop that sets none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        broker: str = "memory://",
        database: Database | None = None,
        shares_queue: bool = False,
        **env: str,
    ) -> None:
        self.folder = folder
        self.file = folder / "shop.sqlite3"
        self.database = database or sqlite_file(self.file)
        self.default_queue = f"persona-test-{os.getpid()}-{folder.name}"
        self.queue = self.default_queue if shares_queue else f"{self.default_queue}-ours"
        self.broker = broker
        self.env = {
            **{name: value for name, value in os.environ.items() if "PERSONA" not in name},
            "DJANGO_SETTINGS_MODULE": "tests.worker.settings",
            "DATABASE_URL": self.database.url,
            "BROKER_URL": broker,
            "DEFAULT_QUEUE": self.default_queue,
            "OWN_QUEUE": "" if shares_queue else self.queue,
            "WORKER_FOLDER": str(folder),
            "PYTHONPATH": network.python_path(ROOT),
            **env,
        }

    def run(self, module: str, *args: str, timeout: float = 60) -> str:
        """Run a module to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *args],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{module} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def process(self, *args: str, log: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of this shop in a group of its own; the whole group is gone afterwards."""
        with (self.folder / f"{log}.log").open("wb") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", *args],
                cwd=ROOT, env=self.env, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        try:
            yield started
        finally:
            kill_group(started)

    @contextmanager
    def worker(
        self, *extra: str, name: str = "one", concurrency: int = 1
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A real prefork worker that takes messages from this shop's queue, ready for work."""
        command = (
            "celery", "-A", "tests.worker.app", "worker", "--pool", "prefork", "-Q", self.queue,
            "--concurrency", str(concurrency), "-n", f"{name}@{self.queue}", "-l", "INFO",
            "--without-mingle", "--without-gossip", *extra,
        )  # fmt: skip
        with self.process(*command, log=f"worker-{name}") as started:
            wait_for(lambda: " ready." in self.log(name), what=f"worker {name}", shop=self)
            yield started

    def log(self, name: str = "one") -> str:
        """What a worker has said so far."""
        return (self.folder / f"worker-{name}.log").read_text(errors="replace")

    def let_go(self) -> None:
        """End all slow readings, those that began and those to come."""
        (self.folder / "go-on").touch()

    def ask(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of the shop's database, read past Django."""
        return self.database.ask(sql, *params)

    def change(self, sql: str, *params: Any) -> None:
        """Change the shop's database past Django."""
        self.database.change(sql, *params)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, which share the group that we gave them."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def wait_for(happened: Callable[[], Any], *, what: str, shop: Shop, seconds: float = 40) -> Any:
    """Whatever `happened` returns once it is true; fails with the workers' logs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = happened()
        if found:
            return found
        time.sleep(0.05)
    logs = "\n".join(path.read_text(errors="replace") for path in shop.folder.glob("*.log"))
    raise AssertionError(f"waited {seconds} s in vain for {what}\n{logs[-6000:]}")
