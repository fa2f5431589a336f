"""Faults that stand alone: one connection, a cold process, no worker, a cache of rubbish."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import async_to_sync
from celery import Celery
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import models, router
from django.test import Client, RequestFactory

from persona_django import arecommend, counters, recommend, tasks
from persona_django.breaker import breaker
from persona_django.deriving.judging import judge
from persona_django.identity import restrictions
from persona_django.identity.models import Standing, Visitor
from persona_django.middleware import PersonaMiddleware
from persona_django.tracking import searches
from persona_django.tracking.events import read_events
from persona_django.tracking.ingest import NewEvent, insert
from persona_django.tracking.models import Event, SearchTerm
from persona_django.tracking.schema import DERIVED, Kind
from persona_django.training.rebuild import rebuild_all
from tests import network
from tests.deriving.doings import ago, did, look_again, searched, visitor
from tests.factories import item_id, product, products, read_catalogue
from tests.faults.browser import Browser
from tests.faults.doors import doors
from tests.faults.matrix import through
from tests.faults.proxy import Mode, Proxy
from tests.faults.running import lone_shop, run, tell
from tests.replicas import lagging
from tests.services import SERVICES
from tests.training.history import buy, customers, live, look

REACHES_OUT = """
import contextlib, socket
with socket.socket() as outgoing, contextlib.suppress(OSError):
    outgoing.connect(("192.0.2.1", 80))
"""


# -- 2: a broker that hangs, met by a worker -----------------------------------------------------


@pytest.mark.service("redis")
def test_a_worker_waits_once_for_a_broker_that_hangs_and_then_goes_on_without():
    redis = urlsplit(SERVICES["redis"].url)
    assert redis.port is not None
    with Proxy(redis.port) as proxy, Celery("faulty", set_as_current=False) as app:
        app.conf.update(
            broker_url=f"redis://127.0.0.1:{proxy.port}/9",
            broker_transport_options={"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
            task_publish_retry=False,
        )
        task = app.task(base=tasks.PersonaTask, name="persona.nothing")(nothing)
        proxy.mode = Mode.HANG

        took = [seconds_of(lambda: tasks._send_next(task, {})) for _ in range(3)]

    assert took[0] < 10
    assert max(took[1:]) < 0.1
    assert breaker("broker").is_resting


def nothing() -> None:
    """A task that is never done."""


def seconds_of(work: Any) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


# -- 4 and 5: what a cache forgets, or never knew ------------------------------------------------


class Away(BaseCache):
    """A cache that fails whatever it is asked."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("nobody may ask this cache")

    get = set = add = delete = touch = incr = decr = get_many = set_many = has_key = _fail


@pytest.mark.django_db
def test_nothing_that_is_learnt_or_shown_depends_on_a_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "tests.faults.test_single.Away"}}
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    made = products(4)
    read_catalogue()
    look(range(1, 11), made[0:2])
    buy(customers(6), made[2:4])

    rebuild_all()

    assert live("similar")
    assert recommend(None, "similar-items", seeds=made[0])
    assert Client().get("/persona/api/v1/blocks/similar-items/").status_code == 200


RUBBISH = [b"\x80\x04garbage", "text", {"a": object}, 3.5, [None], [{}], (), -1]


@pytest.mark.django_db
@pytest.mark.parametrize("value", RUBBISH, ids=repr)
def test_a_cache_that_holds_rubbish_under_our_keys_is_counted_in_afresh(value):
    product()
    read_catalogue()
    client = Client()
    address = "/persona/api/v1/blocks/similar-items/"
    client.get(address)
    cache = caches["default"]
    keys = [key.partition(":")[2].partition(":")[2] for key in cache._cache]
    ours = [key for key in keys if "persona" in key]
    assert ours
    for key in ours:
        cache.set(key, value)

    answers = [client.get(address).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert not breaker("cache").is_resting
    assert counters.counts().get("throttle_uncounted", 0) <= 1


# -- 6: everybody at once, in a process that knows nothing ---------------------------------------


@pytest.mark.alone
@pytest.mark.service("postgresql")
def test_a_hundred_at_once_in_a_cold_process_work_it_out_once(tmp_path):
    with lone_shop("postgres", tmp_path) as (process, _):
        process.start()
        browser = Browser(process.port)
        browser.ask("/steer/forget-all/")
        loaded = int(browser.ask("/steer/loads/").text.partition(":")[2].strip(" }"))
        answers: list[Any] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(
                    Browser(process.port, patience=60).ask("/tag/persona_block/1/")
                )
            )
            for _ in range(100)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        again = int(browser.ask("/steer/loads/").text.partition(":")[2].strip(" }"))

    assert {answer.status for answer in answers} == {200}
    assert all("Tea 2" in answer.ours for answer in answers)
    # The catalogue and what is popular, each by whoever came first.
    assert again - loaded == 2


