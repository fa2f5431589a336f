"""Real workers on real brokers: killed, overtaken, flooded, and lied to."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from tests.services import SERVICES
from tests.worker.processes import Shop, kill_group, wait_for

pytestmark = pytest.mark.alone

BROKERS = [
    pytest.param("redis", marks=pytest.mark.service("redis")),
    pytest.param("rabbitmq", marks=pytest.mark.service("rabbitmq")),
]
LIVE = "SELECT id FROM persona_modelversion WHERE status = 'live' AND kind = ?"


@contextmanager
def shop_on(broker: str, folder: Path, **env: str) -> Iterator[tuple[Shop, Celery]]:
    """A shop with a small history, its queue on a broker, and a client that sends into it."""
    shop = Shop(folder, broker=SERVICES[broker].url, **env)
    shop.run("tests.worker.filling", "12", "6")
    with Celery("client", broker=shop.broker, set_as_current=False) as client:
        client.conf.task_default_queue = shop.queue
        try:
            yield shop, client
        finally:
            drop_queue(client, shop.queue)


def drop_queue(client: Celery, queue: str) -> None:
    with client.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_delete(queue)


def tick(client: Celery) -> None:
    client.send_task("persona.rebuild", ignore_result=True)


def live(shop: Shop, kind: str = "similar") -> list[Any]:
    return shop.ask(LIVE, kind)


def published_at(shop: Shop, kind: str) -> float:
    """When the live version of a kind became live, in seconds since 1970."""
    sql = LIVE.replace("SELECT id", "SELECT published_at")
    ((when,),) = shop.ask(sql, kind)
    return datetime.fromisoformat(when).replace(tzinfo=timezone.utc).timestamp()


def all_live(shop: Shop) -> bool:
    """True once a run is over; which kind comes first depends on how messages fall."""
    return bool(live(shop, "similar") and live(shop, "popular"))


def reader_of(shop: Shop, number: int = 0) -> int:
    """Process id of whoever is at the reading with this number, once somebody is."""
    file = shop.folder / f"reading.{number}"
    return int(wait_for(lambda: file.exists() and file.read_text(), what=file.name, shop=shop))


def lease_runs_out(shop: Shop) -> None:
    """As if the time of the lease, two minutes by default, had passed."""
    shop.change("UPDATE persona_lease SET expires_at = 1 WHERE holder <> ''")


def versions(shop: Shop, kind: str = "similar") -> list[str]:
    rows = shop.ask("SELECT status FROM persona_modelversion WHERE kind = ? ORDER BY id", kind)
    return [status for (status,) in rows]


@pytest.mark.parametrize("broker", BROKERS)
def test_a_killed_pool_child_and_then_a_killed_worker_cost_a_tick_each(broker, tmp_path):
    with shop_on(broker, tmp_path, SLOW_READS="2", SLOW_SECONDS="60") as (shop, client):
        with shop.worker() as worker:
            tick(client)
            os.kill(reader_of(shop, 0), signal.SIGKILL)
            wait_for(lambda: "WorkerLostError" in shop.log(), what="the child's death", shop=shop)
            assert live(shop) == []

            lease_runs_out(shop)
            tick(client)
            reader_of(shop, 1)
            kill_group(worker)

        lease_runs_out(shop)
        with shop.worker(name="two"):
            tick(client)
            wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        assert versions(shop).count("live") == 1
        assert versions(shop).count("building") == 0


@pytest.mark.service("redis")
def test_a_task_that_kills_its_worker_every_time_is_stopped_after_three(tmp_path):
    with shop_on("redis", tmp_path, SLOW_READS="99", SLOW_SECONDS="60") as (shop, client):
        with shop.worker():
            for number in range(3):
                tick(client)
                os.kill(reader_of(shop, number), signal.SIGKILL)
                lost = f"reading {number + 1}"
                wait_for(
                    lambda n=number: shop.log().count("WorkerLostError") > n, what=lost, shop=shop
                )
                lease_runs_out(shop)
            tick(client)
            wait_for(lambda: "waits for a person" in shop.log(), what="the alert", shop=shop)

        name = "rebuild/similar/1"
        ((note, attempts),) = shop.ask(
            "SELECT note, attempts FROM persona_lease WHERE name = ?", name
        )
        assert attempts == 3
        assert "persona_rebuild" in note


@pytest.mark.service("redis")
def test_a_message_redelivered_while_its_task_still_runs_publishes_once(tmp_path):
    slow = {"SLOW_READS": "1", "SLOW_SECONDS": "6", "VISIBILITY_TIMEOUT": "2"}
    slow["LEASE_SECONDS"] = "60"
    with shop_on("redis", tmp_path, **slow) as (shop, client), shop.worker(concurrency=2):
        tick(client)
        reader_of(shop, 0)
        # A second worker restores what seems lost, as it does on every start.
        with shop.worker(name="two"):
            wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        assert versions(shop) == ["live"]


@pytest.mark.service("redis")
def test_a_worker_that_was_only_slow_finds_its_job_taken_and_publishes_nothing(tmp_path):
    with (
        shop_on("redis", tmp_path, SLOW_READS="1", SLOW_SECONDS="5") as (shop, client),
        shop.worker(concurrency=2),
    ):
        tick(client)
        reader_of(shop, 0)
        lease_runs_out(shop)
        tick(client)
        wait_for(lambda: live(shop, "popular"), what="the other one's run", shop=shop)
        wait_for(lambda: "LostLease" in shop.log(), what="the slow one's end", shop=shop)

        assert sorted(versions(shop)) == ["abandoned", "live"]


@pytest.mark.service("redis")
def test_two_beats_have_one_effect(tmp_path):
    first, second = str(tmp_path / "beat-1"), str(tmp_path / "beat-2")
    with (
        shop_on("redis", tmp_path) as (shop, _),
        shop.worker("-B", "-s", first, name="one"),
        shop.worker("-B", "-s", second, name="two"),
    ):
        wait_for(lambda: all_live(shop), what="a complete run", shop=shop)
        time.sleep(3)

        assert {kind: versions(shop, kind) for kind in ("similar", "popular")} == {
            "similar": ["live"],
            "popular": ["live"],
        }
        done = shop.ask("SELECT count(*) FROM persona_lease WHERE done_at > 0")
        # Three kinds, reconcile and clean; the snapshot was fresh.
        assert done[0][0] >= 5


@pytest.mark.parametrize("broker", BROKERS)
def test_a_shops_own_task_waits_for_one_stage_and_not_for_the_rebuild(broker, tmp_path):
    with (
        shop_on(broker, tmp_path, SLOW_READS="1", SLOW_SECONDS="2") as (shop, client),
        shop.worker(),
    ):
        tick(client)
        reader_of(shop, 0)
        client.send_task("shop.hello", ignore_result=True)
        hello = tmp_path / "hello"
        wait_for(hello.exists, what="the shop's own task", shop=shop)
        wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        # Not even the first kind was live yet: the worker was handed back within it.
        assert published_at(shop, "similar") > float(hello.read_text())


@pytest.mark.service("redis")
def test_a_day_of_piled_up_ticks_gives_one_run(tmp_path):
    with shop_on("redis", tmp_path, LEASE_SECONDS="60") as (shop, client):
        for _ in range(300):
            tick(client)
        with shop.worker():
            wait_for(lambda: all_live(shop), what="a complete run", shop=shop)
            client.send_task("shop.hello", ignore_result=True)
            wait_for((tmp_path / "hello").exists, what="the end of the pile", shop=shop)

        assert versions(shop) == ["live"]


@pytest.mark.parametrize("broker", BROKERS)
def test_a_pickled_message_runs_no_code_and_the_worker_lives_on(broker, tmp_path):
    proof = tmp_path / "code-was-run"

    class Payload:
        def __reduce__(self):
            return (Path.touch, (proof,))

    with shop_on(broker, tmp_path) as (shop, client), shop.worker():
        send_raw(client, shop.queue, pickle.dumps(([], {"kind": Payload()}, {})))
        client.send_task("persona.rebuild", kwargs={"callback": "os.system"}, ignore_result=True)
        tick(client)
        wait_for(lambda: live(shop), what="the honest message", shop=shop)

        assert not proof.exists()
        assert "TypeError" in shop.log()


def send_raw(client: Celery, queue: str, body: bytes) -> None:
    """What somebody who can write to the broker sends: a task whose body is a pickle."""
    with client.producer_or_acquire() as producer:
        producer.publish(
            body,
            routing_key=queue,
            content_type="application/x-python-serialize",
            content_encoding="binary",
            headers={"task": "persona.rebuild", "id": "forged", "lang": "py"},
            retry=False,
        )
