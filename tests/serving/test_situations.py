"""The time of day orders what is popular for everybody alike; nothing about the browser does."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path
from django.views.decorators.cache import cache_page

from persona_django.catalogue import state
from persona_django.serving.recommend import arecommend, recommend
from tests.factories import products, publish_popular, read_catalogue
from tests.shop.models import Product

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Mobile Safari/537.36"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FROM_SEARCH = "https://www.google.com/"


def popular(request):
    page = engines["django"].from_string("{% load persona %}{% persona_block 'popular' size=1 %}")
    return HttpResponse(page.render({}, request))


urlpatterns = [
    path("popular/", popular),
    path("kept/", cache_page(600)(popular)),
    path("product/<int:pk>/", popular, name="product"),
]


@pytest.fixture
def shop(settings) -> list[Product]:
    settings.ROOT_URLCONF = __name__
    cache.clear()
    made = products(3)
    read_catalogue()
    publish_popular(
        made,
        lift={"evening": {made[1]: 9}, "phone": {made[2]: 30}, "search": {made[2]: 30}},
    )
    yield made
    cache.clear()


def at(hour: int, minute: int = 30):
    return time_machine.travel(datetime(2030, 1, 1, hour, minute, tzinfo=timezone.utc))


def shown(address: str, **headers: str) -> str:
    for _ in range(4):
        state.forget()
        response = Client().get(address, headers=headers)
    return next(line for line in response.content.decode().splitlines() if "<a " in line)


@pytest.mark.parametrize(
    ("hour", "place"), [(3, 0), (9, 0), (12, 0), (17, 0), (18, 1), (23, 1), (0, 0)]
)
def test_what_is_wanted_in_the_evening_stands_first_in_the_evening(shop, hour, place):
    with at(hour):
        assert f">Tea {place}<" in shown("/popular/")


@override_settings(TIME_ZONE="Asia/Tokyo")
def test_the_evening_is_that_of_the_shop(shop):
    with at(11):  # eight in the evening in Tokyo
        assert ">Tea 1<" in shown("/popular/")


def test_nothing_about_the_browser_changes_a_page_that_a_cache_may_keep(shop):
    with at(12):
        pages = [
            shown("/popular/", user_agent=agent, referer=referer)
            for agent in (PHONE, DESKTOP)
            for referer in (FROM_SEARCH, "")
        ]
        response = Client().get("/popular/", headers={"user-agent": PHONE})

    assert all(">Tea 0<" in page for page in pages)
    assert "Vary" not in response and "Cache-Control" not in response


def test_a_page_that_a_cache_keeps_over_the_hour_is_followed_by_that_of_the_evening(shop):
    with at(17, 58) as clock:
        assert ">Tea 0<" in shown("/kept/")
        clock.shift(timedelta(minutes=4))
        assert ">Tea 0<" in shown("/kept/")
        clock.shift(timedelta(minutes=10))
        assert ">Tea 1<" in shown("/kept/")


@pytest.mark.parametrize("asked", [{"device": "phone"}, {"entry": "search"}])
def test_whoever_asks_may_say_on_what_or_from_where(shop, asked):
    with at(12):
        slate = recommend(None, "popular", size=1, **asked)

    assert [slot.product for slot in slate] == shop[2:]


def test_async_code_may_say_so_too(shop):
    slate = async_to_sync(arecommend)(None, "popular", size=1, device="phone", entry="search")

    assert [slot.product for slot in slate] == shop[2:]


@pytest.mark.parametrize("asked", [{"device": "fridge"}, {"entry": "window"}])
def test_what_is_no_device_and_no_way_in_leaves_the_block_empty_and_says_what_to_write(
    shop, asked
):
    slate = recommend(None, "popular", **asked)

    assert not slate
    assert "Leave it out, or write" in slate.why_empty


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("device=fridge", "fridge"),
        ("entry=window", "window"),
        ("device=phone&device=tablet", "Give one device."),
    ],
)
def test_over_rest_it_is_refused(client, shop, settings, query, says):
    settings.ROOT_URLCONF = "tests.urls"

    response = client.get(f"/persona/api/v1/blocks/popular/?{query}")

    assert response.status_code == 400
    assert says in response.content.decode()
