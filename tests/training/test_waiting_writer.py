"""On an SQLite file the shop's own writers get their turn while a rebuild writes and publishes."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from pathlib import Path

import pytest

from tests.worker.processes import Shop


@pytest.mark.alone
def test_a_checkout_waits_a_moment_and_not_for_the_rebuild(tmp_path: Path):
    shop = Shop(tmp_path, WRITE_PAUSE_MS="20")
    shop.run("tests.worker.filling", "8000", "800", "60")
    shop.change("CREATE TABLE checkout (id INTEGER PRIMARY KEY, at REAL)")
    waits: list[float] = []
    over = threading.Event()

    def check_out() -> None:
        connection = sqlite3.connect(shop.file, timeout=20, isolation_level=None)
        while not over.is_set():
            started = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO checkout (at) VALUES (?)", (started,))
            connection.execute("COMMIT")
            waits.append(time.perf_counter() - started)
            time.sleep(0.002)
        connection.close()

    customer = threading.Thread(target=check_out)
    customer.start()
    try:
        shop.run("django", "persona_rebuild", "--kind", "similar", "--force", "-v", "0")
    finally:
        over.set()
        customer.join()

    ((rows,),) = shop.ask("SELECT count(*) FROM persona_neighbourrow")
    assert rows > 5_000
    assert len(waits) > 100
    # The promise is 100 ms at p99, measured by benchmarks/waiting_writer.py on a quiet machine;
    # here other tests may hold the disk, so only a writer shut out for a whole stage fails.
    assert statistics.median(waits) < 0.05
    assert statistics.quantiles(waits, n=20)[-1] < 0.25
