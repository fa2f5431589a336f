"""A task that takes too long is ended by a real worker, and what it left is taken up again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.worker.processes import wait_for
from tests.worker.running import all_live, lease_runs_out, reader_of, shop_on, tick, versions

pytestmark = [pytest.mark.alone, pytest.mark.service("redis")]

OVERLONG = {"SLOW_READS": "1", "SLOW_SECONDS": "60", "TASK_SECONDS": "3"}
LEASE = "SELECT attempts, note, expires_at FROM persona_lease WHERE name = 'rebuild/similar/1'"


def test_an_overlong_task_is_asked_to_stop_and_says_so_on_its_lease(tmp_path: Path):
    with shop_on("redis", tmp_path, **OVERLONG) as (shop, client), shop.worker():
        tick(client)
        reader = reader_of(shop, 0)
        wait_for(lambda: "SoftTimeLimitExceeded" in shop.log(), what="the end of it", shop=shop)
        ((attempts, note, rests_until),) = shop.ask(LEASE)
        assert attempts == 1, "it counts like a killed worker"
        assert note.startswith("SoftTimeLimitExceeded")
        assert rests_until - time.time() > 3_000, "it rests for an hour"

        lease_runs_out(shop)
        tick(client)
        wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        assert reader_of(shop, 1) == reader, "it stopped by itself, nobody was killed"
        assert versions(shop) == ["abandoned", "live"]


def test_one_that_does_not_listen_is_killed_and_a_later_tick_of_the_beat_goes_on(tmp_path: Path):
    schedule = str(tmp_path / "beat")
    with (
        shop_on("redis", tmp_path, SLOW_IS_DEAF="1", **OVERLONG) as (shop, _),
        shop.worker("-B", "-s", schedule),
    ):
        reader = reader_of(shop, 0)
        wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        assert "Hard time limit (3.0s) exceeded" in shop.log()
        assert reader_of(shop, 1) != reader
        assert versions(shop) == ["abandoned", "live"]
