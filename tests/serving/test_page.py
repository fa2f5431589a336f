"""One page: what it costs, and that its blocks share what they read and repeat nothing."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from weakref import ref

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connections
from django.http import HttpResponse
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone

from persona_django import counters, viewed
from persona_django.blocks.registry import block_named
from persona_django.catalogue import state
from persona_django.middleware import PersonaMiddleware
from persona_django.serving.page import page_of
from persona_django.serving.recommend import recommend
from persona_django.tracking.ingest import named_item
from tests.factories import product, products, publish_neighbours, publish_popular, read_catalogue
from tests.shop.models import Gift, Order, OrderLine, Product

pytestmark = pytest.mark.django_db


class Statements:
    """What a page asked the databases, parted into ours and the shop's."""

    def __init__(self) -> None:
        self.ours: list[str] = []
        self.orders: list[str] = []
        self.products: list[str] = []
        self.others: list[str] = []


@contextmanager
def statements() -> Iterator[Statements]:
    found = Statements()
    with CaptureQueriesContext(connections["default"]) as first:
        others = [alias for alias in connections if alias != "default"]
        if others:
            with CaptureQueriesContext(connections[others[0]]) as second:
                yield found
        else:
            second = ()
            yield found
    for query in [*first, *second]:
        sql = query["sql"]
        if "persona_" in sql:
            found.ours.append(sql)
        elif "shop_orderline" in sql:
            found.orders.append(sql)
        elif "shop_product" in sql or "shop_gift" in sql:
            found.products.append(sql)
        else:
            found.others.append(sql)


@pytest.fixture
def shop() -> list[Product]:
    many = products(40)
    read_catalogue()
    for kind in ("similar", "bought-together"):
        publish_neighbours(
            kind, {one: [(other, 0.9, 214) for other in many if other != one] for one in many[:6]}
        )
    publish_popular(many)
    return many


@pytest.fixture
def ann(shop):
    user = get_user_model().objects.create_user("ann")
    order = Order.objects.create(user=user, created=timezone.now() - timedelta(days=40))
    for thing in shop[20:30]:
        OrderLine.objects.create(order=order, product=thing, price=1)
    return user


def visit(client: Client, thing: Product) -> tuple[str, Statements]:
    with statements() as found:
        response = client.get(f"/product/{thing.pk}/")
    assert response.status_code == 200
    return response.content.decode(), found


def warm(client: Client, thing: Product) -> None:
    """A process that has served this page and this product before."""
    for _ in range(2):
        visit(client, thing)


# The page's view itself asks for its product, so one of the shop's queries is its own.


def test_a_page_of_three_blocks_costs_one_query_of_products_while_all_is_fresh(client, shop):
    warm(client, shop[0])

    html, found = visit(client, shop[0])

    assert html.count("<section") == 2
    assert (len(found.ours), len(found.orders), len(found.products)) == (0, 0, 1 + 1)


def test_a_product_that_nobody_looked_at_yet_costs_one_query_of_ours(client, shop):
    warm(client, shop[0])

    _, found = visit(client, shop[1])

    assert (len(found.ours), len(found.products)) == (1, 1 + 1)


def test_a_process_whose_state_is_a_second_old_costs_one_query_of_ours(client, shop):
    warm(client, shop[0])
    state.forget()

    _, found = visit(client, shop[0])

    assert (len(found.ours), len(found.products)) == (1, 1 + 1)


@override_settings(PERSONA={"STATE_MAX_AGE": timedelta(0)})
def test_even_with_a_state_that_never_keeps_a_page_costs_two_queries_of_ours(client, shop):
    warm(client, shop[0])

    for thing in shop[:2]:
        _, found = visit(client, thing)

        assert (len(found.ours), len(found.products)) == (2, 1 + 1)


def test_a_signed_in_shopper_s_page_adds_one_query_of_their_own_orders(client, shop, ann):
    client.force_login(ann)
    warm(client, shop[0])
    state.forget()

    html, found = visit(client, shop[1])

    assert html.count("<section") == 3
    assert (len(found.ours), len(found.orders), len(found.products)) == (1, 1, 1 + 1)


def test_nothing_appears_twice_on_a_page(client, shop, ann):
    client.force_login(ann)

    for thing in shop[:3]:
        html, _ = visit(client, thing)
        shown = [f'href="/product/{one.pk}/"' for one in shop]
        assert max(html.count(link) for link in shown) == 1
        assert html.count(f'href="/product/{thing.pk}/"') == 0


