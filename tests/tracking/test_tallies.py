"""Counters in the cache, whichever cache the shop has."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import caches

from persona_django.tracking.tallies import Step, add
from tests import services

LOCAL = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tallies"}
REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": services.SERVICES["redis"].url,
}


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
