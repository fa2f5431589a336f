"""Jobs may be killed at any point: readers see one complete version, the next run goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from persona_django.similarity.packing import unpack
from tests.worker.processes import Shop

ITEMS = 60

LIVE_ROWS = """
    SELECT s.value, n.data FROM persona_state s
    LEFT JOIN persona_neighbourrow n ON n.version_id = s.value AND n.relation = s.relation
    WHERE s.name = 'similar'
"""


@pytest.mark.alone
def test_killed_at_twenty_random_points_readers_always_see_one_complete_version(tmp_path: Path):
    shop = Shop(tmp_path, WRITE_CHUNK_ROWS="5")
    shop.run("tests.worker.filling", str(ITEMS), "5")
    torn: list[str] = []
    seen: set[int] = set()
    over = threading.Event()

    def read_on() -> None:
        while not over.is_set():
            rows = [row for row in shop.ask(LIVE_ROWS) if row[1] is not None]
            if not rows:
                continue
            lists = [unpack(data) for _, data in rows]
            supports = {number for found in lists for number in found.support.tolist()}
            if len(rows) != ITEMS or len(supports) != 1 or any(len(x) != 50 for x in lists):
                torn.append(f"version {rows[0][0]}: {len(rows)} rows, supports {supports}")
            seen.add(rows[0][0])

    reader = threading.Thread(target=read_on)
    reader.start()
    try:
        killed = int(shop.run("tests.worker.killing", "20", "7", timeout=240))
    finally:
        over.set()
        reader.join()

    assert torn == []
    assert killed == 20, "too many rebuilds were over before the kill"
    assert len(seen) >= 2
    kept = shop.ask("SELECT id, status FROM persona_modelversion WHERE kind = 'similar'")
    assert [status for _, status in kept].count("live") == 1
    assert max(kept)[1] == "live", "the rebuild that nobody killed is the newest"
    stored = {version for (version,) in shop.ask("SELECT version_id FROM persona_neighbourrow")}
    assert stored <= {version for version, _ in kept}, "what dead builders left is gone"
    assert shop.ask("SELECT count(*) FROM persona_artefact WHERE name LIKE 'work/%'") == [(0,)]


@pytest.mark.alone
def test_what_silence_says_is_the_same_after_twenty_kills_as_from_scratch(tmp_path: Path):
    shop = Shop(tmp_path, WRITE_CHUNK_ROWS="20")
    shop.run("tests.worker.filling", "6", "5")

    said = shop.run("tests.worker.deriving", "20", "7", timeout=180)

    killed, rows, different = map(int, said.split())
    assert killed >= 5, "the machine was so fast that most looks were over before the kill"
    assert rows > 1_000
    assert different == 0