def test_what_vanished_a_second_ago_is_replaced_without_another_query(client, shop):
    warm(client, shop[0])
    Product.objects.filter(pk=shop[1].pk).update(is_active=False)

    html, found = visit(client, shop[0])

    assert f'href="/product/{shop[1].pk}/"' not in html
    assert html.count("<li") == 12
    assert len(found.products) == 1 + 1


def test_only_a_slate_that_would_be_short_looks_for_more_products(shop):
    Product.objects.filter(pk__in=[one.pk for one in shop[1:20]]).update(is_active=False)

    with statements() as found:
        slate = recommend(None, "similar-items", seeds=[shop[0]])

    assert len(slate) == 6
    assert len(found.products) == 2


def test_two_product_models_cost_a_query_each(client, shop):
    gift = Gift.objects.create(label="Voucher", cents=2_500)
    read_catalogue()
    publish_neighbours("similar", {shop[0]: [(gift, 0.9, 40), (shop[1], 0.5, 30)]})
    warm(client, shop[0])

    html, found = visit(client, shop[0])

    assert "Voucher" in html
    assert len(found.products) == 1 + 2


def test_blocks_that_are_not_there_this_time_do_not_take_items_from_those_that_are(shop):
    both = template('{% persona_block "bought-together" product %}', shop[0])
    assert both.count("<li") == 6

    one = template('{% persona_slots "similar-items" product as slots %}{{ slots }}', shop[0])

    assert one == "similar-items: 6 slots"


def template(text: str, thing: Product) -> str:
    """What a page of one and the same view shows with this in its template."""
    request = RequestFactory().get(f"/product/{thing.pk}/")
    made = engines["django"].from_string("{% load persona %}" + text)
    return str(made.render({"product": thing}, request))


def test_a_page_may_say_what_it_is_about_before_its_first_block(shop, ann):
    request = RequestFactory().get("/")
    request.user = ann
    made = engines["django"].from_string(
        "{% load persona %}{% persona_item product %}{% persona_block 'reorder' %}"
    )

    html = made.render({"product": shop[20]}, request)

    assert f'href="/product/{shop[20].pk}/"' not in html
    assert f'href="/product/{shop[21].pk}/"' in html


def test_a_view_that_named_its_product_keeps_it_out_of_every_block(shop):
    request = RequestFactory().get("/")
    viewed(request, shop[0])

    slate = recommend(request, "similar-items", size=50)

    assert shop[0] not in [slot.product for slot in slate]
    assert len(slate) == 39


def test_a_block_whose_source_raises_leaves_the_other_blocks_of_the_page_alone(
    client, shop, monkeypatch
):
    def broken(query):
        raise ValueError("a source of the shop's own")

    warm(client, shop[0])
    monkeypatch.setattr(block_named("bought-together").sources[0], "retrieve", broken)

    html, _ = visit(client, shop[0])

    assert "persona-block--similar-items" in html
    assert "persona-block--bought-together" not in html


def cart_page(request):
    text = """{% load persona %}{% persona_slots "similar-items" a b as one %}
    {% persona_slots "bought-together" a b as two %}{{ one|length }} {{ two|length }}"""
    a, b = Product.objects.order_by("pk")[:2]
    made = engines["django"].from_string(text)
    return HttpResponse(made.render({"a": a, "b": b}, request))


@override_settings(ROOT_URLCONF=__name__)
def test_blocks_that_start_from_the_same_lines_of_a_cart_share_their_queries(client, shop):
    for _ in range(2):
        client.get("/cart/")
    state.forget()

    with statements() as found:
        response = client.get("/cart/")

    assert response.content.split() == [b"6", b"6"]
    assert (len(found.ours), len(found.products)) == (1, 1 + 1)


def test_a_line_of_the_cart_was_not_viewed_because_a_block_starts_from_it(shop):
    cart, other = RequestFactory().get("/cart/"), RequestFactory().get("/")

    recommend(cart, "bought-together", seeds=shop[0], cart=shop[:3])
    recommend(other, "bought-together", seeds=shop[0], cart=shop[1:3])

    assert named_item(cart) is None
    assert named_item(other) == ("shop.product", str(shop[0].pk))


