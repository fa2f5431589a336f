"""What the endpoint of events answers when something that it needs does not, and when two write
at once: what is called accepted is stored, once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection, connections, models, router

from persona_django import breaker, counters
from persona_django.feedback.models import ServedSlate
from persona_django.identity import cookies
from persona_django.identity.cookies import VisitorCookie
from persona_django.tracking.context import Context
from persona_django.tracking.models import Event, Intent
from tests.browsing import ask_for_consent
from tests.clocks import Clock
from tests.reporting import EVENTS, event, message, post, reasons, send, slate, told, visitor
from tests.tracking.catalogue import stocked

in_memory = pytest.mark.skipif(
    "memory" in str(connection.settings_dict["TEST"].get("NAME") or ":memory:")
    and connection.vendor == "sqlite",
    reason="threads share one connection to a database in memory",
)


@pytest.fixture(autouse=True)
def _shop_that_asks(settings):
    ask_for_consent(settings)
    settings.PERSONA = {
        **settings.PERSONA,
        "VISITOR_REQUESTS": 10**6,
        "VISITOR_EVENTS": 10**6,
    }
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def tea(db):
    product, item_id = stocked()
    return f"shop.product:{product.pk}", item_id


def elsewhere(work: Callable[[], Any]) -> Any:
    """What a thread with connections of its own comes back with."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def ours() -> Any:
    """The connection to the database of our tables, which may be one of their own."""
    return connections[router.db_for_write(Event)]


@contextmanager
def database_away() -> Iterator[None]:
    """New connections to our tables are refused, as by a server that is down."""
    away = {"sqlite": {"NAME": "/nowhere/at/all.sqlite3"}}.get(
        ours().vendor, {"HOST": "127.0.0.1", "PORT": 1}
    )
    # What new connections are made from; the one that the test holds stays as it is.
    known = connections.settings[ours().alias]
    before = {name: known[name] for name in away}
    known.update(away)
    try:
        yield
    finally:
        known.update(before)


@pytest.mark.django_db(transaction=True)
def test_fault_7_with_the_database_away_the_client_is_asked_to_come_again(tea):
    client, late = visitor(), event("view", item=tea[0])

    with database_away():
        first, second = elsewhere(lambda: (send(client, late), send(client, late)))

    for response in (first, second):
        assert response.status_code == 503
        assert response["Retry-After"] == "30"
        assert not response.cookies
    assert counters.counts()["events_unwritten"] == 1, "the second was spared the wait"
    breaker.forget()
    assert told(send(client, late)) == "a"
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_with_the_database_away_nobody_is_begun(tea):
    client = visitor()
    del client.cookies["persona"]

    with database_away():
        response = elsewhere(lambda: send(client, event("view", item=tea[0])))

    assert response.status_code == 503
    assert not response.cookies


@pytest.mark.django_db(transaction=True)
def test_fault_9_a_database_that_only_reads_loses_nothing_in_silence(tea):
    only_reads = {
        "sqlite": "PRAGMA query_only = 1",
        "postgresql": "SET default_transaction_read_only = on",
        "mysql": "SET SESSION TRANSACTION READ ONLY",
    }
    writes = {
        "sqlite": "PRAGMA query_only = 0",
        "postgresql": "SET default_transaction_read_only = off",
        "mysql": "SET SESSION TRANSACTION READ WRITE",
    }
    with ours().cursor() as cursor:
        cursor.execute(only_reads[ours().vendor])
    try:
        response = send(visitor(), event("view", item=tea[0]))
    finally:
        with ours().cursor() as cursor:
            cursor.execute(writes[ours().vendor])

    assert response.status_code == 503
    breaker.forget()
    assert told(send(visitor(), event("view", item=tea[0]))) == "a"


@contextmanager
def table_away(model: type[models.Model]) -> Iterator[None]:
    rename, table = "ALTER TABLE {} RENAME TO {}", model._meta.db_table
    where = connections[router.db_for_write(model)]
    with where.cursor() as cursor:
        cursor.execute(rename.format(table, "somewhere_else"))
    try:
        yield
    finally:
        with where.cursor() as cursor:
            cursor.execute(rename.format("somewhere_else", table))


