"""Many cookies from one network teach no more than a few people of it would."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import RequestFactory

from persona_django import counters
from persona_django.breaker import breaker
from persona_django.deriving.judging import judge
from persona_django.identity.models import Visitor
from persona_django.identity.visitors import Recognised, rank_of, write
from persona_django.tracking.events import read_events
from persona_django.tracking.newcomers import place_in_network
from persona_django.tracking.schema import Kind
from tests.browsing import agreeing, ask_for_consent, open_shop
from tests.deriving.doings import HOUR, ago, did
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


def request_from(address: str) -> Any:
    return RequestFactory().get("/", REMOTE_ADDR=address)


def test_a_thousand_visitors_of_one_network_contribute_its_budget_at_most(settings):
    settings.PERSONA = {**settings.PERSONA, "NEW_VISITORS_A_NETWORK": 50}
    for number in range(1_000):
        request = request_from(f"203.0.113.{number % 256}")
        new = Recognised(visitor=number + 1, purposes="measure")
        write(new, rank=rank_of(new, lambda request=request: place_in_network(request)))
        for seconds in (0, 90):
            did(number + 1, Kind.VIEW, 5, at=ago(HOUR) + seconds)
    judge(beat=lambda: None)

    counted = set(read_events(kinds=[Kind.VIEW]).shopper.tolist())

    assert len(counted) == 50
    assert Visitor.objects.count() == 1_000


def test_another_network_has_a_budget_of_its_own_and_so_has_a_household_of_ipv6():
    places = [
        place_in_network(request_from(address))
        for address in (
            "203.0.113.1", "203.0.113.9", "198.51.100.1", "2001:db8::1", "2001:db8::2",
            "2001:db8:0:1::1",
        )
    ]  # fmt: skip

    assert places == [1, 2, 1, 1, 2, 1]


def test_with_each_hour_the_newcomers_of_a_network_are_counted_anew():
    places = []
    for clock in ("10:00:00", "10:30:00", "10:59:59", "11:00:00"):
        with time_machine.travel(f"2026-03-01T{clock}Z", tick=False):
            places.append(place_in_network(request_from("203.0.113.1")))

    assert places == [1, 2, 3, 1]


def test_no_address_is_kept_anywhere():
    place_in_network(request_from("203.0.113.77"))

    kept = str(getattr(cache, "_cache", {}))
    assert "203.0.113" not in kept and "cb0071" not in kept


def test_a_page_gives_a_new_visitor_their_place_after_the_response_and_a_known_one_none():
    tea, _ = stocked()
    for _ in range(2):
        agreeing().get(f"/shown/{tea.pk}/")
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    from persona_django.identity import remembered

    remembered.forget()
    client.get(f"/shown/{tea.pk}/")

    assert sorted(Visitor.objects.values_list("rank", flat=True)) == [1, 2, 3]
    agreeing().get(f"/shown/{tea.pk}/")
    assert Visitor.objects.filter(rank=4).count() == 1


def test_a_cache_that_fails_or_rests_counts_nobody_and_breaks_nothing(settings, monkeypatch):
    tea, _ = stocked()

    def away(*args: object, **kwargs: object) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(type(cache._connections["default"]), "incr", away)
    agreeing().get(f"/shown/{tea.pk}/")
    assert counters.counts()["newcomer_uncounted"] == 1
    assert breaker("cache").is_resting
    agreeing().get(f"/shown/{tea.pk}/")

    assert list(Visitor.objects.values_list("rank", flat=True)) == [0, 0]


def test_in_a_cache_that_keeps_nothing_everybody_is_the_first(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    assert [place_in_network(request_from("203.0.113.1")) for _ in range(3)] == [1, 1, 1]
    assert counters.counts() == {}


def test_rubbish_in_the_place_of_the_count_is_replaced(monkeypatch):
    keys: list[str] = []
    really = type(cache._connections["default"]).add

    def add(self, key, *args, **options):
        keys.append(key)
        return really(self, key, *args, **options)

    monkeypatch.setattr(type(cache._connections["default"]), "add", add)
    place_in_network(request_from("203.0.113.1"))
    cache.set(keys[0], {"of": "another version"})

    assert [place_in_network(request_from("203.0.113.1")) for _ in range(2)] == [1, 2]
    assert counters.counts() == {"counter_healed": 1}
