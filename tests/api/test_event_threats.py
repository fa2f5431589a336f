"""What an attacker may try on the endpoint of events, row by row."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test.utils import CaptureQueriesContext

from persona_django import counters
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Visitor
from persona_django.tracking import clients
from persona_django.tracking.bots import is_robot
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Kind
from tests.browsing import ask_for_consent
from tests.reporting import (
    EVENTS,
    event,
    key_of,
    message,
    post,
    reasons,
    send,
    slate,
    told,
    visitor,
)
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop_that_asks(settings):
    ask_for_consent(settings)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def tea():
    product, item_id = stocked()
    return f"shop.product:{product.pk}", item_id


def test_threat_4_a_purchase_is_never_taken_from_a_browser(tea):
    response = send(
        visitor(), event("purchase", item=tea[0]), event("refund", item=tea[0]), event("ordered")
    )

    assert reasons(response) == {"type": 3}
    assert counters.counts()["event_type"] == 3
    assert not Event.objects.exists()


def test_threat_10_whose_events_they_are_says_the_cookie_and_never_the_body(tea):
    client = visitor("attacker")
    victim = key_of("victim")

    within = send(client, event("view", item=tea[0], visitor=victim, shopper=victim))
    beside = send(client, event("view", item=tea[0]), visitor=victim)
    allowed = send(client, event("view", item=tea[0]))

    assert reasons(within) == {"field": 1}
    assert beside.status_code == 400
    assert told(allowed) == "a"
    assert Event.objects.get().shopper == key_of("attacker")


def test_threat_11_an_event_of_one_name_is_one_for_each_visitor(tea):
    mine = event("save", item=tea[0], id="cart-1")

    assert told(send(visitor("attacker"), mine)) == "a"
    assert told(send(visitor("victim"), mine)) == "a"
    assert Event.objects.count() == 2


def test_threat_12_the_first_payload_of_a_name_stays(tea):
    client = visitor()
    send(client, event("dwell", item=tea[0], seconds=5, id="d1"))

    again = send(client, event("dwell", item=tea[0], seconds=500, id="d1"))

    assert told(again) == "d"
    assert Event.objects.get().value == 5
    assert counters.counts()["event_mismatch"] == 1


@pytest.mark.parametrize("depth", [10, 200, 900, 1_500, 30_000])
@pytest.mark.parametrize("part", ["[", '{"a":'])
def test_threat_15_however_deep_it_is_nested_it_is_a_bad_request(depth, part):
    whole = (b'{"events": [' + part.encode() * depth)[:65_000]

    for body in (whole, b'{"events": [' + b"[" * depth + b"]" * depth + b"]}"):
        assert post(visitor(), body).status_code == 400


def test_threat_16_too_many_events_are_refused_at_once():
    whole = b'{"events": [' + b"{}," * 12_000 + b"{}]}"
    few_too_many = b'{"events": [' + b"{}," * 50 + b"{}]}"

    assert post(visitor(), whole).status_code == 413
    assert post(visitor(), few_too_many).status_code == 413
    # Without its end it is no JSON, which nobody notices who does not begin to read.
    assert post(visitor(), whole[:-2]).status_code == 413


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"id": "x" * 256},
        {"type": "<script>" * 30},
        {"type": "view", "item": "jane@example.com"},
        ["x"] * 60,
    ],
)
def test_threat_17_the_reply_to_a_bad_message_is_short(bad):
    response = send(visitor(), *[bad] * 50)

    assert told(response) == "r" * 50
    assert len(response.content) < 2_048
    assert b"example" not in response.content and b"script" not in response.content


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 4_000, "-" + "9" * 400]
)
def test_threat_18_numbers_that_are_none_are_a_bad_request(tea, number):
    body = b'{"events": [{"id": "a", "type": "dwell", "item": "%s", "seconds": %s}]}' % (
        tea[0].encode(),
        number.encode(),
    )

    assert post(visitor(), body).status_code == 400
    assert not Event.objects.exists()


def test_threat_20_a_user_agent_of_a_hundred_kilobytes_costs_nothing():
    is_robot("Mozilla/5.0")  # its list is loaded once, when the server starts

    def seconds(work: Callable[[str], Any], length: int) -> float:
        # Another one each time, because verdicts are remembered.
        times = []
        for n in range(20):
            agent = f"Mozilla/5.{n} {length} " + "(" * length
            began = time.perf_counter()
            work(agent)
            times.append(time.perf_counter() - began)
        return min(times)

    assert seconds(clients.device_named, 100_000) < 0.001
    assert seconds(is_robot, 100_000) < 3 * seconds(is_robot, 500)
    long = "Mozilla/5.0 " + "(" * 100_000
    assert send(visitor(**{"User-Agent": long}), event("search", words="tea")).status_code == 200


def test_threat_21_random_items_types_and_fields_leave_no_row_and_no_new_count(settings):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 10**6, "VISITOR_EVENTS": 10**6}
    client = visitor()
    before: set[str] = set()
    for turn in range(6):
        events = [event("view", item=f"shop.product:{10**6 + turn * 50 + n}") for n in range(48)]
        send(
            client,
            *events,
            event(f"t{turn}", item="x"),
            event("view", item="x", **{f"f{turn}": 1}),
        )
        names = set(counters.counts())
        assert turn == 0 or names == before
        before = names

    assert not Event.objects.exists() and not ServedSlate.objects.exists()
    assert before >= {"event_item", "event_type", "event_field"}


def test_threat_21_unknown_items_cost_one_query_however_many(django_assert_num_queries):
    client = visitor()
    send(client, event("view", item="shop.product:1"))

    with django_assert_num_queries(1):
        send(client, *[event("view", item=f"shop.product:{n}") for n in range(50)])


def test_threat_22_a_forged_header_of_proxies_is_the_same_network(settings, tea):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1}

    codes = [
        send(
            visitor(f"sybil {n}", **{"X-Forwarded-For": f"198.51.{n}.7, 203.0.{n}.9"}),
            event("view", item=tea[0]),
        ).status_code
        for n in range(12)
    ]

    assert codes == [200] * 10 + [202] * 2
    assert counters.counts()["network_unknown"] == 2


@pytest.mark.parametrize("proxies", [0, 1])
def test_threat_22_a_thousand_forged_headers_are_one_network(settings, tea, proxies):
    settings.PERSONA = {
        **settings.PERSONA, "VISITOR_REQUESTS": 5, "TRUSTED_PROXIES": proxies,
    }  # fmt: skip
    real = ", 203.0.113.7" if proxies else ""

    with time_machine.travel(time.time(), tick=False):
        codes = Counter(
            post(
                visitor(**{"X-Forwarded-For": f"198.{n // 256}.{n % 256}.7{real}"}), "{"
            ).status_code
            for n in range(1_000)
        )

    assert codes == {400: 50, 202: 950}


def test_threat_22_addresses_of_one_household_are_one_network(settings, tea):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1, "TRUSTED_PROXIES": 1}

    codes = [
        send(
            visitor(f"sybil {n}", **{"X-Forwarded-For": f"9.9.9.9, 2001:db8:1:2::{n:x}"}),
            event("view", item=tea[0]),
        ).status_code
        for n in range(11)
    ]

    assert codes == [200] * 10 + [202]


def test_what_is_over_a_limit_is_told_as_the_shop_wants_it(settings, tea):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1}
    client = visitor()
    send(client, event("view", item=tea[0]))

    quiet = send(client, event("save", item=tea[0]))
    settings.PERSONA = {**settings.PERSONA, "REFUSE_EXCESS": True}
    loud = send(client, event("save", item=tea[0]))

    assert (quiet.status_code, loud.status_code) == (202, 429)
    assert quiet.json()["result"] == loud.json()["result"] == "r"
    assert quiet.json()["counts"]["throttled"] == 1
    assert 1 <= int(loud["Retry-After"]) <= 60
    assert Event.objects.count() == 1
    assert counters.counts()["event_throttled"] == 2


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_over_the_limit_of_its_network_a_message_is_not_even_read(settings):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1}
    for number in range(10):
        post(visitor(f"sybil {number}"), b"no JSON")

    quiet = post(visitor(), b"no JSON")
    settings.PERSONA = {**settings.PERSONA, "REFUSE_EXCESS": True}
    loud = post(visitor(), b"no JSON")

    assert (quiet.status_code, loud.status_code) == (202, 429)
    assert quiet.json()["unread"] is loud.json()["unread"] is True
    assert quiet.json()["result"] == ""
    assert 1 <= int(loud["Retry-After"]) <= 60
    assert counters.counts()["throttled_network"] == 2


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
def test_whether_anything_may_be_reported_may_not_be_asked_without_end_either(settings):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1, "REFUSE_EXCESS": True}

    codes = [visitor().get(EVENTS).status_code for _ in range(11)]

    assert codes == [200] * 10 + [429]
    assert send(visitor(), event("view", item="x")).status_code == 200


@time_machine.travel("2026-03-01T12:00:10Z", tick=False)
@pytest.mark.parametrize("refuses", [False, True])
def test_who_asks_too_often_is_told_in_the_same_shape_that_nothing_may_be_reported(
    settings, refuses
):
    settings.PERSONA = {**settings.PERSONA, "VISITOR_REQUESTS": 1, "REFUSE_EXCESS": refuses}
    for _ in range(10):
        visitor().get(EVENTS)

    told = visitor().get(EVENTS)

    assert told.status_code == (429 if refuses else 202)
    assert told.has_header("Retry-After") is refuses
    assert told.json() == {"allowed": False, "purposes": [], "unread": True}


@pytest.mark.parametrize("name", ["next", "url", "redirect", "to", "continue", "return"])
@pytest.mark.parametrize(
    "target", ["//evil.example", "https:evil", "\\\\evil", "javascript:alert(1)", "/\r\nX: y"]
)
def test_threat_36_no_parameter_leads_anybody_anywhere(tea, name, target):
    (token,) = slate("similar-items", tea[1])

    asked = visitor().get("/persona/api/v1/events/", {name: target, "token": token})
    told_so = send(visitor(), event("click", token=token, **{name: target}))

    for response in (asked, told_so):
        assert response.status_code == 200
        assert "Location" not in response
        assert b"evil" not in response.content
    assert reasons(told_so) == {"field": 1}


@pytest.mark.parametrize(
    "evil",
    ["' OR 1=1 --", "x'; DROP TABLE persona_event; --", "pk__gt", '"), (1', "%00", "%s", "{0}"],
)
def test_threat_38_whatever_stands_in_a_text_the_statements_are_the_same(tea, evil):
    def statements(text: str) -> list[str]:
        from django.db import connection

        client = visitor()
        named = event("view", item=tea[0], id=f"v {text}")
        with CaptureQueriesContext(connection) as queries:
            response = send(
                client,
                named,
                event("search", words=f"tea {text}"),
                event("filter", name=text, value=text),
            )
        assert told(response)[:2] == "aa"
        return [query["sql"].split("VALUES")[0] for query in queries.captured_queries][1:]

    statements("first")
    plain, odd = statements("plain"), statements(evil)

    kinds = [
        [sql.split("(")[0][:40] for sql in found if "SAVEPOINT" not in sql]
        for found in (plain, odd)
    ]
    assert kinds[0] == kinds[1]
    assert Event.objects.count() == 3


def test_threat_39_no_field_of_a_row_can_be_set_from_outside(tea):
    columns = {
        field.name
        for model in (Event, Intent, ServedSlate, Visitor)
        for field in model._meta.fields
    }
    allowed = {"id", "at", "value", "quantity", "seen", "name", "words", "low", "high", "results"}

    for column in sorted(columns - allowed):
        response = send(visitor(), event("view", item=tea[0], **{column: 7}))
        assert reasons(response) == {"field": 1}, column

    assert told(send(visitor(), event("view", item=tea[0]))) == "a"
    stored = Event.objects.get()
    assert (stored.kind, stored.store, stored.basis, stored.price, stored.order) == (
        Kind.VIEW, 1, 1, None, 0,
    )  # fmt: skip


@pytest.mark.parametrize("fault", ["bad", "refused", "database", "ours"])
def test_threat_42_no_log_holds_what_was_sent(tea, caplog, monkeypatch, fault):
    caplog.set_level(logging.DEBUG, logger="persona_django")
    secret = "jane@example.com\r\nFAKE LINE"
    body = message(event("search", words=secret, id=secret), event("view", item=secret))
    if fault == "bad":
        body = body[:-3]
    if fault in ("database", "ours"):
        from django.db import DataError

        def fails(*args, **options):
            raise DataError(f"bad value {secret}") if fault == "database" else ValueError(secret)

        monkeypatch.setattr("persona_django.tracking.intake.insert_new", fails)
        body = message(event("view", item=tea[0], id=secret))

    with caplog.at_level(logging.DEBUG):
        response = post(visitor(**{"User-Agent": "Mozilla/5.0\tjane@example.com"}), body)

    expected = {"bad": 400, "refused": 200, "database": 503, "ours": 503}
    assert response.status_code == expected[fault]
    for record in caplog.records:
        written = logging.Formatter("%(message)s").format(record)
        assert "jane" not in written and "FAKE" not in written and "\r" not in written
    assert "jane" not in response.content.decode()


def test_an_unknown_envelope_is_a_bad_request_that_says_what_may_stand_in_it():
    response = post(visitor(), json.dumps({"events": [], "weight": 9}).encode())

    assert response.status_code == 400
    assert "events" in response.json()["detail"]
    assert response["Cache-Control"] == "private, no-store"
    assert counters.counts()["events_unreadable"] == 1


@pytest.mark.parametrize("said", ["jane@example.com", "+49 171 123-4567", "4711 0815 4242"])
def test_what_looks_like_somebodys_address_or_number_is_kept_of_no_filter_and_no_order(said):
    response = send(
        visitor(),
        event("filter", name="colour", value=said),
        event("filter", name=said, value="red"),
        event("sort", value=said),
        event("filter", name="brand", value=f"Leaf {said}"),
    )

    assert told(response) == "rrra"
    assert list(Intent.objects.values_list("name", "words")) == [("brand", "leaf")]
