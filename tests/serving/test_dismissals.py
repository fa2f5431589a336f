"""What a visitor said "not for me" to is shown to them nowhere, and to others as before."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connections, router
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.shoppers import Shopper
from persona_django.middleware import PersonaMiddleware
from persona_django.serving.recommend import recommend
from persona_django.tracking.ingest import NewEvent, insert
from persona_django.tracking.models import Event
from persona_django.tracking.recent import recent_of
from persona_django.tracking.schema import Kind
from tests.browsing import FROM_COOKIE, browser, visitor_of
from tests.factories import (
    item_id,
    product,
    products,
    publish_neighbours,
    publish_popular,
    read_catalogue,
)
from tests.shop.models import Product

pytestmark = pytest.mark.django_db

NOON = 1_700_000_000


@pytest.fixture
def shop(settings: Any) -> list[Product]:
    settings.PERSONA = {**settings.PERSONA, **FROM_COOKIE}
    cache.clear()
    many = products(20)
    read_catalogue()
    for kind in ("similar", "bought-together"):
        publish_neighbours(
            kind, {one: [(other, 0.9, 214) for other in many if other != one] for one in many[:4]}
        )
    publish_popular(many)
    return many


def page(client: Client, thing: Product) -> Any:
    response = client.get(f"/product/{thing.pk}/")
    assert response.status_code == 200
    return response


def shows(response: Any, thing: Product) -> bool:
    return f'href="/product/{thing.pk}/"' in response.content.decode()


@pytest.fixture
def ann(shop) -> Client:
    """A visitor who agreed and has our cookie, in a process that has served the page before."""
    client = browser()
    client.cookies["banner"] = "yes"
    for _ in range(2):
        page(client, shop[0])
    return client


def say(client: Client | int, kind: Kind, *things: Product, at: int = NOON) -> None:
    shopper = client if isinstance(client, int) else visitor_of(client)
    insert(
        NewEvent(shopper=shopper, uid=next(_uids), kind=kind, item_id=item_id(thing), at=at)
        for thing in things
    )


_uids = iter(range(1_000_000, 10**9))


def test_a_dismissed_item_is_in_no_block_of_the_visitors_next_page(shop, ann):
    assert shows(page(ann, shop[0]), shop[1])

    say(ann, Kind.DISMISS, shop[1], shop[9])
    response = page(ann, shop[0])

    assert not shows(response, shop[1])
    assert not shows(response, shop[9])
    assert response.content.decode().count("<li") == 12


def test_everybody_elses_page_stays_what_it_was_to_the_byte(shop, ann):
    stranger, agreed = browser(), browser()
    agreed.cookies["banner"] = "yes"
    page(agreed, shop[0])
    before = [page(client, shop[0]) for client in (stranger, agreed)]

    say(ann, Kind.DISMISS, shop[1])
    page(ann, shop[0])

    after = [page(client, shop[0]) for client in (stranger, agreed)]
    assert [one.content for one in after] == [one.content for one in before]
    assert [one.headers for one in after] == [one.headers for one in before]
    assert not any(one.has_header("Cache-Control") for one in after)


def test_the_page_of_a_visitor_who_dismissed_something_is_stored_by_nobody(shop, ann):
    say(ann, Kind.DISMISS, shop[1])

    response = page(ann, shop[0])

    assert "private" in response["Cache-Control"]
    assert "no-store" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]


def test_a_cache_of_whole_pages_gives_nobody_elses_page_away(shop, ann, settings):
    ours = f"{PersonaMiddleware.__module__}.{PersonaMiddleware.__name__}"
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *[one for one in settings.MIDDLEWARE if one != ours],
        ours,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    say(ann, Kind.DISMISS, shop[1])
    client = browser()
    client.cookies.update(ann.cookies)

    hidden = page(client, shop[0])
    stranger = page(browser(), shop[0])

    assert not shows(hidden, shop[1])
    assert shows(stranger, shop[1])


def test_what_was_said_last_counts_whichever_was_written_first(shop, ann):
    say(ann, Kind.RESTORE, shop[1], at=NOON + 60)
    say(ann, Kind.DISMISS, shop[1], at=NOON)
    say(ann, Kind.RESTORE, shop[2], at=NOON)
    say(ann, Kind.DISMISS, shop[2], at=NOON + 60)
    say(ann, Kind.DISMISS, shop[3], at=NOON)
    say(ann, Kind.RESTORE, shop[3], at=NOON)

    response = page(ann, shop[0])

    assert shows(response, shop[1])
    assert not shows(response, shop[2])
    # Of two in the same second the one that was written later.
    assert shows(response, shop[3])


def test_dismissing_one_variant_dismisses_its_family(shop, ann):
    small = product("Pot, small", family="pot")
    large = product("Pot, large", family="pot")
    read_catalogue()
    publish_neighbours("similar", {shop[0]: [(small, 0.9, 40), (shop[1], 0.5, 30)]})
    assert shows(page(ann, shop[0]), small)

    say(ann, Kind.DISMISS, large)

    assert not shows(page(ann, shop[0]), small)


def test_an_item_that_left_the_catalogue_hides_nothing_and_breaks_nothing(shop, ann):
    insert([NewEvent(shopper=visitor_of(ann), uid=5, kind=Kind.DISMISS, item_id=999_999, at=NOON)])

    response = page(ann, shop[0])

    assert shows(response, shop[1])
    assert not response.has_header("Cache-Control")


def test_consent_that_was_taken_back_brings_everything_back(shop, ann):
    say(ann, Kind.DISMISS, shop[1])
    ann.cookies["banner"] = "no"

    response = page(ann, shop[0])

    assert shows(response, shop[1])


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_who_objects_gets_the_page_that_everybody_gets(shop, ann, header):
    say(ann, Kind.DISMISS, shop[1])
    stranger = page(browser(), shop[0]).content

    response = ann.get(f"/product/{shop[0].pk}/", headers={header: "1"})

    assert response.content == stranger


def test_the_cookie_of_a_customer_hides_nothing_for_whoever_comes_after_her(shop, ann):
    user = get_user_model().objects.create_user("ann")
    ann.force_login(user)
    ann.get("/admin/")  # a page that loads who it is links the cookie
    say(ann, Kind.DISMISS, shop[1])
    assert not shows(page(ann, shop[0]), shop[1])

    ann.logout()
    client = browser()
    client.cookies["banner"] = "yes"
    client.cookies["persona"] = ann.cookies.get("persona", "") or ""

    assert shows(page(client, shop[0]), shop[1])


def test_what_a_customer_dismissed_on_one_device_is_dismissed_on_all(shop, ann):
    phone = 77
    for key in (phone, visitor_of(ann)):
        Visitor.objects.update_or_create(
            key=key, defaults={"account": keyed("customer", "1"), "purposes": "personalise"}
        )
    say(phone, Kind.DISMISS, shop[1])

    assert not shows(page(ann, shop[0]), shop[1])
    assert [one.item_id for one in recent_of(visitor_of(ann), now=NOON).said] == [item_id(shop[1])]


def test_what_a_customer_dismissed_where_they_withdrew_since_is_dismissed_nowhere(shop, ann):
    phone, account = 77, keyed("customer", "1")
    Visitor.objects.create(key=phone, account=account, purposes="")
    Visitor.objects.update_or_create(
        key=visitor_of(ann), defaults={"account": account, "purposes": "personalise"}
    )
    say(phone, Kind.DISMISS, shop[1])

    assert shows(page(ann, shop[0]), shop[1])


def test_a_shopper_in_an_e_mail_is_asked_by_their_consent(shop):
    say(5, Kind.DISMISS, shop[1])

    def items(who: Shopper) -> list[int]:
        return [slot.product.pk for slot in recommend(who, "similar-items", seeds=[shop[0]])]

    assert shop[1].pk not in items(Shopper(visitor=5, consented=True))
    assert shop[1].pk in items(Shopper(visitor=5))
    assert shop[1].pk in items(Shopper(visitor=6, consented=True))


def test_a_page_costs_one_query_more_for_visitors_with_consent_and_none_for_others(shop, ann):
    say(ann, Kind.DISMISS, shop[1])
    page(ann, shop[0])
    page(browser(), shop[0])

    def asked(client: Client) -> list[str]:
        with CaptureQueriesContext(connections[router.db_for_read(Event)]) as queries:
            page(client, shop[0])
        return [one["sql"] for one in queries if "persona_" in one["sql"]]

    def reads(client: Client) -> list[str]:
        return [sql for sql in asked(client) if "persona_event" in sql and "INSERT" not in sql]

    # What is written after the response is not counted here; for all of it see test_page_news.
    assert len(reads(browser())) == 0
    assert len(reads(ann)) == 1


def test_the_api_answers_the_same(shop, ann):
    say(ann, Kind.DISMISS, shop[1])
    address = f"/persona/api/v1/blocks/similar-items/?seed=shop.product:{shop[0].pk}&size=19"

    def items(client: Client) -> list[str]:
        return [slot["item"] for slot in client.get(address).json()["slots"]]

    assert f"shop.product:{shop[1].pk}" not in items(ann)
    assert f"shop.product:{shop[1].pk}" in items(browser())


def test_somebody_who_dismisses_all_day_makes_no_page_slow(shop, ann):
    insert(
        NewEvent(
            shopper=visitor_of(ann), uid=next(_uids), kind=Kind.DISMISS, item_id=9, at=NOON + n
        )
        for n in range(3_000)
    )
    say(ann, Kind.DISMISS, shop[1], at=NOON + 5_000)
    began = time.perf_counter()

    response = page(ann, shop[0])

    assert not shows(response, shop[1])
    assert time.perf_counter() - began < 1
    assert len(recent_of(visitor_of(ann), now=NOON).said) == 1_000


def test_however_much_somebody_looks_at_what_they_dismissed_stays_away(shop, ann):
    say(ann, Kind.DISMISS, shop[1])
    now = int(time.time())
    insert(
        NewEvent(shopper=visitor_of(ann), uid=next(_uids), kind=Kind.VIEW, item_id=9, at=now - n)
        for n in range(1_500)
    )

    recent = recent_of(visitor_of(ann), now=now, looks=True)

    assert [one.item_id for one in recent.said] == [item_id(shop[1])]
    assert len(recent.looked_at) == 60
    assert not shows(page(ann, shop[0]), shop[1])


def test_who_dismissed_everything_that_would_be_shown_first_is_shown_what_comes_after_it(shop):
    more = products(120, category="Clothes")
    read_catalogue()
    say(5, Kind.DISMISS, *more)

    slate = recommend(Shopper(visitor=5, consented=True), "new-arrivals", size=1)

    assert [slot.product for slot in slate] == shop[-1:]


def test_a_block_of_which_all_was_dismissed_says_why_it_is_empty(shop):
    say(5, Kind.DISMISS, *shop[1:])

    slate = recommend(Shopper(visitor=5, consented=True), "similar-items", seeds=[shop[0]])

    assert not slate
    assert "dismissed by this shopper" in slate.why_empty


@override_settings(PERSONA={"ENABLED": False})
def test_a_shop_that_switched_us_off_asks_nothing(client):
    with CaptureQueriesContext(connections[router.db_for_read(Event)]) as queries:
        recommend(Shopper(visitor=5, consented=True), "similar-items")

    assert not queries.captured_queries
