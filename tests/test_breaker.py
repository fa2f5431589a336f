"""What failed a moment ago is left alone, and tried again after its rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
import pytest
import time_machine
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import DatabaseError, OperationalError, connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.db.utils import load_backend
from django.test import override_settings

from persona_django import counters
from persona_django.breaker import (
    breaker,
    cache_call,
    database,
    database_call,
    database_questions,
    database_work,
)
from persona_django.exceptions import Resting
from tests.clocks import Clock
from tests.forked import comes_true_in_a_child
from tests.services import SERVICES

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

    with breaker("it").call(), ThreadPoolExecutor() as others, pytest.raises(Resting):
        others.submit(breaker("it").begin).result()

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
def test_a_database_that_cannot_be_reached_rests(unreachable):
    with pytest.raises(OperationalError), database_call(unreachable):
        connections[unreachable].cursor()

    with pytest.raises(Resting), database_call(unreachable):
        pytest.fail("it was asked all the same")
    assert database(unreachable).is_resting


@pytest.mark.django_db
def test_what_another_database_said_within_a_call_is_not_held_against_this_one(unreachable):
    with (
        pytest.raises(OperationalError),
        database_call("default"),
        database_call(unreachable),
    ):
        connections[unreachable].cursor()

    assert database(unreachable).is_resting
    assert not database("default").is_resting


@pytest.fixture
def unreachable(tmp_path):
    """The alias of a database whose folder is not there."""
    with sqlite("nowhere", tmp_path / "no such folder") as alias:
        yield alias


@contextmanager
def sqlite(alias: str, folder: Path) -> Iterator[str]:
    """The alias of a database in a file that nobody has opened yet."""
    settings = {**connections.settings["default"], "NAME": str(folder / "shop.sqlite3")}
    settings |= {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}}
    connections[alias] = SQLite(settings, alias)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]


@pytest.mark.django_db
@pytest.mark.service("postgresql")
@pytest.mark.parametrize("does", ["pg_sleep(5)", "pg_terminate_backend(pg_backend_pid())"])
def test_a_server_that_gives_up_or_hangs_up_rests(does):
    with postgresql("-c statement_timeout=20") as alias:
        with pytest.raises(DatabaseError), database_call(alias):
            connections[alias].cursor().execute(f"SELECT {does}")

        assert database(alias).is_resting


@pytest.mark.django_db
@pytest.mark.service("postgresql")
def test_a_statement_that_postgresql_refuses_rests_nothing():
    with postgresql("-c default_transaction_read_only=on") as alias:
        with pytest.raises(DatabaseError), database_call(alias):
            connections[alias].cursor().execute("CREATE TABLE persona_refused (id int)")

        assert not database(alias).is_resting


@contextmanager
def postgresql(options: str) -> Iterator[str]:
    """The alias of a connection to the server on this machine."""
    alias = "elsewhere"
    given = environ.Env.db_url_config(SERVICES["postgresql"].url)
    given["OPTIONS"] = {"options": options}
    settings = {**connections.settings["default"], **given, "TEST": {}}
    connections[alias] = load_backend(given["ENGINE"]).DatabaseWrapper(settings, alias)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]


# -- one after the fault tries on behalf of all --------------------------------------------------


@override_settings(PERSONA=AT_ONCE)
def test_of_many_threads_after_a_rest_one_tries():
    failing()
    together, tried, refused = threading.Barrier(20), [], []

    def ask() -> None:
        together.wait()
        try:
            with breaker("it").call():
                tried.append(1)
                together.wait()
        except Resting:
            refused.append(1)
            together.wait()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(tried), len(refused)) == (1, 19)


@override_settings(PERSONA=AT_ONCE)
def test_a_call_from_before_the_fault_that_ends_well_after_it_ends_no_rest():
    with override_settings(PERSONA={}):
        before = breaker("it").begin()
        failing()

        breaker("it").end(before, failed=False)

        assert breaker("it").is_resting


@override_settings(PERSONA=AT_ONCE)
def test_a_call_within_another_is_part_of_it_also_when_it_is_the_one_that_tries():
    failing()

    with breaker("it").call(), breaker("it").call():
        pass

    assert not breaker("it").is_resting


def test_a_call_within_another_is_counted_once():
    with pytest.raises(OSError), breaker("it").call(), breaker("it").call():
        raise OSError("no answer")

    assert counters.counts()["it_resting"] == 1


@override_settings(PERSONA=SLEEPY)
def test_what_may_take_long_is_no_fault_for_it():
    with breaker("it").call(may_take_long=True):
        time.sleep(0.005)

    assert not breaker("it").is_resting


def test_the_client_of_a_cache_may_take_its_time_to_be_loaded(monkeypatch, settings):
    clock = Clock.of_breakers(monkeypatch)

    class Lazy(LocMemCache):
        is_loaded = False

        @property
        def _cache(self):
            if not self.is_loaded:
                clock.seconds += 3_600
                self.is_loaded = True
            return self._loaded

        @_cache.setter
        def _cache(self, loaded):
            self._loaded = loaded

    monkeypatch.setattr("tests.clocks.Lazy", Lazy, raising=False)
    settings.CACHES = {"default": {"BACKEND": "tests.clocks.Lazy"}}
    before = clock.seconds

    with cache_call() as cache:
        cache.get("persona-test")

    assert clock.seconds - before >= 3_600
    assert not breaker("cache").is_resting


# -- forked children -----------------------------------------------------------------------------


def test_a_child_asks_for_itself_and_waits_for_no_lock_of_a_thread_it_does_not_have():
    failing()

    def asks_and_counts() -> bool:
        with breaker("it").call():
            counters.count("asked")
        return counters.counts() == {"asked": 1}

    assert comes_true_in_a_child(asks_and_counts, held=[breaker("it")._lock, counters._lock])
    assert breaker("it").is_resting


# -- caches --------------------------------------------------------------------------------------


def test_a_cache_that_holds_rubbish_is_not_away():
    with pytest.raises(TypeError), cache_call():
        raise TypeError("no list but a text")

    assert not breaker("cache").is_resting


def test_a_clock_that_is_set_back_does_not_make_a_rest_longer():
    with time_machine.travel("2026-11-29 12:00", tick=True):
        failing()
        with time_machine.travel("2026-11-28 12:00", tick=True):
            assert breaker("it").is_resting


# -- work that asks a database now and then ------------------------------------------------------


@pytest.mark.django_db
def test_what_is_done_between_two_questions_is_not_held_against_the_database(monkeypatch):
    clock = Clock.of_breakers(monkeypatch)

    with database_work("default"):
        with database_call("default"):
            connection.ensure_connection()
        clock.seconds += 3_600

    assert not database("default").is_resting


@pytest.mark.django_db
def test_a_slow_question_within_such_work_is(monkeypatch):
    clock = Clock.of_breakers(monkeypatch)

    with database_work("default"), database_call("default"):
        clock.seconds += 3_600

    with pytest.raises(Resting), database_work("default"):
        pytest.fail("it was asked all the same")


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "rests"), [(3_600, True), (0, False)])
def test_each_question_among_functions_of_the_shop_is_timed_by_itself(monkeypatch, seconds, rests):
    clock = Clock.of_breakers(monkeypatch)

    def slow(execute: Any, *given: Any) -> Any:
        clock.seconds += seconds
        return execute(*given)

    with database_questions("default"), connection.execute_wrapper(slow):
        # However long the shop's own functions take.
        clock.seconds += 3_600
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    assert database("default").is_resting is rests
    assert counters.counts().get("database_default_resting", 0) == rests


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "rests"), [(3_600, True), (0, False)])
@pytest.mark.parametrize("step", ["get_new_connection", "is_usable"])
def test_making_or_testing_the_connection_for_them_is_timed_as_well(
    monkeypatch, tmp_path, seconds, rests, step
):
    clock = Clock.of_breakers(monkeypatch)
    really = getattr(SQLite, step)

    def slow(self: Any, *given: Any) -> Any:
        clock.seconds += seconds
        return really(self, *given)

    with sqlite("slow to connect", tmp_path) as alias:
        if step == "is_usable":
            connections[alias].ensure_connection()
            connections[alias].health_check_enabled = True
            connections[alias].health_check_done = False
        monkeypatch.setattr(SQLite, step, slow)
        with database_questions(alias), connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")

        assert database(alias).is_resting is rests


@pytest.mark.django_db
def test_a_database_that_cannot_be_reached_for_them_rests(unreachable):
    with pytest.raises(OperationalError), database_questions(unreachable):
        pytest.fail("there is nobody to ask")

    assert database(unreachable).is_resting


@pytest.mark.django_db
def test_what_else_within_such_work_found_the_only_database_gone_is_heard(
    monkeypatch, unreachable
):
    with pytest.raises(OperationalError), database_work(unreachable):
        connections[unreachable].cursor()
    assert not database(unreachable).is_resting, "there are others that may have said it"

    alone = {unreachable: connections[unreachable]}
    monkeypatch.setattr("persona_django.breaker.connections", alone)
    with pytest.raises(OperationalError), database_work(unreachable):
        connections[unreachable].cursor()

    assert database(unreachable).is_resting
    assert counters.counts()[f"database_{unreachable}_resting"] == 1
