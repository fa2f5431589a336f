"""A shop with a history and a queue on a real broker: how tests send to it and look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery

from tests.services import SERVICES
from tests.worker.databases import database_on
from tests.worker.processes import Shop, wait_for

LIVE = "SELECT id FROM persona_modelversion WHERE status = 'live' AND kind = ?"


@contextmanager
def shop_on(
    broker: str, folder: Path, *, database: str = "sqlite", shares_queue: bool = False, **env: str
) -> Iterator[tuple[Shop, Celery]]:
    """A shop with a small history, its queues on a broker, and a client that sends into them."""
    with database_on(database, folder) as tables:
        shop = Shop(
            folder,
            broker=SERVICES[broker].url,
            database=tables,
            shares_queue=shares_queue,
            **env,
        )
        shop.run("tests.worker.filling", "12", "6")
        with Celery("client", broker=shop.broker, set_as_current=False) as client:
            client.conf.task_default_queue = shop.queue
            try:
                yield shop, client
            finally:
                drop_queues(client, shop)


def drop_queues(client: Celery, shop: Shop) -> None:
    """Leave nothing on the broker."""
    with client.connection_for_write() as connection:
        channel: Any = connection.default_channel
        for queue in {shop.queue, shop.default_queue}:
            channel.queue_delete(queue)


def tick(client: Celery) -> str:
    """What beat sends every minute; the id of the message."""
    return str(client.send_task("persona.rebuild", ignore_result=True).id)


def live(shop: Shop, kind: str = "similar") -> list[Any]:
    """The live version of a kind, as a list of at most one row."""
    return shop.ask(LIVE, kind)


def all_live(shop: Shop) -> bool:
    """True once a run is over; which kind comes first depends on how messages fall."""
    return bool(live(shop, "similar") and live(shop, "popular"))


def reader_of(shop: Shop, number: int = 0) -> int:
    """Process id of whoever is at the reading with this number, once somebody is."""
    file = shop.folder / f"reading.{number}"
    return int(wait_for(lambda: file.exists() and file.read_text(), what=file.name, shop=shop))


def lease_runs_out(shop: Shop) -> None:
    """As if the time of every lease had passed: two minutes, or an hour after an error."""
    shop.change("UPDATE persona_lease SET expires_at = 1 WHERE expires_at > 1")


def versions(shop: Shop, kind: str = "similar") -> list[str]:
    """Status of every version of a kind, the oldest first."""
    rows = shop.ask("SELECT status FROM persona_modelversion WHERE kind = ? ORDER BY id", kind)
    return [status for (status,) in rows]
