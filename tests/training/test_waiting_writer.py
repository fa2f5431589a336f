"""On an SQLite file a single writer holds up all others, so what we write must let the shop's own
checkout through: at most a tenth of a second at p99, whatever of ours runs beside it. How long it
is on one machine the benchmarks tell; noise only ever adds, so the best of a few rounds counts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.waiting_writer import customer, percentiles
from tests.worker.processes import Shop, wait_for

pytestmark = [pytest.mark.alone, pytest.mark.slow]

ROUNDS = 3
MOST_WAITING_MS = 100
ALONE_SECONDS = 1.0
"""Before, and again after: a machine that is busy now may not have been a moment ago."""
EVERY_SECONDS = 0.005


def filled(folder: Path) -> Shop:
    """A shop with a history, and with the chunks and pauses that a shop has by default."""
    folder.mkdir()
    # Nobody waits yet, so it is filled without pauses.
    hurried = Shop(folder, WRITE_PAUSE_MS="0", WRITE_CHUNK_ROWS="100000")
    hurried.run("tests.worker.filling", "6000", "500", "60")
    return Shop(folder, WRITE_PAUSE_MS="20", WRITE_CHUNK_ROWS="500")


@pytest.mark.parametrize("job", ["rebuild", "import", "publish", "sync", "forget", "count"])
def test_a_checkout_waits_at_most_a_tenth_of_a_second_beside(job: str, tmp_path: Path):
    over = []
    for round_ in range(ROUNDS):
        # What the disk of a busy machine takes for one commit is not ours to promise.
        alone, beside = waits_beside(job, filled(tmp_path / str(round_)))
        over.append(beside - alone)
        if over[-1] <= MOST_WAITING_MS:
            return
    pytest.fail(f"a tenth of a second at most, and it was {over} ms in as many rounds")


def waits_beside(job: str, shop: Shop) -> tuple[float, float]:
    """The p99 of a checkout without us and beside us, in milliseconds."""
    with shop.process("tests.worker.busy", job, log=job) as busy:
        wait_for((shop.folder / f"{job}.ready").exists, what=f"{job} to be ready", shop=shop)
        with customer(shop.file) as before:
            time.sleep(ALONE_SECONDS)
        with customer(shop.file) as beside:
            (shop.folder / f"{job}.go").touch()
            code = busy.wait(timeout=60)
        with customer(shop.file) as after:
            time.sleep(ALONE_SECONDS)

    assert code == 0, (shop.folder / f"{job}.log").read_text()
    assert len(beside) > 30
    return p99_of_all_who_come(before + after), p99_of_all_who_come(beside)


def p99_of_all_who_come(waits: list[float]) -> float:
    """In milliseconds, for customers who come every few milliseconds, also while one waits.

    Our one writer comes again only when it was served: shut out once for a second it would have
    one long wait among hundreds of short ones, and p99 would not tell.
    """
    each = (wait - late * EVERY_SECONDS for wait in waits for late in range(_more(wait) + 1))
    return percentiles(list(each))["p99"]


def _more(wait: float) -> int:
    """Customers who come while one waits."""
    return int(wait / EVERY_SECONDS)