def test_one_misbehaving_block_leaves_the_orders_of_another_block_to_be_read(
    client, shop, ann, monkeypatch
):
    def broken(*args, **kwargs):
        raise ValueError("an order map of the shop's own")

    client.force_login(ann)
    warm(client, shop[0])
    monkeypatch.setattr("persona_django.serving.page.own_purchases", broken)

    html, _ = visit(client, shop[0])

    assert "persona-block--similar-items" in html
    assert "persona-block--bought-together" in html
    assert "persona-block--reorder" not in html
    assert counters.counts()["block_failed"] == 1


def reorder_first(request, pk):
    text = """{% load persona %}{% persona_item product %}{% persona_block "reorder" %}
    {% persona_block "similar-items" product %}{% persona_block "bought-together" product %}"""
    thing = Product.objects.get(pk=pk)
    return HttpResponse(engines["django"].from_string(text).render({"product": thing}, request))


urlpatterns = [
    path("product/<int:pk>/", reorder_first, name="product"),
    path("cart/", cart_page, name="cart"),
]


@override_settings(ROOT_URLCONF=__name__)
def test_a_page_that_names_its_product_first_reads_for_all_blocks_at_once(client, shop, ann):
    client.force_login(ann)
    warm(client, shop[0])
    state.forget()

    html, found = visit(client, shop[1])

    assert html.count("<section") == 3
    assert (len(found.ours), len(found.orders), len(found.products)) == (1, 1, 1 + 1)


def test_products_that_differ_in_language_are_read_in_that_of_the_request(shop):
    thing = product("Tee")
    read_catalogue()
    publish_neighbours("similar", {shop[0]: [(thing, 0.9, 40)]})
    Product.objects.filter(pk=thing.pk).update(name="Kamillentee")

    assert recommend(None, "similar-items", seeds=[shop[0]]).slots[0].title == "Kamillentee"


def test_a_page_that_shows_a_shopper_s_own_orders_may_be_stored_by_nobody(client, shop, ann):
    """Threat 26: the page of one shopper must never reach another through a cache."""
    public = client.get(f"/product/{shop[0].pk}/")
    client.force_login(ann)

    personal = client.get(f"/product/{shop[0].pk}/")

    assert "Cache-Control" not in public
    assert "Cookie" in public["Vary"]
    assert set(personal["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert "Cookie" in personal["Vary"]


def test_a_page_with_exact_figures_for_staff_may_be_stored_by_nobody(shop):
    boss = get_user_model().objects.create_user("boss", is_staff=True)
    request = RequestFactory().get("/")
    request.user = boss
    slate = recommend(request, "similar-items", seeds=[shop[0]])
    response = PersonaMiddleware(lambda _: HttpResponse(slate.slots[0].reason.exact))(request)

    assert response.content == b"214 of 3,050"
    assert "no-store" in response["Cache-Control"]


CACHED = [
    "django.middleware.cache.UpdateCacheMiddleware",
    *[name for name in settings.MIDDLEWARE if "Security" not in name],
    "django.middleware.cache.FetchFromCacheMiddleware",
]


@override_settings(MIDDLEWARE=CACHED)
def test_through_a_cache_of_whole_pages_no_shopper_meets_another_s_orders(shop, ann):
    """Threat 26: whoever comes first, what is kept is what everyone may see.

    Ann then gets the public page, too: a shop that caches whole pages shows personal blocks
    through REST.
    """
    bob = get_user_model().objects.create_user("bob")
    cache.clear()
    clients = {user: Client() for user in (ann, bob, None)}
    for user, client in clients.items():
        if user is not None:
            client.force_login(user)

    for thing in (shop[0], shop[0], shop[1]):
        pages = {
            user: client.get(f"/product/{thing.pk}/").content.decode()
            for user, client in clients.items()
        }
        assert ("persona-block--reorder" in pages[ann]) or thing == shop[0]
        assert "persona-block--reorder" not in pages[bob]
        assert "persona-block--reorder" not in pages[None]
    cache.clear()


def test_a_page_is_let_go_with_its_request(shop):
    request = RequestFactory().get("/")
    recommend(request, "similar-items", seeds=[shop[0]])
    page = ref(page_of(request))

    del request
    if sys.version_info < (3, 11):
        # There asgiref's `Local`, asked by `reverse()`, leaves a cycle of frames behind.
        gc.collect()

    assert page() is None
