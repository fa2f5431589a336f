"""What failed a moment ago is left alone, and tried again after its rest."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.db import OperationalError, connection
from django.test import override_settings

from persona_django import counters
from persona_django.breaker import breaker, cache_call, database_call
from persona_django.exceptions import Resting

AT_ONCE = {"REST_AFTER_FAULT": timedelta(microseconds=1)}
SLEEPY = {"SLOW_CALL": timedelta(milliseconds=1)}


def failing(name: str = "it") -> None:
    with pytest.raises(OSError), breaker(name).call():
        raise OSError("no answer")


def test_a_call_that_fails_keeps_the_next_one_from_being_made():
    failing()

    with pytest.raises(Resting, match="it failed a moment ago"), breaker("it").call():
        pytest.fail("it was asked all the same")
    assert breaker("it").is_resting
    assert counters.counts()["it_resting"] == 1


def test_what_is_expected_of_a_healthy_one_rests_nothing():
    with pytest.raises(ValueError, match="no such key"), breaker("it").call(ValueError):
        raise ValueError("no such key")

    assert not breaker("it").is_resting


@override_settings(PERSONA=SLEEPY)
def test_a_slow_call_keeps_the_next_one_from_being_made():
    with breaker("it").call():
        time.sleep(0.005)

    assert breaker("it").is_resting


@override_settings(PERSONA=AT_ONCE)
def test_after_its_rest_one_call_tries_and_when_it_is_well_all_others_follow():
    failing()

    with breaker("it").call(), pytest.raises(Resting), breaker("it").call():
        pytest.fail("two tried at once")

    with breaker("it").call():
        assert not breaker("it").is_resting


@override_settings(PERSONA=AT_ONCE)
def test_a_try_that_fails_begins_another_rest():
    failing()
    failing()

    assert counters.counts()["it_resting"] == 2


@override_settings(PERSONA=AT_ONCE)
def test_a_try_that_is_interrupted_leaves_nobody_waiting_for_it():
    failing()
    with pytest.raises(KeyboardInterrupt), breaker("it").call():
        raise KeyboardInterrupt

    with breaker("it").call():
        assert not breaker("it").is_resting


def test_one_that_fails_says_nothing_about_another():
    failing("one")

    assert not breaker("other").is_resting


def test_the_cache_is_asked_through_its_own():
    with cache_call() as cache:
        cache.set("persona-test", 7)
    assert caches["default"].get("persona-test") == 7

    with pytest.raises(ValueError), cache_call() as cache:
        cache.incr("persona-test-that-is-not-there")
    assert not breaker("cache").is_resting


@pytest.mark.django_db
def test_a_statement_that_is_refused_does_not_rest_the_database():
    with pytest.raises(Exception, match="persona_nothing"), database_call("default"):
        connection.cursor().execute("SELECT 1 FROM persona_nothing")

    assert not breaker("database_default").is_resting


@pytest.mark.django_db
def test_a_database_that_cannot_be_reached_rests(monkeypatch):
    def refuse() -> None:
        raise OperationalError("connection refused")

    with pytest.raises(OperationalError), database_call("nowhere_to_be_found") as _:
        monkeypatch.setattr(connection, "connect", refuse)
        monkeypatch.setattr("persona_django.breaker.connections", {"nowhere_to_be_found": Gone()})
        refuse()

    assert breaker("database_nowhere_to_be_found").is_resting


class Gone:
    """A connection that could not be made."""

    connection = None


def test_a_clock_that_is_set_back_does_not_make_a_rest_longer():
    with time_machine.travel("2026-11-29 12:00", tick=True):
        failing()
        with time_machine.travel("2026-11-28 12:00", tick=True):
            assert breaker("it").is_resting
