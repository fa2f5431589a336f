"""What a shop's own writer waits on an SQLite file while something of ours is written to it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def customer(file: Path) -> Iterator[list[float]]:
    """Somebody who checks out every few milliseconds, and how long each had to wait."""
    waits: list[float] = []
    over = threading.Event()

    def check_out() -> None:
        connection = sqlite3.connect(file, timeout=60, isolation_level=None)
        connection.execute("CREATE TABLE IF NOT EXISTS checkout (id INTEGER PRIMARY KEY, at REAL)")
        while not over.is_set():
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO checkout (at) VALUES (?)", (started,))
            connection.execute("COMMIT")
            waits.append(time.perf_counter() - started)
            time.sleep(0.005)
        connection.close()

    thread = threading.Thread(target=check_out)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def percentiles(waits: list[float]) -> dict[str, float]:
    """What a waiting writer waited, in milliseconds."""
    ordered = sorted(waits)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    last = len(ordered) - 1
    return {name: 1000 * ordered[round(share * last)] for name, share in at.items()}
