"""Views of pages, as a browser and the event log see them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connections, router
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from persona_django import counters
from persona_django.catalogue.models import Item
from persona_django.identity.models import Visitor
from persona_django.tracking.clients import local_time
from persona_django.tracking.context import Context, Device, Entry, Sender
from persona_django.tracking.ingest import name_item, viewed
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.browsing import (
    agreeing,
    ask_for_consent,
    finish,
    open_shop,
    visitor_of,
)
from tests.tracking.catalogue import product, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)


@pytest.fixture
def asked(settings: Any) -> None:
    ask_for_consent(settings)


def test_the_first_page_after_consent_brings_a_signed_cookie_and_one_view(asked):
    tea, item = stocked()
    client = agreeing()

    page = client.get(f"/shown/{tea.pk}/")

    cookie = page.cookies["persona"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
    assert not cookie["secure"] and not cookie["domain"]
    assert cookie["max-age"] == 390 * 86_400
    assert "private" in page["Cache-Control"] and "no-store" in page["Cache-Control"]
    assert "Cookie" in page["Vary"]
    view = Event.objects.get()
    assert (view.kind, view.item_id, view.basis) == (Kind.VIEW, item, 1)
    assert view.shopper == visitor_of(client)
    assert Visitor.objects.get().key == view.shopper


def test_later_pages_of_the_same_visitor_change_nothing_in_the_response(asked):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")

    page = client.get(f"/shown/{tea.pk}/")

    assert not page.cookies
    assert not page.has_header("Vary")
    assert not page.has_header("Cache-Control")
    assert Event.objects.values("shopper").distinct().count() == 1
    assert Event.objects.count() == 2


def test_on_https_the_cookie_is_secure_and_bound_to_the_host(asked):
    client = agreeing()

    page = client.get("/plain/", secure=True)
    again = client.get("/plain/", secure=True)

    assert page.cookies["__Host-persona"]["secure"]
    assert not again.cookies


@pytest.mark.django_db(transaction=True)
def test_a_known_visitor_costs_no_query_before_the_response_and_one_write_after(asked):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    client.get(f"/shown/{tea.pk}/")

    with CaptureQueriesContext(connections[router.db_for_write(Visitor)]) as asked_for:
        client.get(f"/shown/{tea.pk}/")

    ours = [query["sql"] for query in asked_for if "persona_" in query["sql"]]
    assert sum(sql.upper().startswith("INSERT") for sql in ours) == 1
    assert not [sql for sql in ours if "persona_visitor" in sql]


@pytest.mark.parametrize("value", ["public", "max-age=60", "public_max-age=0", "s-maxage=5"])
def test_a_page_that_may_be_stored_by_others_never_carries_the_cookie(asked, value):
    page = agreeing().get(f"/cache/{value}/")

    assert not page.cookies
    assert not page.has_header("Vary")
    assert page["Cache-Control"] == value.replace("_", ", ")


@pytest.mark.parametrize("value", ["private", "no-store", "private_max-age=60", "no-cache"])
def test_a_page_that_nobody_else_stores_carries_it_and_keeps_what_it_declared(asked, value):
    page = agreeing().get(f"/cache/{value}/")

    assert "persona" in page.cookies
    assert set(value.split("_")) <= set(page["Cache-Control"].split(", "))
    assert page["Vary"] == "Cookie"


@pytest.mark.parametrize("address", ["/same/", "/file/", "/expiring/", "/json/"])
def test_a_response_that_is_no_plain_page_never_carries_the_cookie(asked, address):
    page = agreeing().get(address)
    list(page) if page.streaming else None

    assert not page.cookies


@pytest.mark.parametrize("method", ["head", "post", "options"])
def test_only_a_get_is_a_view(asked, method):
    tea, _ = stocked()

    getattr(agreeing(), method)(f"/shown/{tea.pk}/")

    assert not Event.objects.exists()


def test_an_ignored_path_is_left_alone_even_with_consent(asked):
    tea, _ = stocked()

    page = agreeing().get(f"/static/{tea.pk}/")

    assert not page.cookies
    assert not Event.objects.exists()


def test_a_page_that_failed_is_no_view(asked):
    tea, _ = stocked()

    agreeing().get(f"/missing/{tea.pk}/")

    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "empty"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Purpose": "prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
        # As a script of the shop's asks that says it is a page.
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "cors"},
        {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        {"User-Agent": "python-requests/2.32"},
        {"User-Agent": ""},
    ],
)
def test_frames_prefetches_and_robots_are_neither_views_nor_visitors(asked, headers):
    tea, _ = stocked()

    page = agreeing(**headers).get(f"/shown/{tea.pk}/")

    assert not page.cookies
    assert not Event.objects.exists()


LINK = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
CHROMIUM = {"Sec-CH-UA": '"Chromium";v="140"', "User-Agent": "Mozilla/5.0 (X11) Chrome/140"}
SAFARI = {"User-Agent": "Mozilla/5.0 (Macintosh) Version/18.0 Safari/605.1.15"}


@pytest.mark.parametrize(
    "headers",
    [
        LINK | {"Sec-Fetch-User": "?1"},
        LINK | CHROMIUM | {"Sec-Fetch-User": "?1"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"},
        {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
    ],
)
def test_a_page_that_somebody_chose_is_a_view_wherever_its_link_stood(asked, headers):
    tea, _ = stocked()

    agreeing(**headers).get(f"/shown/{tea.pk}/")

    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        LINK | {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"},
        LINK | {"Sec-Fetch-Dest": "iframe"},
        LINK | {"Sec-Fetch-Dest": "object"},
        LINK | {"Sec-Fetch-Dest": "embed"},
        LINK | {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
        # Browsers from before such headers, asked for a picture.
        {"Accept": "image/avif,image/webp,*/*;q=0.8"},
        {"Accept": "text/css"},
    ],
)
def test_another_site_makes_nobody_look_at_anything_by_embedding_it(asked, headers):
    tea, _ = stocked()

    page = agreeing(**headers).get(f"/shown/{tea.pk}/")

    assert page.status_code == 200
    assert not page.cookies
    assert not Event.objects.exists()


@pytest.mark.parametrize("client", [CHROMIUM, {}, SAFARI], ids=["chromium", "firefox", "safari"])
def test_a_window_that_another_sites_script_opened_is_no_view(asked, client):
    tea, _ = stocked()

    agreeing(**LINK, **client).get(f"/shown/{tea.pk}/")

    assert not Event.objects.exists()
    assert counters.counts()["view_cross_site"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_view_that_a_deadlock_gave_up_is_written_again(asked):
    tea, _ = stocked()
    client = agreeing()
    tries: list[str] = []

    def deadlock_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INSERT" in sql and "persona_event" in sql:
            tries.append(sql)
            if len(tries) == 1:
                raise OperationalError(1213, "Deadlock found when trying to get lock")
        return execute(sql, params, many, context)

    with connections[router.db_for_write(Event)].execute_wrapper(deadlock_first):
        client.get(f"/shown/{tea.pk}/")

    assert len(tries) == 2
    assert Event.objects.count() == 1
    assert counters.counts()["deadlock_retried"] == 1


def test_a_view_says_on_what_device_and_by_what_way_it_came(asked):
    tea, _ = stocked()
    phone = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148"}

    agreeing(Referer="https://duckduckgo.com/", **phone).get(f"/shown/{tea.pk}/")

    view = Event.objects.get()
    context = Context.unpacked(view.context)
    assert (context.sender, context.device, context.entry) == (
        Sender.PAGE,
        Device.PHONE,
        Entry.SEARCH,
    )
    assert (context.hour, context.weekday) == local_time(view.at)


def test_nothing_is_stored_of_looking_at_something_sensitive(asked):
    tea, item = stocked()
    Item.objects.filter(pk=item).update(sensitive=True)

    agreeing().get(f"/shown/{tea.pk}/")

    assert not Event.objects.exists()
    assert counters.counts()["event_sensitive"] == 1


@pytest.mark.parametrize("kind", ["detail", "rendered"])
def test_the_object_of_a_detail_page_is_its_item(asked, kind):
    tea, item = stocked()

    agreeing().get(f"/{kind}/{tea.pk}/")

    assert Event.objects.get().item_id == item


def test_a_stream_is_written_down_after_its_last_byte(asked):
    tea, item = stocked()
    client = agreeing()
    client.get("/plain/")

    page = client.get(f"/streamed/{tea.pk}/")
    body = b"".join(page.streaming_content)
    finish(page)

    assert body == b"<html></html>"
    assert Event.objects.get().item_id == item


def test_what_a_page_names_itself_goes_before_what_its_blocks_start_from():
    tea, mug = product(), product("Mug")
    request = RequestFactory().get("/")

    name_item(request, mug, explicit=False)
    name_item(request, tea, explicit=False)
    seeded = request.__dict__["_persona_item"]
    viewed(request, tea)
    viewed(request, mug)

    assert seeded == (False, "shop.product", str(mug.pk))
    assert request.__dict__["_persona_item"] == (True, "shop.product", str(tea.pk))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("/confused/", "view_of_no_item"),
        ("/unregistered/", "view_of_unregistered_model"),
        ("/orders/", "view_of_unknown_item"),
    ],
)
def test_a_page_that_names_nothing_we_know_is_whole_and_the_log_says_what_to_do(
    asked, caplog, address, reason
):
    page = agreeing().get(address)

    assert page.content == b"<html>page</html>"
    assert counters.counts()[reason] == 1
    assert reason in caplog.text
    assert not Event.objects.exists()
