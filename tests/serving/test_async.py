"""Async views: prepared beforehand, blocks show; unprepared, they never wait for the database."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.template import engines
from django.test import RequestFactory, override_settings
from rest_framework.request import Request

from persona_django import counters
from persona_django.serving.recommend import arecommend, prepare, recommend
from tests.factories import product, products, publish_neighbours, read_catalogue
from tests.shop.models import Product

pytestmark = pytest.mark.django_db
PAGE = """{% load persona %}{% persona_block "similar-items" product size=2 %}
{% persona_block "bought-together" product %}{% persona_block "reorder" %}"""


@pytest.fixture
def shop():
    many = products(20)
    read_catalogue()
    for kind in ("similar", "bought-together"):
        publish_neighbours(kind, {many[0]: [(other, 0.9, 40) for other in many[1:]]})
    return many


def request_of(user=None):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return request


def rendered(request, thing) -> str:
    return str(engines["django"].from_string(PAGE).render({"product": thing}, request))


def test_prepared_blocks_render_on_the_event_loop_without_a_query(shop):
    request = request_of()

    async def view() -> str:
        await prepare(request, "similar-items", "bought-together", "reorder", seeds=shop[0])
        # Django refuses any query from here on with SynchronousOnlyOperation.
        return rendered(request, shop[0])

    html = async_to_sync(view)()

    assert html.count("<section") == 2
    assert html.count("<li") == 2 + 6
    assert max(html.count(f'href="/product/{one.pk}/"') for one in shop) == 1


def test_an_unprepared_block_shows_nothing_and_says_how_to_prepare_it(shop, caplog):
    async def view() -> str:
        return rendered(request_of(), shop[0])

    html = asyncio.run(view())

    assert "<section" not in html
    assert "await persona_django.prepare(" in caplog.text
    assert counters.counts()["not_prepared"] == 3


def test_the_blocking_door_in_async_code_names_the_other_one(shop):
    async def code():
        return recommend(None, "similar-items", seeds=shop[0])

    assert "arecommend" in asyncio.run(code()).why_empty


def test_preparing_an_unknown_block_or_product_says_so_in_the_block_s_place(shop):
    request = request_of()

    async def view():
        await prepare(request, "no-such-block", "similar-items", seeds=object())
        return [recommend(request, slug) for slug in ("no-such-block", "similar-items")]

    unknown, unseeded = async_to_sync(view)()

    assert "There is no block" in unknown.why_empty or "no product" in unknown.why_empty
    assert "no product" in unseeded.why_empty


@pytest.mark.parametrize("served_before", [True, False])
def test_an_unknown_block_among_the_prepared_ones_leaves_the_others_alone(shop, served_before):
    request = request_of()
    if served_before:
        recommend(None, "similar-items", seeds=shop[0])

    async def view():
        await prepare(request, "no-such-block", "similar-items", seeds=shop[0])
        return recommend(request, "no-such-block"), recommend(request, "similar-items")

    unknown, similar = async_to_sync(view)()

    assert "There is no block" in unknown.why_empty
    assert len(similar) == 6


def test_each_tag_is_given_what_was_prepared_for_its_own_seeds(shop):
    request = request_of()

    async def view():
        await prepare(request, "similar-items", seeds=shop[0], size=2)
        await prepare(request, "similar-items", seeds=shop[1], size=3)
        return [
            recommend(request, "similar-items", seeds=seeds) for seeds in (shop[1], shop[2], ())
        ]

    of_second, of_third, of_any = async_to_sync(view)()

    assert len(of_second) == 3
    assert "await persona_django.prepare(" in of_third.why_empty
    assert len(of_any) == 2


def test_a_list_of_seeds_that_cannot_be_read_costs_the_blocks_and_not_the_view(shop):
    request = request_of()

    def broken():
        yield shop[0]
        raise DatabaseError("away")

    async def view():
        await prepare(request, "similar-items", seeds=broken())
        return recommend(request, "similar-items")

    assert "away" in async_to_sync(view)().why_empty


def test_a_queryset_nobody_prepared_is_not_read_on_the_event_loop(shop):
    async def view():
        return recommend(request_of(), "similar-items", seeds=Product.objects.all())

    assert "await persona_django.prepare(" in async_to_sync(view)().why_empty


def test_what_was_prepared_for_a_request_of_rest_framework_is_found_again(shop):
    request = request_of()

    async def view():
        await prepare(Request(request), "similar-items", seeds=shop[0])
        return recommend(request, "similar-items", seeds=shop[0])

    assert len(async_to_sync(view)()) == 6


@override_settings(PERSONA={"ENABLED": False})
def test_switched_off_there_is_nothing_to_prepare(shop, django_assert_num_queries):
    async def view():
        await prepare(request_of(), "similar-items", seeds=shop[0])

    with django_assert_num_queries(0):
        async_to_sync(view)()


def test_requests_that_run_side_by_side_each_show_their_own(shop):
    """Threat 27: nothing of one request is kept where another one finds it."""
    ann, bob = (get_user_model().objects.create_user(name) for name in ("ann", "bob"))

    async def ask(user, seed):
        slate = await arecommend(request_of(user), "similar-items", seeds=seed, size=3)
        return [slot.product for slot in slate]

    async def crowd():
        return await asyncio.gather(*(ask((ann, bob)[n % 2], shop[n % 5]) for n in range(40)))

    for n, shown in enumerate(async_to_sync(crowd)()):
        assert shop[n % 5] not in shown
        assert len(shown) == 3


def test_a_product_of_its_own_per_request_is_what_the_page_shows():
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 40)], mug: [(tea, 0.9, 40)]})

    async def both():
        return await asyncio.gather(
            arecommend(request_of(), "similar-items", seeds=tea),
            arecommend(request_of(), "similar-items", seeds=mug),
        )

    first, second = async_to_sync(both)()

    assert (first.slots[0].product, second.slots[0].product) == (mug, tea)
