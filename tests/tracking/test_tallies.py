"""Counters in the cache, whichever cache the shop has."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection

from persona_django.tracking.tallies import Step, add
from tests import services

LOCAL = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tallies"}
REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": services.SERVICES["redis"].url,
}
FILES = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"}
TABLE = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "persona_tallies"}


@pytest.fixture(params=[LOCAL, pytest.param(REDIS, marks=pytest.mark.service("redis"))])
def cache(request, settings, tmp_path):
    prefix = f"tallies-{tmp_path.parent.parent.name}-{tmp_path.name}"
    settings.CACHES = {"default": {**request.param, "KEY_PREFIX": prefix}}
    made = caches["default"]
    yield made
    made.delete_many(["a", "b", "soon"])


def test_each_counter_tells_what_it_has_come_to(cache):
    assert add([Step("a", 2, 60), Step("b", 1 << 40, 60)]) == [2, 1 << 40]
    assert add([Step("b", 1, 60), Step("a", 3, 60)]) == [(1 << 40) + 1, 5]
    assert cache.get("a") == 5


def test_a_counter_is_gone_after_its_time_and_not_before(cache):
    add([Step("a", 1, 60), Step("soon", 1, 1)])

    gone = threading.Event()
    for _ in range(50):
        if cache.get("soon") is None:
            break
        gone.wait(0.1)

    assert (cache.get("soon"), cache.get("a")) == (None, 1)
    assert add([Step("soon", 7, 60)]) == [7]


def test_no_two_writers_see_the_same_total(cache):
    seen: list[int] = []

    def go_on() -> None:
        for _ in range(50):
            seen.extend(add([Step("a", 1, 60)]))

    threads = [threading.Thread(target=go_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen) == list(range(1, 201))


@pytest.fixture(
    params=[FILES, TABLE, LOCAL, pytest.param(REDIS, marks=pytest.mark.service("redis"))]
)
def hasty(request, settings, tmp_path):
    """A cache that forgets at once what is set in it without saying for how long."""
    if request.param is TABLE:
        request.getfixturevalue("transactional_db")
    chosen: dict[str, Any] = {"LOCATION": str(tmp_path), **request.param, "TIMEOUT": 0}
    settings.CACHES = {"default": {**chosen, "KEY_PREFIX": f"hasty-{tmp_path.name}"}}
    if request.param is TABLE:
        call_command("createcachetable", "persona_tallies", verbosity=0)
    made = caches["default"]
    yield made
    made.delete_many(["a", "b"])
    if request.param is TABLE:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE persona_tallies")


def test_a_counter_lasts_as_long_as_was_said_however_long_the_cache_keeps_other_things(hasty):
    assert [add([Step("a", 1, 86_400)]) for _ in range(4)] == [[1], [2], [3], [4]]


def test_rubbish_is_replaced_in_such_a_cache_too(hasty):
    for rubbish in ("words", None, ["a", "list"], -5):
        hasty.set("b", rubbish, 60)

        assert [add([Step("b", 1, 60)]) for _ in range(3)] == [[1], [2], [3]]


def test_a_cache_that_counts_by_itself_is_asked_once_for_it(settings, monkeypatch):
    settings.CACHES = {"default": {**LOCAL, "KEY_PREFIX": "once"}}
    add([Step("a", 1, 60)])
    for name in ("get", "set", "touch"):
        monkeypatch.setattr(type(caches["default"]), name, None)

    assert add([Step("a", 1, 60)]) == [2]
