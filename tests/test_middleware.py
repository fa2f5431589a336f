"""The middleware around a shop: without consent, beside caches, async, and when things fail."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.exceptions import MiddlewareNotUsed
from django.db import connection
from django.http import (
    HttpRequest,
    HttpResponse,
)
from django.test import RequestFactory, override_settings

from persona_django import counters
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.shoppers import resolve
from persona_django.middleware import PersonaMiddleware
from persona_django.tracking import bots, pages
from persona_django.tracking.ingest import viewed
from persona_django.tracking.models import Event
from persona_django.tracking.shop_calls import track
from tests.browsing import (
    ACCEPT_ALL,
    BROWSER,
    FROM_COOKIE,
    agreeing,
    ask_for_consent,
    browser,
    finish,
    open_shop,
    visitor_of,
    visits,
)
from tests.shop.models import Product
from tests.tracking.catalogue import item_of, product, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)


@pytest.fixture
def asked(settings: Any) -> None:
    ask_for_consent(settings)


@pytest.mark.parametrize("policy", [{}, FROM_COOKIE, {"CONSENT_POLICY": {"BACKEND": "no.such"}}])
def test_a_journey_without_consent_leaves_no_cookie_no_vary_and_no_row(settings, policy):
    settings.PERSONA = {**settings.PERSONA, **policy}
    tea, _ = stocked()
    user = get_user_model().objects.create(username="anna")
    client = browser()

    for address in (f"/shown/{tea.pk}/", "/plain/", f"/detail/{tea.pk}/", f"/in/{user.pk}/"):
        client.get(address)
    page = client.get(f"/shown/{tea.pk}/")
    outsider = browser().get(f"/shown/{tea.pk}/")

    assert "persona" not in client.cookies
    assert not page.cookies
    assert not outsider.has_header("Vary")
    assert not outsider.has_header("Cache-Control")
    assert not Event.objects.exists()
    assert not Visitor.objects.exists()


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_browser_that_objects_is_not_recognised_in_spite_of_the_banner(asked, header):
    tea, _ = stocked()

    page = agreeing(**{header: "1"}).get(f"/shown/{tea.pk}/")

    assert "persona" not in page.cookies
    assert not Event.objects.exists()


def test_a_policy_that_raises_refuses_and_keeps_the_cookie_it_may_not_read(settings, asked):
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {"BACKEND": "no.such.Policy"}}

    page = client.get(f"/shown/{tea.pk}/")

    assert page.status_code == 200
    assert not page.cookies
    assert counters.counts()["consent_policy"] > 0
    assert Event.objects.count() == 1


CACHED = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "persona_django.middleware.PersonaMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]
CACHED_INSIDE = [CACHED[1], CACHED[2], CACHED[3], CACHED[0], CACHED[4]]
CACHED_OUTSIDE = [CACHED[0], CACHED[4], CACHED[1], CACHED[2], CACHED[3]]


@pytest.mark.parametrize("order", [CACHED, CACHED_INSIDE, CACHED_OUTSIDE])
def test_a_per_site_cache_replays_no_view_and_breaks_no_page(settings, asked, order):
    settings.MIDDLEWARE = order
    tea, _ = stocked()
    first, second = agreeing(), agreeing()
    first.get(f"/never/{tea.pk}/")
    second.get(f"/never/{tea.pk}/")
    Event.objects.all().delete()

    pages_seen = [client.get(f"/shown/{tea.pk}/") for client in (first, first, second, browser())]

    assert {page.content for page in pages_seen} == {b"<html>page</html>"}
    assert {page.status_code for page in pages_seen} == {200}
    assert not any(page.cookies for page in pages_seen)
    # Only a page that was really made tells its view; the script speaks for cached ones.
    shoppers = list(Event.objects.values_list("shopper", flat=True))
    assert len(shoppers) == len(set(shoppers)) <= 2
    assert visitor_of(first) in shoppers


@pytest.mark.parametrize("order", [CACHED, CACHED_INSIDE, CACHED_OUTSIDE])
def test_a_per_site_cache_works_the_same_under_asgi(settings, asked, order):
    settings.MIDDLEWARE = order
    tea, _ = stocked()

    seen = async_to_sync(visits)(f"/never/{tea.pk}/", *[f"/shown/{tea.pk}/"] * 3)

    assert {page.status for page in seen} == {200}
    assert {page.body for page in seen} == {b"<html>page</html>"}
    assert Event.objects.count() == 2


def test_a_cached_view_is_stored_without_our_cookie(asked):
    tea, _ = stocked()

    pages_seen = [agreeing().get(f"/cached/{tea.pk}/") for _ in range(2)]

    assert not any(page.cookies for page in pages_seen)


def test_a_response_with_our_closer_is_pickled_into_one_that_writes_nothing(asked):
    tea, _ = stocked()
    request = RequestFactory().get("/", headers={"User-Agent": BROWSER})
    request.COOKIES["banner"] = "yes"
    viewed(request, tea)
    response = HttpResponse("<html></html>")
    pages.settle(request, response)

    replayed = pickle.loads(pickle.dumps(response))
    finish(replayed)

    assert replayed.content == b"<html></html>"
    assert not Event.objects.exists()
    finish(response)
    assert Event.objects.count() == 1


def test_an_async_page_is_tracked_and_the_middleware_needs_no_thread(asked, caplog):
    tea, item = stocked()
    caplog.set_level(logging.DEBUG, "django.request")

    first, page = async_to_sync(visits)(*[f"/async/{tea.pk}/"] * 2)

    visitor = Event.objects.first().shopper
    assert "persona" in first.cookies
    assert page.body == f"<html>{visitor}</html>".encode()
    assert list(Event.objects.values_list("item_id", flat=True)) == [item, item]
    assert not [line for line in caplog.messages if "PersonaMiddleware" in line]


def test_an_async_stream_is_written_down_after_its_last_byte(asked):
    tea, item = stocked()

    _, page = async_to_sync(visits)("/plain/", f"/streaming/{tea.pk}/")

    assert page.body == b"<html></html>"
    assert Event.objects.get().item_id == item


def test_someone_who_signs_in_on_an_async_page_gets_another_pseudonym(asked):
    anna = get_user_model().objects.create(username="anna")

    plain_page, signed_in, signed_out, greeted = async_to_sync(visits)(
        "/plain/", f"/ain/{anna.pk}/", "/aout/", "/agreets/"
    )

    pseudonyms = {
        page.cookies["persona"].value.split(".")[0] for page in (plain_page, signed_in, signed_out)
    }
    assert len(pseudonyms) == 3
    assert "persona" not in greeted.cookies
    assert Visitor.objects.filter(account=keyed("customer", str(anna.pk))).count() == 2


def test_the_middleware_awaits_an_async_shop_and_calls_a_sync_one():
    async def later(request: HttpRequest) -> HttpResponse:
        return HttpResponse("later")

    request = RequestFactory().get("/")

    assert PersonaMiddleware(lambda request: HttpResponse("now"))(request).content == b"now"
    assert asyncio.run(PersonaMiddleware(later)(request)).content == b"later"


def test_a_missing_table_leaves_the_page_whole_and_says_to_migrate(asked, caplog, lose_table):
    tea, _ = stocked()
    client = agreeing()
    lose_table(Event)

    page = client.get(f"/shown/{tea.pk}/")

    assert page.content == b"<html>page</html>"
    assert counters.counts()["view_unwritten"] == 1
    assert "manage.py migrate" in caplog.text
    # The connection is as usable as before.
    assert Product.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_our_failure_never_spoils_the_shops_own_transaction(asked, lose_table):
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    lose_table(Event)
    try:
        page = agreeing().get("/orders/")
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False

    assert page.status_code == 200
    assert Product.objects.get().name == "kept"


@pytest.mark.django_db(transaction=True)
def test_a_tracked_event_that_fails_inside_the_shops_transaction_leaves_it_whole(
    settings, lose_table
):
    from django.db import transaction

    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}
    tea, _ = stocked()
    client = browser()
    client.get("/plain/")
    request = RequestFactory().get("/")
    request.COOKIES["persona"] = client.cookies["persona"].value
    lose_table(Event)

    with transaction.atomic():
        track(request, "cart_add", tea)
        product("kept")

    assert counters.counts()["event_unwritten"] == 1
    assert Product.objects.filter(name="kept").exists()


def test_a_fault_of_ours_before_the_response_is_counted_and_the_page_goes_out(asked, monkeypatch):
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(pages.visitors, "recognise", broken)

    page = agreeing().get("/plain/")

    assert page.content == b"<html>plain</html>"
    assert counters.counts()["page_unsettled"] == 1


def test_a_log_that_cannot_be_written_does_not_break_the_page(asked):
    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise OSError("disk full")

    handler = Broken()
    logging.getLogger("persona_django").addHandler(handler)
    try:
        page = agreeing().get("/confused/")
    finally:
        logging.getLogger("persona_django").removeHandler(handler)

    assert page.status_code == 200


def test_a_shop_without_sessions_and_users_is_tracked_all_the_same(settings, asked):
    settings.MIDDLEWARE = ["persona_django.middleware.PersonaMiddleware"]
    tea, item = stocked()
    client = agreeing()

    client.get(f"/shown/{tea.pk}/")

    assert Event.objects.get().item_id == item
    assert resolve(RequestFactory().get("/")).user is None


def test_a_rotated_secret_keeps_old_cookies_readable_and_breaks_no_page(settings, asked):
    client = agreeing()
    client.get("/plain/")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-next-one-0123456789abcdefghijklmnopqrstuvwxyz"

    kept = client.get("/plain/")
    settings.SECRET_KEY_FALLBACKS = []
    renewed = client.get("/plain/")

    assert not kept.cookies
    assert "persona" in renewed.cookies


@override_settings(PERSONA={"ENABLED": False})
def test_switched_off_it_is_not_used_at_all():
    with pytest.raises(MiddlewareNotUsed):
        PersonaMiddleware(lambda request: HttpResponse())


def test_a_pseudonym_has_128_random_bits_and_never_stands_in_a_page(asked):
    tea, _ = stocked()
    client = agreeing()

    page = client.get(f"/shown/{tea.pk}/")

    pseudonyms = {VisitorCookie.fresh().pseudonym for _ in range(100)}
    assert len(pseudonyms) == 100 and {len(bytes.fromhex(each)) for each in pseudonyms} == {16}
    assert client.cookies["persona"].value.split(".")[0] not in page.content.decode()
    assert item_of(product("Mug"))


def test_the_first_visitor_does_not_wait_for_the_list_of_robots(asked):
    bots._is_crawler.cache_clear()

    PersonaMiddleware(lambda request: HttpResponse())

    assert bots._is_crawler.cache_info().currsize == 1


def test_a_shop_that_recognises_nobody_never_loads_the_list_of_robots():
    bots._is_crawler.cache_clear()

    PersonaMiddleware(lambda request: HttpResponse())

    assert bots._is_crawler.cache_info().currsize == 0


def test_a_shop_with_a_broken_policy_starts(settings):
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {"BACKEND": "no.such.Policy"}}

    PersonaMiddleware(lambda request: HttpResponse())

    assert counters.counts()["consent_policy"] == 1


def test_a_page_of_ones_own_orders_is_stored_by_nobody(settings):
    request = RequestFactory().get("/")
    request.__dict__[pages.PERSONAL] = True
    response = HttpResponse("<html></html>")

    pages.settle(request, response)

    assert "no-store" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]