@pytest.mark.django_db(transaction=True)
def test_without_our_tables_the_client_is_asked_to_come_again(tea):
    with table_away(Event):
        response = send(visitor(), event("view", item=tea[0]))

    assert response.status_code == 503


@pytest.mark.django_db(transaction=True)
def test_who_cannot_be_known_because_the_session_cannot_be_read_is_asked_to_come_again(
    tea, django_user_model
):
    ann = django_user_model.objects.create_user("ann")
    client = visitor()
    client.force_login(ann)
    hers = VisitorCookie(pseudonym="hers", mark=cookies.mark_of("hers", ann))
    client.cookies["persona"] = cookies.signed(hers)

    with table_away(Session):
        response = send(client, event("view", item=tea[0]))

    assert response.status_code == 503
    assert told(send(client, event("view", item=tea[0]))) == "a"


@pytest.mark.django_db
def test_fault_3_with_the_cache_away_events_are_taken_all_the_same(tea, monkeypatch):
    def away(*args, **options):
        raise ConnectionError("no cache here")

    monkeypatch.setattr(LocMemCache, "incr", away)

    assert told(send(visitor(), event("view", item=tea[0]))) == "a"
    assert counters.counts()["throttle_uncounted"] == 2, "at the door, and with its events"


@pytest.mark.django_db
def test_a_policy_that_fails_is_a_refusal_and_no_fault(tea, settings):
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {"BACKEND": "nowhere.At.All"}}

    assert reasons(send(visitor(), event("view", item=tea[0]))) == {"consent": 1}


