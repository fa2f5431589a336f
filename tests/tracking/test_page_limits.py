"""A flood of pages leaves no more rows than one visitor, or one network, may fill."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from persona_django import counters
from persona_django.identity.models import Visitor
from persona_django.tracking import page_limits
from persona_django.tracking.models import Event
from persona_django.tracking.page_limits import Deadlines
from tests.browsing import agreeing, ask_for_consent, open_shop, visitor_of
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> Any:
    open_shop(settings)
    ask_for_consent(settings)
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 3}
    with time_machine.travel("2026-03-01T12:00:10Z", tick=False):
        yield
    cache.clear()


@pytest.fixture
def tea() -> str:
    return f"/shown/{stocked()[0].pk}/"


def test_a_visitor_who_turns_page_after_page_leaves_so_many_views_and_sees_every_page(tea):
    client = agreeing()

    pages = [client.get(tea) for _ in range(6)]

    assert {page.status_code for page in pages} == {200}
    assert Event.objects.count() == 3
    assert counters.counts()["throttled_visitor"] == 3


def test_in_the_next_minute_their_views_count_again(tea):
    client = agreeing()
    for _ in range(6):
        client.get(tea)

    with time_machine.travel("2026-03-01T12:01:10Z", tick=False):
        client.get(tea)

    assert Event.objects.count() == 4


def test_visitors_who_are_always_new_leave_no_more_rows_than_their_network_may(tea):
    for number in range(60):
        agreeing().get(tea, REMOTE_ADDR=f"203.0.113.{number}")

    assert Event.objects.count() == Visitor.objects.count() < 35
    assert counters.counts()["throttled_network"] >= 25
    agreeing().get(tea, REMOTE_ADDR="198.51.100.1")
    assert Event.objects.filter(shopper__in=Visitor.objects.values("key")).count() <= 35


def test_whoever_takes_consent_back_in_a_flood_is_heard_but_leaves_no_new_row(tea):
    known = agreeing()
    known.get(tea)
    key = visitor_of(known)
    never_stored = []
    for _ in range(60):
        client = agreeing()
        client.get(tea)
        never_stored.append(client)
    rows = Visitor.objects.count()

    for client in (known, *never_stored[-20:]):
        client.cookies["banner"] = "no"
        client.get(tea)

    assert Visitor.objects.get(key=key).purposes == ""
    assert Visitor.objects.count() == rows


def test_ordinary_pages_ask_the_cache_once_in_ten(tea, settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 60}
    asked: list[str] = []
    backend = type(cache._connections["default"])
    really = backend.incr

    def incr(self, key, *args, **options):
        asked.append(key)
        return really(self, key, *args, **options)

    client = agreeing()
    client.get(tea)
    monkeypatch.setattr(backend, "incr", incr)
    for _ in range(9):
        client.get(tea)

    # Ten pages of the visitor and of the network, each for the minute and for the day; a counter
    # that is not there yet is begun.
    assert len(asked) == 4
    assert Event.objects.count() == 10


def test_where_all_seem_to_be_one_network_behind_a_proxy_it_is_said(tea):
    for _ in range(40):
        agreeing().get(tea, headers={"X-Forwarded-For": "198.51.100.7"})

    assert counters.counts()["network_unknown"] > 0


def test_a_shop_that_says_it_has_no_proxy_is_not_asked_how_many(settings, tea, caplog):
    settings.PERSONA = {**settings.PERSONA, "TRUSTED_PROXIES": 0}

    for _ in range(40):
        agreeing().get(tea, headers={"X-Forwarded-For": "198.51.100.7"})

    assert counters.counts()["throttled_network"]
    assert "network_unknown" not in counters.counts()
    assert "TRUSTED_PROXIES" not in caplog.text


# -- until when somebody is shut out --------------------------------------------------------------


class MetWhileReading(dict):
    """Whoever reads waits for a second one to read as well, but not for long."""

    def __init__(self) -> None:
        super().__init__()
        self.both = threading.Barrier(2)

    def get(self, *given: Any) -> Any:
        found = super().get(*given)
        with contextlib.suppress(threading.BrokenBarrierError):
            self.both.wait(timeout=0.2)
        return found


def test_whoever_is_shut_out_by_two_threads_at_once_is_let_in_again_when_it_was_said():
    deadlines = Deadlines()
    deadlines._at = MetWhileReading()
    threads = [threading.Thread(target=deadlines.put, args=("one", 60)) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert deadlines.of("one") == 60


def test_whoever_is_shut_out_for_a_day_is_not_let_in_after_a_minute():
    deadlines = Deadlines()

    deadlines.put("one", 86_400)
    deadlines.put("one", 60)

    assert (deadlines.of("one"), deadlines.of("other")) == (86_400, 0)
    deadlines.forget()
    assert deadlines.of("one") == 0


def test_only_so_many_are_remembered(monkeypatch):
    monkeypatch.setattr(page_limits, "MOST_KEPT_HERE", 2)
    deadlines = Deadlines()

    for name in ("one", "two", "three"):
        deadlines.put(name, 60)

    assert [deadlines.of(name) for name in ("one", "two", "three")] == [0, 0, 60]
