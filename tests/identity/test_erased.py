"""After an erasure nothing of the person is found: in no table, cache, queue, file or log.

Everything that can stand for them is a canary: names and addresses, the cookie, its pseudonym,
and the numbers that are hashed from them. Only the tombstone keeps a number.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, current_app
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from persona_django import tasks
from persona_django.deriving import derive, gifts
from persona_django.identity.erasure import erase, export
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.subjects import subject_of_customer
from persona_django.training import rebuild, visitor_jobs
from persona_django.training.jobs import run_due, run_erasures
from persona_django.training.recipes import KINDS
from tests import scanning, services
from tests.browsing import BROWSER, FROM_COOKIE, visitor_of
from tests.factories import item_id, products, read_catalogue
from tests.identity.held import hold_everything
from tests.shop.models import Order
from tests.training.history import buy, customers, look

pytestmark = pytest.mark.django_db

TOMBSTONE = Restriction._meta.db_table
NAME, MAIL, ADDRESS = "canary-anna-71530", "canary-anna@mail.example", "203.0.113.171"
ELSEWHERE = 3_141_592_653_589_793_238
"""A visitor of theirs on another device."""


@pytest.fixture
def shop(settings: Any, tmp_path: Path) -> list[Any]:
    cache.clear()
    settings.PERSONA = {
        **settings.PERSONA, **FROM_COOKIE, "CACHE_FOLDER": str(tmp_path),
        "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0,
    }  # fmt: skip
    made = products(5)
    read_catalogue()
    look(range(1, 11), made)
    buy(customers(6), made[1:4])
    return made


class Person:
    """Somebody with an account and two browsers, who did everything one can do."""

    def __init__(self, shop: list[Any]) -> None:
        self.user = get_user_model().objects.create(username=NAME, email=MAIL)
        self.browser = Client(
            headers={"User-Agent": BROWSER, "X-Forwarded-For": ADDRESS}, REMOTE_ADDR=ADDRESS
        )
        self.browser.cookies["banner"] = "yes"
        self._browse(shop)
        before = self._remember()
        self.browser.force_login(self.user)
        self._browse(shop)
        after = self._remember()
        buy([self.user], shop[1:3])
        customer = keyed("customer", str(self.user.pk))
        hold_everything(ELSEWHERE, account=customer, item=item_id(shop[0]))
        self.keys = {*before, *after, customer, ELSEWHERE}
        self.texts = {NAME, MAIL, ADDRESS, *self.cookies}

    cookies: set[str]

    def _browse(self, shop: list[Any]) -> None:
        for product in shop:
            self.browser.get(product.get_absolute_url())
        for asked in ("reorder/", f"similar-items/?seed=shop.product:{shop[0].pk}"):
            assert self.browser.get(f"/persona/api/v1/blocks/{asked}").status_code == 200

    def _remember(self) -> set[int]:
        value = self.browser.cookies["persona"].value
        self.cookies = {*getattr(self, "cookies", ()), value, value.partition(".")[0]}
        return {visitor_of(self.browser)}

    @property
    def canaries(self) -> set[scanning.Needle]:
        return {*self.texts, *self.keys}


def test_no_canary_is_found_in_any_table_cache_file_or_log(shop, settings, tmp_path, caplog):
    person = Person(shop)
    learn()
    assert found_in_tables(person) != [], "the canaries were never stored, so nothing is shown"

    subject = subject_of_customer(person.user.pk)
    assert person.keys <= subject.keys
    export(subject)
    person.browser.get("/persona/api/v1/me/")
    person.browser.delete("/persona/api/v1/me/")
    learn()
    for product in shop:
        person.browser.get(product.get_absolute_url())
    the_shop_deletes_its_own(person)

    assert found_in_tables(person) == []
    assert scanning.in_cache(person.canaries) == []
    assert scanning.in_files(tmp_path, person.canaries) == []
    assert not scanning.holds(caplog.text, person.canaries)
    stones = set(Restriction.objects.values_list("key", flat=True))
    assert person.keys <= stones


def test_no_canary_is_left_in_the_work_of_jobs_that_have_not_ended(shop, settings, monkeypatch):
    """Whatever a job has kept between two of its messages when somebody has everything erased."""
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(microseconds=1)}
    person = Person(shop)
    others = customers(3)
    for at, other in enumerate(others):
        account = keyed("customer", str(other.pk))
        Visitor.objects.create(key=at + 1, account=account, purposes="measure")
    Order.objects.all().delete()
    buy([person.user, *others], shop[:1], days_ago=40)
    monkeypatch.setattr(derive, "PERSONS_AT_A_TIME", 1)
    monkeypatch.setattr(gifts, "PERSONS_AT_A_TIME", 1)
    begun = [visitor_jobs.step_derive(), visitor_jobs.step_gifts()]
    begun += [rebuild.step(kind).fence for kind in KINDS]
    assert None not in begun
    assert "persona_artefactpart.data" in found_in_tables(person)

    person.browser.delete("/persona/api/v1/me/")
    run_erasures()
    the_shop_deletes_its_own(person)

    assert found_in_tables(person) == []
    goes_on(visitor_jobs.step_derive, begun[0])
    goes_on(visitor_jobs.step_gifts, begun[1])
    assert found_in_tables(person) == []


def goes_on(step: Callable[..., int | None], fence: int | None) -> None:
    while fence is not None:
        fence = step(fence=fence)


def learn() -> None:
    """Every job there is, as cron does them."""
    failed = [done for done in run_due() if done.failed]
    assert not failed


def found_in_tables(person: Person) -> list[str]:
    return scanning.in_tables(person.canaries, but=[TOMBSTONE])


def the_shop_deletes_its_own(person: Person) -> None:
    """Account, orders and sessions are the shop's; it deletes them as it always did."""
    person.browser.logout()
    person.user.delete()


@pytest.mark.service("redis")
def test_no_message_in_the_queue_and_no_result_names_anybody(shop, broker):
    person = Person(shop)
    erase(subject_of_customer(person.user.pk))

    tasks.rebuild()
    for name, entry in tasks.BEAT_SCHEDULE.items():
        broker.send_task(entry["task"], kwargs={}, expires=60)
        assert name == entry["task"]

    kept = list(in_redis(broker))
    assert len(kept) >= len(tasks.BEAT_SCHEDULE)
    assert [one for one in kept if scanning.holds(one, person.canaries)] == []


@pytest.fixture
def broker() -> Iterator[Celery]:
    """The shop's Celery with a queue of its own in Redis, from which nobody takes anything."""
    before = current_app._get_current_object()
    url = services.SERVICES["redis"].url
    with Celery("canary", broker=url, backend=url, set_as_current=True) as app:
        app.conf.task_default_queue = f"persona-canary-{os.getpid()}"
        yield app
        _client(app).delete(app.conf.task_default_queue)
    before.set_current()


def _client(app: Celery) -> Any:
    import redis

    return redis.Redis.from_url(app.conf.broker_url)


def in_redis(app: Celery) -> Iterator[bytes]:
    """Every message in the queue, and every key that holds a result."""
    client = _client(app)
    yield from client.lrange(app.conf.task_default_queue, 0, -1)
    for key in client.scan_iter("celery-task-meta-*"):
        yield key
        yield client.get(key) or b""


def test_the_scan_finds_a_number_however_it_is_packed():
    key = 1_234_567_890_123_456_789

    packed = [key.to_bytes(8, order) for order in ("big", "little")]
    for value in (key, str(key), f"a {key} b", *packed, b"x" + packed[0] + b"y"):
        assert scanning.holds(value, [key])
    assert not scanning.holds(key + 1, [key])
