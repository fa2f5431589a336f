"""Who may report, by where it comes from: the shop's own pages, listed origins, and apps."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from persona_django import counters
from persona_django.api.origins import origin_of
from persona_django.tracking.models import Event
from tests.browsing import ask_for_consent
from tests.reporting import EVENTS, event, message, post, send, told, visitor
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db
LISTED = "https://app.example.com"


@pytest.fixture(autouse=True)
def _shop_that_asks(settings):
    ask_for_consent(settings)
    settings.PERSONA = {**settings.PERSONA, "EVENT_ORIGINS": [LISTED]}


@pytest.fixture
def view():
    return event("view", item=f"shop.product:{stocked()[0].pk}")


def is_trusted(method: str = "POST", **headers: str) -> bool:
    request = RequestFactory().generic(method, EVENTS, headers=headers)
    return origin_of(request).is_trusted


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://public.example"},
        {"Origin": "http://testserver"},
        {"Origin": "https://testserver"},
        {"Origin": LISTED, "Sec-Fetch-Site": "cross-site"},
        {"X-Persona-Visitor": "anything"},
    ],
)
def test_pages_of_the_shop_listed_origins_and_apps_may_report(headers):
    assert is_trusted(**headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "cross-site", "X-Persona-Visitor": "anything"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "X-Persona-Visitor": "anything"},
        {"Origin": "https://testserver.evil.example"},
        {"Origin": "https://evil.example?testserver"},
        {"Origin": "https://testserver:8443"},
        {"Origin": f"{LISTED}.evil.example"},
        {"Origin": "http://app.example.com"},
    ],
)
def test_threat_24_nobody_else_may(headers):
    assert not is_trusted(**headers)


def test_an_old_browser_does_not_say_where_its_question_comes_from():
    assert is_trusted("GET")
    assert is_trusted("GET", **{"Sec-Fetch-Site": "none"})
    assert not is_trusted("GET", **{"Sec-Fetch-Site": "cross-site"})


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/plain;x=y"])
@pytest.mark.parametrize(
    "foreign",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
    ],
)
def test_threat_24_a_beacon_of_another_site_stores_nothing_whatever_it_calls_itself(
    view, content_type, foreign
):
    response = post(visitor(**foreign), message(view), content_type)

    assert response.status_code == 403
    assert "Access-Control-Allow-Origin" not in response
    assert not response.cookies
    assert not Event.objects.exists()
    assert counters.counts()["events_cross_site"] == 1


def test_a_listed_origin_may_send_and_read_and_is_named(view):
    client = visitor(**{"Sec-Fetch-Site": "same-site", "Origin": LISTED})

    asked = client.options(EVENTS, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST")
    response = send(client, view)

    assert asked.status_code == 204 and not asked.content
    assert told(response) == "a"
    for answer in (asked, response, client.get(EVENTS)):
        assert answer["Access-Control-Allow-Origin"] == LISTED
        assert answer["Access-Control-Allow-Credentials"] == "true"
        assert "Origin" in answer["Vary"]
    assert "POST" in asked["Access-Control-Allow-Methods"]
    assert "X-Persona-Visitor" in asked["Access-Control-Allow-Headers"]


def test_a_listed_origin_is_given_no_cookie(view):
    client = visitor(**{"Sec-Fetch-Site": "same-site", "Origin": LISTED})
    del client.cookies["persona"]

    assert not send(client, view).cookies


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "*"])
def test_another_origin_is_told_nothing_even_when_it_asks_first(origin):
    client = visitor(**{"Sec-Fetch-Site": "cross-site", "Origin": origin})

    response = client.options(EVENTS, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST")

    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_no_answer_names_every_origin(view):
    for headers in ({}, {"Origin": LISTED}, {"Origin": "https://evil.example"}):
        client = visitor(**headers)
        for answer in (send(client, view), client.get(EVENTS), client.options(EVENTS)):
            assert answer.get("Access-Control-Allow-Origin") != "*"
