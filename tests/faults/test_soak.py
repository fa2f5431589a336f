"""Hours of pages and reports leave a server process as large as it was, and as many files open.

SOAK_SECONDS is how long; an hour says more than the minutes that it takes by itself.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.browser import Browser
from tests.faults.doors import doors
from tests.faults.matrix import through
from tests.faults.running import lone_shop

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.service("postgresql")]

SECONDS = float(os.environ.get("SOAK_SECONDS", "180"))
WARM_UP = 0.4
"""Share of the time in which caches may still fill."""
MOST_MB_AN_HOUR_PER_100 = 60.0
"""Megabytes an hour at a hundred requests a second: what noise of the allocator looks like."""


def test_memory_and_open_files_do_not_grow(tmp_path):
    over = threading.Event()
    with lone_shop("postgres", tmp_path) as (process, _):
        process.start()
        asked = [0, 0]

        def keep_asking(number: int) -> None:
            while not over.is_set():
                # Now and then somebody new.
                visitor = Browser(process.port, patience=60)
                for door in doors():
                    if "me" not in door.name.split() and not over.is_set():
                        assert through(door, visitor).status in (200, 403), door.name
                        asked[number] += 1

        threads = [threading.Thread(target=keep_asking, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        samples = []
        while time.monotonic() - began < SECONDS:
            time.sleep(1)
            samples.append((time.monotonic() - began, *size_of(process.pid)))
        over.set()
        for thread in threads:
            thread.join()

    late = np.array([one for one in samples if one[0] > WARM_UP * SECONDS])
    slope_mb_an_hour = float(np.polyfit(late[:, 0], late[:, 1], 1)[0]) * 3_600
    rate = sum(asked) / SECONDS
    assert slope_mb_an_hour < MOST_MB_AN_HOUR_PER_100 * max(rate / 100, 1) * (180 / SECONDS) ** 0.5
    assert late[-10:, 2].mean() <= late[:10, 2].mean() + 5


def size_of(pid: int) -> tuple[float, int]:
    """Megabytes in memory, and open files, of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
