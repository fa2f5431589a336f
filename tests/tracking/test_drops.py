"""What was refused and lost, from this process's memory into the table all share."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, router

from persona_django import counters
from persona_django.breaker import database
from persona_django.tracking import drops
from persona_django.tracking.models import DropCount
from tests.browsing import agreeing, ask_for_consent, open_shop
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


def stored() -> dict[str, int]:
    return dict(DropCount.objects.values_list("reason", "n"))


def a_minute_passes(monkeypatch) -> None:
    monkeypatch.setattr(drops, "_last", time.monotonic() - 61)


def test_counts_are_added_to_those_of_today():
    counters.count("event_throttled", 3)
    counters.count("view_prefetched")
    drops.flush()
    counters.count("event_throttled", 2)

    assert drops.flush() == 1
    assert stored() == {"event_throttled": 5, "view_prefetched": 1}
    assert DropCount.objects.first().day == int(time.time()) // 86_400


def test_nothing_new_is_nothing_written(django_assert_num_queries):
    counters.count("event_throttled")
    drops.flush()

    with django_assert_num_queries(0):
        assert drops.flush() == 0


def test_once_a_minute_at_most(monkeypatch):
    counters.count("event_throttled")
    assert drops.flush_if_due() == 0
    a_minute_passes(monkeypatch)
    assert drops.flush_if_due() == 1
    counters.count("event_throttled")

    assert drops.flush_if_due() == 0


def test_what_cannot_be_written_is_kept_for_the_next_time(monkeypatch):
    counters.count("event_throttled", 4)

    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as broken:
        broken.setattr(drops, "_add", away)
        a_minute_passes(broken)
        assert drops.flush_if_due() == 0
    assert counters.counts()["drops_unwritten"] == 1

    drops.flush()

    assert stored()["event_throttled"] == 4


def test_a_database_that_rests_is_left_alone(monkeypatch):
    counters.count("event_throttled")
    which = database(router.db_for_write(DropCount))
    which.end(which.begin(), failed=True)
    a_minute_passes(monkeypatch)

    assert drops.flush_if_due() == 0
    assert not DropCount.objects.exists()


def test_counting_afresh_takes_nothing_back():
    counters.count("event_throttled", 5)
    drops.flush()
    counters.forget()
    counters.count("event_throttled", 2)

    drops.flush()

    assert stored() == {"event_throttled": 7}


def test_a_page_brings_them_with_its_view(monkeypatch, settings):
    open_shop(settings)
    ask_for_consent(settings)
    tea, _ = stocked()
    counters.count("event_throttled", 3)
    a_minute_passes(monkeypatch)

    agreeing().get(f"/shown/{tea.pk}/")

    assert stored()["event_throttled"] == 3


def test_a_page_without_consent_writes_nothing(monkeypatch, settings):
    open_shop(settings)
    ask_for_consent(settings)
    tea, _ = stocked()
    counters.count("event_throttled", 3)
    a_minute_passes(monkeypatch)

    from tests.browsing import browser

    browser().get(f"/shown/{tea.pk}/")

    assert stored() == {}
