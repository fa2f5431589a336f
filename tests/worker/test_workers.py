"""Real workers on real brokers: killed, overtaken, flooded, and lied to."""

from __future__ import annotations

import os
import pickle
import signal
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from celery import Celery

from tests.worker.processes import Shop, kill_group, wait_for
from tests.worker.running import (
    LIVE,
    all_live,
    lease_runs_out,
    live,
    reader_of,
    shop_on,
    tick,
    versions,
)

pytestmark = pytest.mark.alone

BROKERS = [
    pytest.param("redis", marks=pytest.mark.service("redis")),
    pytest.param("rabbitmq", marks=pytest.mark.service("rabbitmq")),
]
EVERYWHERE = [
    pytest.param("redis", "sqlite", marks=pytest.mark.service("redis")),
    pytest.param("rabbitmq", "sqlite", marks=pytest.mark.service("rabbitmq")),
    pytest.param("redis", "postgresql", marks=pytest.mark.service("redis", "postgresql")),
]
DATABASES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.service("postgresql")),
]


def published_at(shop: Shop, kind: str) -> float:
    """When the live version of a kind became live, in seconds since 1970."""
    sql = LIVE.replace("SELECT id", "SELECT published_at")
    ((when,),) = shop.ask(sql, kind)
    return datetime.fromisoformat(when).replace(tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(("broker", "database"), EVERYWHERE)
def test_a_killed_pool_child_and_then_a_killed_worker_cost_a_tick_each(broker, database, tmp_path):
    slow = {"SLOW_READS": "2", "SLOW_SECONDS": "60"}
    with shop_on(broker, tmp_path, database=database, **slow) as (shop, client):
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
        assert f"persona_run --again {name}" in note


@pytest.mark.service("redis")
def test_a_message_redelivered_while_its_task_still_runs_publishes_once(tmp_path):
    slow = {"SLOW_READS": "1", "SLOW_SECONDS": "60", "VISIBILITY_TIMEOUT": "2"}
    slow["LEASE_SECONDS"] = "60"
    with shop_on("redis", tmp_path, **slow) as (shop, client), shop.worker(concurrency=2):
        message = tick(client)
        reader_of(shop, 0)
        twice = f"[{message}] received"
        wait_for(lambda: shop.log().count(twice) >= 2, what="the second delivery", shop=shop)
        over = f"[{message}] succeeded"
        wait_for(lambda: over in shop.log(), what="the end of the second delivery", shop=shop)
        assert versions(shop) == ["building"], "the first one is still at it"

        shop.let_go()
        wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        assert versions(shop) == ["live"]


@pytest.mark.service("redis")
@pytest.mark.parametrize("database", DATABASES)
def test_a_worker_that_was_only_slow_finds_its_job_taken_and_publishes_nothing(database, tmp_path):
    slow = {"SLOW_READS": "1", "SLOW_SECONDS": "60", "LEASE_SECONDS": "60"}
    with (
        shop_on("redis", tmp_path, database=database, **slow) as (shop, client),
        shop.worker(concurrency=2),
    ):
        tick(client)
        reader_of(shop, 0)
        lease_runs_out(shop)
        tick(client)
        wait_for(lambda: all_live(shop), what="the other one's run", shop=shop)
        shop.let_go()
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
    slow = {"SLOW_READS": "1", "SLOW_SECONDS": "60"}
    with (
        shop_on(broker, tmp_path, shares_queue=True, **slow) as (shop, client),
        shop.worker(),
    ):
        tick(client)
        reader_of(shop, 0)
        client.send_task("shop.hello", ignore_result=True)
        shop.let_go()
        hello = tmp_path / "hello"
        wait_for(hello.exists, what="the shop's own task", shop=shop)
        wait_for(lambda: all_live(shop), what="a complete run", shop=shop)

        # Not even the first kind was live yet: the worker was handed back within it.
        assert published_at(shop, "similar") > float(hello.read_text())


@pytest.mark.service("redis")
def test_a_day_of_piled_up_ticks_gives_one_run(tmp_path):
    with shop_on("redis", tmp_path, shares_queue=True, LEASE_SECONDS="60") as (shop, client):
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