# -- two at once ------------------------------------------------------------------------------


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What threads come back with that all begin at the same moment."""
    ready = threading.Barrier(len(works))
    found: list[Any] = [None] * len(works)

    def run(at: int) -> None:
        try:
            ready.wait(timeout=20)
            found[at] = works[at]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@in_memory
@pytest.mark.django_db(transaction=True)
def test_the_same_message_many_times_at_once_is_accepted_exactly_once(tea):
    events = [event("save", item=tea[0]) for _ in range(10)]
    events += [event("search", words=f"tea {n}") for n in range(5)]
    body = message(*events)

    answers = at_once([lambda: post(visitor(), body) for _ in range(6)])

    results = [told(response) for response in answers]
    for letters in zip(*results, strict=True):
        assert sorted(letters) == ["a", *["d"] * 5]
    assert (Event.objects.count(), Intent.objects.count()) == (10, 5)


@in_memory
@pytest.mark.django_db(transaction=True)
def test_fault_13_overlapping_messages_of_many_never_fail_and_verdicts_are_exact(tea):
    events = [event("save", item=tea[0]) for _ in range(20)]
    shown = slate("similar-items", tea[1], 5_001, 5_002)

    def sends(seed: int) -> list[tuple[str, str]]:
        mixed = random.Random(seed)
        found = []
        for turn in range(15):
            some = mixed.sample(events, 12)
            some.append(event("slate", slate=f"s{turn}", tokens=shown, seen=[1 + seed % 3]))
            some.append(event("click", slate=f"s{turn}", token=shown[seed % 3]))
            letters = told(send(visitor(f"v{seed % 2}"), *some))
            found += [
                (f"{seed % 2} {one['id']}", letter)
                for one, letter in zip(some[:12], letters, strict=False)
            ]
            assert "r" not in letters
        return found

    told_all = [
        pair for part in at_once([lambda n=n: sends(n) for n in range(4)]) for pair in part
    ]

    accepted = [name for name, letter in told_all if letter == "a"]
    assert len(accepted) == len(set(accepted)) == len({name for name, _ in told_all})
    assert ServedSlate.objects.count() == 30
    merged = set(ServedSlate.objects.values_list("seen", "clicked"))
    # Of the four, two are one visitor: each saw and chose what its number says.
    assert merged == {(0b101, 0b101), (0b011, 0b011)}


@pytest.mark.django_db
def test_fault_24_messages_in_any_order_come_to_the_same(tea):
    shown = slate("similar-items", tea[1], 5_001)
    events = [
        event("view", item=tea[0]),
        event("click", slate="s", token=shown[1]),
        event("slate", slate="s", tokens=shown, seen=[1]),
        event("dismiss", item=tea[0]),
        event("restore", item=tea[0]),
    ]
    states = []
    for seed in range(6):
        random.Random(seed).shuffle(events)
        for one in events:
            send(visitor(), one)
        log = set(Event.objects.values_list("uid", "kind", "item_id", "value"))
        states.append((log, set(ServedSlate.objects.values_list("uid", "seen", "clicked"))))
        Event.objects.all().delete()
        ServedSlate.objects.all().delete()

    assert all(state == states[0] for state in states)


# -- clocks and characters --------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("year", [1970, 2099])
def test_fault_22_a_clock_that_is_years_off_is_replaced_and_marked(tea, year):
    wrong = {1970: 1_000, 2099: 4_070_908_800_000}[year]

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        # The event's own time is wrong, and so is that of the whole message.
        send(visitor(), {**event("view", item=tea[0], id="one"), "at": wrong})
        send(visitor(), {**event("view", item=tea[0], id="both"), "at": wrong - 5_000}, sent=wrong)

    alone, corrected = Event.objects.order_by("pk")
    assert alone.at == 1_772_366_400 and Context.unpacked(alone.context).clamped
    assert corrected.at == 1_772_366_395 and not Context.unpacked(corrected.context).clamped


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    ["\0", "a\0b", "\ud800", "\udfff", "x\ud83d"],
    ids=["nul", "nul2", "high", "low", "cut"],
)
@pytest.mark.parametrize("field", ["id", "words", "name"])
def test_fault_37_text_that_no_database_stores_is_refused_with_its_event_alone(tea, text, field):
    bad = {"id": "a", "type": "filter", "name": "x", "value": "y", **{field: text}}
    if field == "words":
        bad = {"id": "a", "type": "search", "words": text}

    response = send(visitor(), bad, event("view", item=tea[0]))

    assert told(response) == "ra"
    assert reasons(response) == {"text": 1}


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["😀 tea", "שלום", "ẞ", "𝕏" * 64, "x" * 256])
def test_fault_37_every_other_character_is_stored_as_it_is(words):
    assert told(send(visitor(), event("search", words=words))) == "a"
    assert Intent.objects.get().words == words.casefold()[:64]


@pytest.mark.django_db
def test_fault_38_names_are_told_apart_exactly_but_not_by_how_they_are_typed(tea):
    client = visitor()
    names = ["é", "e\u0301", "E", "e", "e ", "É"]

    answers = [told(send(client, event("save", item=tea[0], id=name))) for name in names]

    assert answers == ["a", "d", "a", "a", "a", "a"]
    assert Event.objects.count() == 5


@pytest.mark.django_db
def test_the_question_whether_one_may_needs_neither_database_nor_cache(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(LocMemCache, "incr", None)

    with django_assert_num_queries(0):
        assert visitor().get(EVENTS).json()["allowed"] is True


def slow_store(request: Any) -> int:
    """A function of the shop's that takes an hour."""
    slow_store.clock.seconds += 3_600  # type: ignore[attr-defined]
    return 1


@pytest.mark.django_db
def test_a_slow_function_of_the_shops_is_not_taken_for_a_database_that_hangs(
    tea, settings, monkeypatch
):
    slow_store.clock = Clock.of_breakers(monkeypatch)  # type: ignore[attr-defined]
    settings.PERSONA = {**settings.PERSONA, "STORE_OF": f"{__name__}.slow_store"}

    assert told(send(visitor(), event("view", item=tea[0]))) == "a"

    assert not breaker.database(ours().alias).is_resting
