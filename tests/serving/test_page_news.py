"""The page that learns of something new costs no more than any other, and soon shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache

from persona_django.catalogue import state
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.merchandising.models import PairDecision
from persona_django.serving.recall import recall
from persona_django.serving.recommend import forget
from persona_django.tracking.models import Event
from tests import urls
from tests.browsing import browser
from tests.factories import (
    family_of,
    product,
    products,
    publish_neighbours,
    publish_popular,
    read_catalogue,
)
from tests.shop import views
from tests.shop.models import Order, OrderLine, Product

pytestmark = pytest.mark.django_db

AGREED = {
    **settings.PERSONA,
    "CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.FromCookie"},
}
MOST_OF_OURS = 2
OF_WHO_AGREED = MOST_OF_OURS + 1
"""What they said before is one more."""


class Statements:
    """What one page asked the databases: of ours and the shop's, before and after it went out."""

    now: Statements | None = None

    def __init__(self) -> None:
        self.ours: list[str] = []
        self.orders: list[str] = []
        self.products: list[str] = []
        self.afterwards: list[str] = []
        self.is_answered = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.is_answered:
            self.afterwards.append(sql)
        elif "persona_" in sql:
            self.ours.append(sql)
        elif "shop_orderline" in sql:
            self.orders.append(sql)
        elif "shop_product" in sql:
            self.products.append(sql)
        return execute(sql, params, many, context)