# -- 11: one connection is enough ----------------------------------------------------------------


@pytest.mark.alone
@pytest.mark.service("postgresql")
def test_one_connection_is_enough_for_every_door_and_none_is_kept(tmp_path):
    role = f"persona_one_{secrets.token_hex(4)}"
    with lone_shop("postgres", tmp_path) as (process, database):
        name = urlsplit(database).path[1:]
        tell(
            database,
            f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}",
        )
        try:
            process.env = {
                **process.env,
                "FAULT_SHOP": process.env["FAULT_SHOP"].replace("postgres@", f"{role}@"),
            }
            process.start()
            for door in doors():
                visitor = Browser(process.port)
                visitor.ask("/page/1/")
                wait_until_alone(database, name)
                through(door, visitor)
                wait_until_alone(database, name)
            counted = visitor.ask("/steer/counts/").text
        finally:
            process.kill()
            tell(database, f"DROP OWNED BY {role}", f"DROP ROLE {role}")

    assert "resting" not in counted
    assert "unwritten" not in counted


def wait_until_alone(database: str, name: str) -> None:
    """Until the server has noticed that the last connection is gone, which must be soon."""
    count = f"SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = '{name}'"
    until = time.monotonic() + 10
    while tell(database, count)[0][0]:
        assert time.monotonic() < until, "a connection is kept that nobody needs"
        time.sleep(0.01)


# -- 12: a replica that lags ---------------------------------------------------------------------


