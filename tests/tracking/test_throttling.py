"""How much one may send, one network, and everybody; counted once for all processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache

from persona_django import counters
from persona_django.numeric.durations import MINUTE_SECONDS
from persona_django.tracking import tallies
from persona_django.tracking.tallies import Step
from persona_django.tracking.throttling import wait_at_door, wait_with_events
from tests import services

ROOT = Path(__file__).parent.parent.parent
NOON = "2026-03-01T12:00:10Z"


@pytest.fixture(autouse=True)
def _nobody_sent_before(settings):
    cache.clear()
    settings.PERSONA = {"VISITOR_REQUESTS": 3, "VISITOR_EVENTS": 20, "VISITOR_EVENTS_A_DAY": 50}
    with time_machine.travel(NOON, tick=False):
        yield
    cache.clear()


def seconds(visitor: int | None = 1, network: int = 9, events: int = 1) -> int:
    """What one message is told: first at the door, then with its events."""
    return wait_at_door("events", network) or wait_with_events(
        "events", visitor=visitor, network=network, events=events
    )


def may(visitor: int | None = 1, network: int = 9, events: int = 1) -> bool:
    return not seconds(visitor, network, events)


def test_a_visitor_may_send_so_many_messages_a_minute_and_others_theirs():
    assert [may() for _ in range(4)] == [True, True, True, False]
    assert may(visitor=2)


def test_the_next_minute_is_a_new_one():
    for _ in range(4):
        may()

    assert seconds() == 51
    with time_machine.travel("2026-03-01T12:01:00Z", tick=False):
        assert may()


def test_events_are_counted_as_well_as_messages():
    assert may(events=20)
    assert not may(events=1)
    assert counters.counts()["throttled_visitor"] == 1


def test_a_day_has_a_limit_of_its_own():
    for minute in range(2):
        with time_machine.travel(f"2026-03-01T13:0{minute}:00Z", tick=False):
            assert may(events=20)
    with time_machine.travel("2026-03-01T13:05:00Z", tick=False):
        assert may(events=10)
    with time_machine.travel("2026-03-01T23:59:00Z", tick=False):
        assert seconds() == 61
    with time_machine.travel("2026-03-02T00:00:00Z", tick=False):
        assert may(events=10)


def test_a_network_may_send_ten_times_as_much():
    answers = [may(visitor=visitor) for visitor in range(31)]

    assert answers == [True] * 30 + [False]
    assert may(visitor=99, network=8)
    assert counters.counts()["throttled_network"] == 1


def test_everybody_together_has_a_limit(settings):
    settings.PERSONA = {"SITE_REQUESTS": 5}

    assert [may(visitor=n, network=n) for n in range(6)] == [True] * 5 + [False]
    assert counters.counts()["throttled_site"] == 1


def test_around_the_end_of_a_minute_twice_as_many_pass_and_no_more(settings):
    settings.PERSONA = {"SITE_REQUESTS": 5}

    with time_machine.travel(MINUTE_SECONDS * 10**7 - 1, tick=False) as clock:
        before = [may(visitor=n, network=n) for n in range(6)]
        clock.shift(1)
        after = [may(visitor=n, network=n) for n in range(6)]

    assert before == after == [True] * 5 + [False]


def test_the_cache_names_neither_a_visitor_nor_a_network(monkeypatch):
    keys: list[str] = []
    really = LocMemCache.add

    def add(self, key, value, *args, **options):
        keys.append(str(key))
        return really(self, key, value, *args, **options)

    monkeypatch.setattr(LocMemCache, "add", add)
    may(visitor=123456789, network=987654321)

    assert len(keys) == 5
    assert not any("123456789" in key for key in keys)


def test_what_comes_in_by_one_door_leaves_the_others_open():
    for _ in range(31):
        may(visitor=None)
    assert not may()

    assert not wait_at_door("server", 9)


@pytest.mark.parametrize(
    "rubbish", ["words", None, ["a", "list"], b"\x80\x05", -(10**9), {"n": 1}]
)
def test_rubbish_in_the_place_of_a_counter_is_replaced_once(monkeypatch, rubbish):
    keys: set[str] = set()
    really = LocMemCache.add

    def add(self, key, value, *args, **options):
        keys.add(str(key))
        return really(self, key, value, *args, **options)

    monkeypatch.setattr(LocMemCache, "add", add)
    may()
    for key in keys:
        cache.set(key, rubbish)

    assert [may() for _ in range(4)] == [True, True, True, False]
    assert counters.counts()["counter_healed"] == len(keys) == 5
    assert "throttle_uncounted" not in counters.counts()
    assert "cache_resting" not in counters.counts()


@pytest.mark.service("redis")
@pytest.mark.parametrize("rubbish", ["words", ["a", "list"], 2**63 - 1])
def test_rubbish_in_redis_is_replaced_as_well(settings, rubbish):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": services.SERVICES["redis"].url,
            "KEY_PREFIX": "persona-rubbish",
        }
    }
    cache.set("counter", rubbish, 60)
    try:
        assert [tallies.add([Step("counter", 1, 60)]) for _ in range(3)] == [[1], [2], [3]]
    finally:
        cache.delete("counter")
    assert "cache_resting" not in counters.counts()


def test_while_the_cache_is_away_each_process_counts_for_itself(monkeypatch):
    def away(*args, **options):
        raise ConnectionError("no cache here, redis://:secret@cache")

    monkeypatch.setattr(LocMemCache, "incr", away)

    assert [may() for _ in range(4)] == [True, True, True, False]
    assert counters.counts()["throttle_uncounted"] == 8
    # Asked once; after that it is left alone.
    assert counters.counts()["cache_resting"] == 1


def test_a_cache_that_forgets_at_once_refuses_nobody(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    assert all(may() for _ in range(10))


SENDS = """
import django; django.setup()
from persona_django.tracking.throttling import wait_with_events
sent = {"visitor": 1, "network": 9, "events": 1}
print(sum(not wait_with_events("events", **sent) for _ in range(100)))
"""


@pytest.mark.service("redis")
def test_threat_22_two_processes_share_one_budget(tmp_path):
    url = services.SERVICES["redis"].url
    prefix = f"KEY_PREFIX=throttling-{tmp_path.parent.parent.name}-{tmp_path.name}"
    code = (
        "import time_machine, tests.settings as s\n"
        # Both of them in one minute, however long they take.
        "time_machine.travel(1_800_000_000, tick=False).start()\n"
        "s.PERSONA.update(VISITOR_REQUESTS=120, VISITOR_EVENTS=10**5)\n" + SENDS
    )
    import os

    environment = {
        **os.environ,
        "CACHE_URL": f"{url.replace('redis://', 'rediscache://')}?{prefix}",
        "DATABASE_URL": "sqlite://:memory:",
    }
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    allowed = [int(child.communicate(timeout=60)[0]) for child in children]

    assert sum(allowed) == 120