def watching(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The outermost middleware: whatever is asked once it has answered is after the response."""

    def watch(request: Any) -> Any:
        response = get_response(request)
        if Statements.now is not None:
            Statements.now.is_answered = True
        return response

    return watch


@contextmanager
def statements() -> Iterator[Statements]:
    Statements.now = found = Statements()
    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(found))
        try:
            yield found
        finally:
            Statements.now = None


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    chain = [f"{__name__}.watching", *settings.MIDDLEWARE]
    with override_settings(PERSONA=AGREED, MIDDLEWARE=chain, ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def shop() -> list[Product]:
    many = products(40)
    read_catalogue()
    learn(many)
    publish_popular(many)
    return many


def learn(many: list[Product], *, kinds: tuple[str, ...] = ("similar", "bought-together")) -> None:
    for kind in kinds:
        publish_neighbours(
            kind, {one: [(other, 0.9, 214) for other in many if other != one] for one in many[:6]}
        )


@never_cache
def private(request):
    """Cookies are only set where nobody may store the response."""
    return HttpResponse("<html></html>")


def greeting(request, pk):
    """A page that says in its head who is signed in, as most shops do."""
    text = "{{ request.user }}" + views.PAGE
    made = engines["django"].from_string(text)
    return HttpResponse(made.render({"product": Product.objects.get(pk=pk)}, request))


urlpatterns = [
    *urls.urlpatterns,
    path("private/", private),
    path("greeting/<int:pk>/", greeting),
]


def stranger(shop: list[Product]) -> Client:
    return Client()


def visitor(shop: list[Product]) -> Client:
    """Somebody who agreed, and whose browser brings our cookie along."""
    client = browser()
    client.cookies["cookie_consent"] = "accepted"
    client.get("/private/")
    assert len(client.cookies) == 2
    return client


def customer(shop: list[Product]) -> Client:
    """A visitor who is signed in and has bought."""
    client = visitor(shop)
    user, is_new = get_user_model().objects.get_or_create(username="ann")
    if is_new:
        order = Order.objects.create(user=user, created=timezone.now() - timedelta(days=40))
        for thing in shop[20:30]:
            OrderLine.objects.create(order=order, product=thing, price=1)
    client.force_login(user)
    return client


def nothing(shop: list[Product]) -> None:
    """A page as any other."""


def relations(shop: list[Product]) -> None:
    learn(shop[::-1])


def popularity(shop: list[Product]) -> None:
    publish_popular(shop[::-1])


def snapshot(shop: list[Product]) -> None:
    product("Tea of today")
    sync()
    build_snapshot()


def verdict(shop: list[Product]) -> None:
    PairDecision.objects.create(
        item_id=family_of(shop[0]), other_id=family_of(shop[1]), approved=False
    )
    state.bump("config")


def a_night(shop: list[Product]) -> None:
    for news in (verdict, snapshot, relations, popularity):
        news(shop)


NEWS = (nothing, relations, popularity, snapshot, verdict, a_night)
every_news = pytest.mark.parametrize("news", NEWS, ids=lambda news: news.__name__)
everybody = pytest.mark.parametrize(
    "who", [stranger, visitor, customer], ids=lambda who: who.__name__
)


def most_of(who) -> int:
    """Queries of ours on one page, before the response."""
    return MOST_OF_OURS if who is stranger else OF_WHO_AGREED


def warm(client: Client, shop: list[Product]) -> None:
    """A process that has served this page and its products before."""
    for thing in (*shop[:2], *shop[:2]):
        client.get(f"/product/{thing.pk}/")


def visit(client: Client, thing: Product) -> tuple[str, Statements]:
    with statements() as found:
        response = client.get(f"/product/{thing.pk}/")
    assert response.status_code == 200
    assert found.is_answered
    return response.content.decode(), found


@every_news
@everybody
def test_a_page_costs_two_queries_of_ours_whatever_is_new(shop, who, news):
    client = who(shop)
    warm(client, shop)
    news(shop)
    state.forget()

    for _ in range(6):
        html, found = visit(client, shop[0])
        assert html.count("<section") == 2 + (who is customer)
        assert len(found.ours) <= most_of(who), "\n".join(found.ours)
        assert len(found.products) == 1 + 1  # the first is the page's own


@every_news
@everybody
def test_a_page_that_a_process_never_served_costs_two_queries_of_ours(shop, who, news):
    client = who(shop)
    warm(client, shop)
    news(shop)
    state.forget()
    recall.forget()

    _, found = visit(client, shop[3])

    assert len(found.ours) <= most_of(who), "\n".join(found.ours)
    assert len(found.products) <= 1 + 1 + (who is customer), "\n".join(found.products)


def test_a_page_that_says_who_is_signed_in_reads_their_orders_along_the_first_time(shop):
    client = customer(shop)
    warm(client, shop)

    with statements() as found:
        html = client.get(f"/greeting/{shop[3].pk}/").content.decode()

    assert html.count("<section") == 3
    assert len(found.ours) <= OF_WHO_AGREED, "\n".join(found.ours)
    assert (len(found.orders), len(found.products)) == (1, 1 + 1)


def test_a_page_that_asked_nobody_who_they_are_may_still_be_stored_the_first_time(shop):
    client = customer(shop)
    text = "{% load persona %}{% persona_block 'similar-items' product %}"

    def public(request, pk):
        made = engines["django"].from_string(text)
        response = HttpResponse(made.render({"product": Product.objects.get(pk=pk)}, request))
        assert not request.session.accessed
        return response

    with urls_of(path("public/<int:pk>/", public)):
        html = client.get(f"/public/{shop[3].pk}/").content.decode()

    assert html.count("<section") == 1


@contextmanager
def urls_of(*patterns):
    """The pages of the shop and some more."""
    with override_settings(ROOT_URLCONF=(*urlpatterns, *patterns)):
        yield


@everybody
def test_a_product_that_is_as_new_as_its_snapshot_costs_no_more(shop, who):
    client = who(shop)
    warm(client, shop)
    newest = product("Tea of today")
    sync()
    build_snapshot()
    publish_neighbours("similar", {newest: [(shop[7], 0.9, 214)]})
    state.forget()

    pages = [visit(client, newest) for _ in range(3)]

    assert max(len(found.ours) for _, found in pages) <= most_of(who)
    assert f'href="/product/{shop[7].pk}/"' in pages[-1][0]


def test_what_is_new_is_shown_within_a_few_pages(shop):
    client = Client()
    warm(client, shop)
    a_night(shop)
    newest = Product.objects.get(name="Tea of today")
    state.forget()

    for _ in range(4):
        html, _ = visit(client, shop[0])
        assert f'href="/product/{shop[1].pk}/"' not in html  # hidden at once
    # Nothing was learnt about this one, so its page falls back to what is popular now.
    html, _ = visit(client, newest)

    assert f'href="/product/{shop[39].pk}/"' in html


def test_a_view_is_written_after_the_page_has_gone_out(shop):
    client = visitor(shop)
    before = Event.objects.count()

    _, found = visit(client, shop[0])

    assert Event.objects.count() == before + 1
    assert any("persona_event" in sql for sql in found.afterwards)


@override_settings(PERSONA={**AGREED, "STATE_MAX_AGE": timedelta(0)})
def test_a_state_that_never_keeps_costs_a_page_two_queries_of_ours(shop):
    client = Client()
    warm(client, shop)

    _, found = visit(client, shop[0])

    assert len(found.ours) <= MOST_OF_OURS, "\n".join(found.ours)


def test_a_process_that_begins_shows_the_page_at_once(shop):
    forget()
    state.forget()

    html, found = visit(Client(), shop[0])

    assert html.count("<section") == 2
    assert len(found.products) == 1 + 1