@pytest.fixture
def after(tmp_path: Path) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Has something happen that the replica, which answers every read that may go to one, has
    not heard of."""
    with ExitStack() as stack:

        def happened(do: Callable[[], Any]) -> None:
            stack.enter_context(lagging(tmp_path))
            do()

        yield happened


def withdraw(*keys: int) -> None:
    Visitor.objects.filter(key__in=keys).update(purposes="")


def leave_alone(*keys: int) -> None:
    restrictions.restrict(keys, restrictions.Kind.ERASED)
    # As a process that has yet to hear of it.
    restrictions.forget()


def written(model: type[models.Model]) -> models.QuerySet[Any]:
    """The rows as they stand, whatever the replica says."""
    return model._base_manager.using(router.db_for_write(model))


GONE = {"withdrew": withdraw, "was erased": leave_alone}


@pytest.fixture
def two(after: Any) -> list[Any]:
    """Two visitors who looked, left a cart behind and searched."""
    made = products(2)
    read_catalogue()
    for key in (1, 2):
        visitor(key)
        for hours in (72.1, 72.0):
            did(key, Kind.VIEW, item_id(made[0]), at=ago(hours * 3_600))
            did(key, Kind.CART_ADD, item_id(made[1]), at=ago(hours * 3_600))
        searched(key, "green tea", at=ago(2 * 3_600))
    return made


@pytest.mark.django_db
@pytest.mark.parametrize("how", GONE)
def test_nothing_is_learnt_of_whoever_is_gone_while_the_replica_does_not_know(two, after, how):
    after(lambda: GONE[how](1))

    assert set(read_events().shopper.tolist()) == {2}


@pytest.mark.django_db
@pytest.mark.parametrize("how", GONE)
def test_nothing_is_derived_of_whoever_is_gone_while_the_replica_does_not_know(two, after, how):
    after(lambda: GONE[how](1))

    look_again(from_scratch=True)

    rows = written(Event).filter(kind__in=DERIVED)
    assert set(rows.values_list("shopper", flat=True)) == {2}


@pytest.mark.django_db
def test_nobody_who_withdrew_is_judged_while_the_replica_does_not_know(two, after):
    Visitor.objects.update(standing=Standing.NEW)
    after(lambda: withdraw(1))

    assert judge(beat=lambda: None).qualified == 1

    stands = dict(written(Visitor).values_list("key", "standing"))
    assert stands == {1: Standing.NEW, 2: Standing.QUALIFIED}


@pytest.mark.django_db
def test_a_search_of_whoever_withdrew_is_not_counted_while_the_replica_does_not_know(two, after):
    after(lambda: withdraw(1))

    searches.count_over(1, now=int(time.time()))

    assert written(SearchTerm).get().visitors == 1


@pytest.mark.django_db
def test_a_search_of_which_the_replica_has_not_heard_is_counted_all_the_same(two, after):
    after(lambda: searched(1, "mug", at=ago(2 * 3_600)))

    assert searches.count_over(1, now=int(time.time())) == 3

    assert written(SearchTerm).count() == 2


@pytest.mark.django_db
def test_nothing_is_stored_of_whoever_is_gone_while_the_replica_does_not_know(two, after):
    after(lambda: leave_alone(1))
    late = [NewEvent(shopper=key, uid=9, kind=Kind.VIEW, item_id=1, at=ago(0)) for key in (1, 2)]

    assert insert(late) == 1
    assert restrictions.is_restricted(1) and not restrictions.is_restricted(2)
    restrictions.lift([1], tuple(restrictions.Kind))
    assert not restrictions.is_restricted(1)


# -- 20: no worker was ever started --------------------------------------------------------------


@pytest.mark.django_db
def test_without_a_worker_pages_are_whole_and_what_happened_is_kept(settings):
    settings.PERSONA = {
        **settings.PERSONA,
        "CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.AcceptAll"},
    }
    tea = product()
    read_catalogue()
    client = Client(headers={"user-agent": "Mozilla/5.0 Firefox/140.0"})

    pages = [client.get(tea.get_absolute_url()) for _ in range(3)]

    assert [page.status_code for page in pages] == [200] * 3
    assert Event.objects.count() == 3
    assert recommend(None, "similar-items").slots


# -- 41: the client hangs up ---------------------------------------------------------------------


def test_a_request_that_is_cancelled_is_not_held_up_by_us():
    reached = asyncio.Event()

    async def page(request: Any) -> Any:
        reached.set()
        await asyncio.sleep(60)

    async def hang_up() -> None:
        asked = asyncio.ensure_future(PersonaMiddleware(page)(RequestFactory().get("/")))
        await reached.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    async_to_sync(hang_up)()

    assert counters.counts() == {}


@pytest.mark.django_db
def test_a_block_that_is_cancelled_leaves_nothing_resting_and_the_next_one_whole():
    tea, pot = product("Tea"), product("Pot")
    read_catalogue()

    async def hang_up() -> None:
        asked = asyncio.ensure_future(arecommend(None, "similar-items", seeds=tea))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    async_to_sync(hang_up)()

    assert [slot.title for slot in recommend(None, "similar-items", seeds=tea)] == [pot.name]
    assert not breaker("database_default").is_resting


# -- threat 37: a server process speaks to nobody else -------------------------------------------


@pytest.mark.alone
def test_a_server_process_is_guarded_and_every_door_of_it_keeps_to_this_machine(tmp_path: Path):
    with lone_shop("sqlite", tmp_path) as (process, _):
        (tmp_path / "reaches_out.py").write_text(REACHES_OUT)
        env = {**process.env, "PYTHONPATH": f"{process.env['PYTHONPATH']}:{tmp_path}"}
        run("reaches_out", env=env)
        noticed = network.take_attempts()
        process.start()
        for door in doors():
            through(door, Browser(process.port))

    assert noticed == ["('192.0.2.1', 80)"]
    assert network.take_attempts() == []
