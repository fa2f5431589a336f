"""Threat 26: no cache of whole pages, wherever it stands, shows one shopper's page to another."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.http import HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import cache_page

from tests.factories import product, products, publish_neighbours, read_catalogue
from tests.shop.models import Order, OrderLine, Product

pytestmark = pytest.mark.django_db

OURS = "persona_django.middleware.PersonaMiddleware"
SITE = (
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
)


def template() -> Any:
    return engines["django"].from_string(
        "{% load persona %}{% persona_block 'reorder' %}"
        "{% persona_slots 'similar-items' seed as slate %}"
        "{% for slot in slate %}{{ slot.reason.exact }}{% endfor %}"
    )


def at_once(request):
    return HttpResponse(template().render({"seed": Product.objects.earliest("pk")}, request))


def rendered_later(request):
    return TemplateResponse(request, template(), {"seed": Product.objects.earliest("pk")})


urlpatterns = [
    path("plain/", at_once),
    path("later/", rendered_later),
    path("kept/", cache_page(60)(at_once)),
    path("kept-later/", cache_page(60)(rendered_later)),
    path("product/<int:pk>/", at_once, name="product"),
]


@pytest.fixture(params=[True, False], ids=["with our middleware", "without"])
def middleware(request) -> list[str]:
    return [one for one in settings.MIDDLEWARE if request.param or one != OURS]


@pytest.fixture
def ann(settings):
    settings.ROOT_URLCONF = __name__
    cache.clear()
    thing = product("Slippers")
    seed, *others = products(3)
    read_catalogue()
    publish_neighbours("similar", {thing: [(other, 0.9, 214) for other in others]})
    ann = get_user_model().objects.create_user("ann")
    order = Order.objects.create(user=ann, created=timezone.now() - timedelta(days=40))
    OrderLine.objects.create(order=order, product=seed, price=1)
    yield ann
    cache.clear()


@pytest.fixture(params=["/kept/", "/kept-later/", "site /plain/", "site /later/"])
def address(request, settings, middleware) -> str:
    settings.MIDDLEWARE = middleware
    if request.param.startswith("site"):
        settings.MIDDLEWARE = [SITE[0], *middleware, SITE[1]]
    return str(request.param.removeprefix("site "))


def shown(user, address: str) -> str:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(address).content.decode()


def test_no_cache_of_django_s_keeps_the_orders_of_one_shopper_for_another(ann, address):
    bob = get_user_model().objects.create_user("bob")

    assert "persona-block--reorder" in shown(ann, address)
    assert "persona-block--reorder" not in shown(bob, address)
    assert "persona-block--reorder" not in shown(None, address)


def test_no_cache_of_django_s_keeps_the_exact_figures_of_staff(ann, address):
    boss = get_user_model().objects.create_user("boss", is_staff=True)

    assert "214 of 3,050" in shown(boss, address)
    # Keys of products in attributes may hold these digits, too.
    assert "214" not in re.sub("<[^>]*>", "", shown(ann, address))
    assert "214" not in re.sub("<[^>]*>", "", shown(None, address))


def test_a_cache_before_the_shop_learns_that_others_are_shown_other_orders(ann, client):
    response = client.get("/plain/")

    assert "Cookie" in response["Vary"]
    assert "Cache-Control" not in response
