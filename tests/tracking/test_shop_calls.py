"""Events that the shop's own code tells, and what becomes of them with its transactions."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import connections, router, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request

from persona_django import Promise, atrack, counters, track
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.exceptions import BadEvent
from persona_django.identity import cookies
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.shoppers import Shopper
from persona_django.tracking.context import Context, Entry, Sender
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from tests.shop.models import Brand, Product
from tests.tracking.catalogue import gift, item_of, product, stocked

pytestmark = pytest.mark.django_db(transaction=True)

VISITOR = Shopper(visitor=11)
OWN = {"ask_expert": {"number": 70}, "size_help": {"number": 71, "sender": "browser"}}


def agreed_request(settings: Any) -> Any:
    settings.PERSONA = {
        **settings.PERSONA,
        "CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.AcceptAll"},
    }
    request, response = RequestFactory().get("/"), HttpResponse()
    cookies.issue(request, response, VisitorCookie(pseudonym="someone"))
    request.COOKIES["persona"] = response.cookies["persona"].value
    return request


def test_the_shops_own_code_tracks_a_visitor_or_a_customer():
    tea, item = stocked()

    track(VISITOR, "cart_add", tea)
    track(Shopper(customer=12), Kind.PURCHASE, tea, at=1_700_000_000)

    assert list(
        Event.objects.order_by("id").values_list("shopper", "kind", "item_id", "basis")
    ) == [
        (11, Kind.CART_ADD, item, Basis.CONSENT),
        (12, Kind.PURCHASE, item, Basis.CUSTOMER),
    ]


def test_a_product_is_known_by_its_uuid_with_and_without_dashes():
    voucher = gift()
    item = item_of(voucher)

    for key in (voucher.pk, voucher.pk.hex):
        track(VISITOR, "cart_add", ("shop.gift", key))
        track(VISITOR, "save", f"shop.gift:{key}")

    assert list(Event.objects.values_list("item_id", flat=True)) == [item] * 4


def test_a_request_tracks_its_visitor(settings):
    tea, _ = stocked()
    request = agreed_request(settings)

    assert track(request, "save", tea)
    assert async_to_sync(atrack)(Request(request), "click", tea)

    assert set(Event.objects.values_list("shopper", flat=True)) == {keyed("visitor", "someone")}


def test_without_consent_nothing_is_stored_and_it_is_counted():
    tea, _ = stocked()

    assert not track(RequestFactory().get("/"), "save", tea)
    assert not track(Shopper(), "save", tea)
    assert not Event.objects.exists()
    assert counters.counts()["event_without_consent"] == 2


def test_a_signed_in_customer_who_agreed_is_tracked_only_with_the_cookie(settings):
    """What is kept under the customer's key could not be taken back with the visitor's consent."""
    tea, _ = stocked()
    request = agreed_request(settings)
    request.COOKIES.clear()
    request.user = get_user_model().objects.create(username="anna")

    assert not track(request, "cart_add", tea)

    assert not Event.objects.exists()
    assert counters.counts()["event_without_visitor"] == 1


@pytest.mark.parametrize("kind", ["purchase", Kind.REFUND, 1])
def test_a_purchase_is_never_taken_from_a_request(settings, kind):
    tea, _ = stocked()

    with pytest.raises(BadEvent, match="Register an OrderMap"):
        track(agreed_request(settings), kind, tea)

    assert not Event.objects.exists()


def test_the_same_uid_of_the_same_shopper_is_one_event():
    tea, _ = stocked()

    assert track(VISITOR, "save", tea, uid="wishlist-5")
    assert track(VISITOR, "save", tea, uid="wishlist-5")
    assert track(Shopper(visitor=12), "save", tea, uid="wishlist-5")

    assert Event.objects.count() == 2


@pytest.mark.parametrize("shown", ["object", "lazy", "pair", "text"])
def test_a_product_is_given_as_object_pair_or_text(shown):
    tea, item = stocked()
    forms = {
        "object": tea,
        "lazy": SimpleLazyObject(lambda: tea),
        "pair": ("shop.Product", tea.pk),
        "text": f"shop.product:{tea.pk}",
    }

    track(VISITOR, "view", forms[shown])

    assert Event.objects.get().item_id == item


def test_products_of_another_model_with_uuid_keys_work():
    voucher = gift()
    item = item_of(voucher)

    track(VISITOR, "view", voucher)

    assert Event.objects.get().item_id == item


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: object(), "object is no product"),
        (lambda: Product(name="x", price=1), "not saved yet"),
        (lambda: Brand.objects.create(name="b"), "shop.brand has no ItemMap"),
        (lambda: "999", "app.model:key"),
    ],
)
def test_what_is_no_item_is_refused_with_what_to_do(make, words):
    with pytest.raises(BadEvent, match=words):
        track(VISITOR, "view", make())


def test_a_product_the_catalogue_does_not_know_yet_is_counted_and_breaks_no_page(caplog):
    new = product("Brand new")
    Item.objects.all().delete()

    assert not track(VISITOR, "cart_add", new)

    assert not Event.objects.exists()
    assert counters.counts()["event_of_unknown_item"] == 1
    assert "manage.py persona_sync" in caplog.text


def test_a_catalogue_that_cannot_be_read_spoils_neither_page_nor_transaction(lose_table, caplog):
    tea, _ = stocked()
    lose_table(Item)

    with transaction.atomic():
        track(VISITOR, "cart_add", tea)
        Brand.objects.create(name="kept")

    assert Brand.objects.filter(name="kept").exists()
    assert counters.counts()["event_unwritten"] == 1
    assert "manage.py migrate" in caplog.text


@pytest.mark.parametrize(("kind", "words"), [("gossip", "no kind"), (99, "no kind")])
def test_an_unknown_kind_is_refused_with_the_known_ones(kind, words):
    tea, _ = stocked()

    with pytest.raises(BadEvent, match=f"{words}.*cart_add"):
        track(VISITOR, kind, tea)


def test_an_unknown_basis_is_refused_with_the_known_ones():
    with pytest.raises(BadEvent, match=r"no basis 'gut feeling'.*aggregate"):
        Basis.of("gut feeling")
    assert Basis.of(3) is Basis.of("Aggregate") is Basis.AGGREGATE


@pytest.mark.parametrize(
    ("at", "stored"),
    [
        (1_700_000_000, 1_700_000_000),
        (datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc), 1_700_000_000),
        (datetime(2023, 11, 14, 22, 13, 20), 1_700_000_000),
    ],
)
def test_a_time_is_given_as_seconds_or_datetime(at, stored):
    tea, _ = stocked()

    track(VISITOR, "view", tea, at=at)

    assert Event.objects.get().at == stored


def test_a_time_to_come_is_a_wrong_clock_and_becomes_now():
    tea, _ = stocked()

    track(VISITOR, "view", tea, at=int(time.time()) + 86_400)

    assert abs(Event.objects.get().at - time.time()) < 60
    assert counters.counts()["event_from_the_future"] == 1


def test_a_time_before_shops_had_websites_is_refused():
    tea, _ = stocked()

    with pytest.raises(BadEvent, match="not a time"):
        track(VISITOR, "view", tea, at=12)


def test_a_shop_that_switched_us_off_tracks_nothing(settings):
    settings.PERSONA = {"ENABLED": False}

    assert not track(VISITOR, "view", product())


def test_a_built_snapshot_tells_the_item_without_asking_for_it():
    tea, item = stocked()
    mug, mug_item = stocked("Mug")
    build_snapshot()
    track(VISITOR, "view", mug)
    late, late_item = stocked("Newer than the snapshot")

    with CaptureQueriesContext(connections[router.db_for_read(Item)]) as asked:
        track(VISITOR, "view", tea)
    track(VISITOR, "view", late)

    assert not [query for query in asked if "persona_item" in query["sql"]]
    assert list(Event.objects.order_by("id").values_list("item_id", flat=True)) == [
        mug_item,
        item,
        late_item,
    ]


def test_a_deleted_product_is_no_item_any_more():
    tea, item = stocked()
    Item.objects.filter(pk=item).update(ref=None)

    assert not track(VISITOR, "view", tea)
    assert counters.counts()["event_of_unknown_item"] == 1


# Kinds, pieces, prices and values


def test_a_kind_of_the_shops_own_is_told_of_a_request_or_a_customer(settings):
    tea, item = stocked()
    request = agreed_request(settings)
    settings.PERSONA = {**settings.PERSONA, "EVENT_KINDS": OWN}

    assert track(request, "ask_expert", tea, value=7)
    assert track(VISITOR, "size_help", tea, value=9_999)

    assert list(Event.objects.order_by("kind").values_list("kind", "value", "item_id")) == [
        (70, 7, item),
        (71, 2_047, item),
    ]


@pytest.mark.parametrize("kind", ["revisit", Kind.SKIP, "cart_abandoned", "one_off", "ordered"])
def test_what_a_task_works_out_is_never_told(kind):
    tea, _ = stocked()

    with pytest.raises(BadEvent):
        track(VISITOR, kind, tea)


def test_pieces_and_price_are_kept_in_whole_numbers():
    tea, _ = stocked()

    track(VISITOR, "cart_add", tea, quantity=3, price=Decimal("4.50"), uid=1)
    track(VISITOR, "cart_add", tea, quantity="0.3", price="19.99", uid=2)
    track(VISITOR, "cart_add", tea, quantity=10**12, price=7, uid=3)

    assert list(Event.objects.order_by("id").values_list("quantity", "price")) == [
        (3, 450),
        (1, 1_999),
        (1_000_000, 700),
    ]


@pytest.mark.parametrize("quantity", [0, -2, "many", None, float("nan")])
def test_a_cart_line_of_no_pieces_is_no_event_and_breaks_no_cart(quantity):
    tea, _ = stocked()

    assert track(VISITOR, "cart_add", tea, quantity=quantity) is Promise.NOTHING

    assert counters.counts() == {"event_of_no_pieces": 1}


@pytest.mark.parametrize("price", [Decimal("NaN"), -1, "cheap", object(), float("inf"), 10**20])
def test_a_price_that_is_none_costs_only_itself(price):
    tea, _ = stocked()

    assert track(VISITOR, "cart_add", tea, price=price)

    assert Event.objects.get().price is None
    assert counters.counts() == {"event_price_unreadable": 1}


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("finish", 0.5, 500),
        ("engage", 7, 1_000),
        ("dwell", 12.4, 12),
        ("dwell", 10**9, 2_047),
        ("progress", float("nan"), 0),
        ("play", "half", 0),
        # As from a browser that says no share, so that nothing seems to have been left early.
        ("play", None, 1_000),
        ("dwell", None, 0),
    ],
)
def test_a_value_is_a_share_or_seconds_within_bounds(kind, value, stored):
    tea, _ = stocked()

    assert track(VISITOR, kind, tea, value=value)

    assert Event.objects.get().value == stored


def test_a_value_of_a_kind_that_has_none_is_a_mistake():
    tea, _ = stocked()

    with pytest.raises(BadEvent, match="cart_add has no value"):
        track(VISITOR, "cart_add", tea, value=2)


def test_one_name_of_a_cart_line_serves_for_what_was_put_in_and_taken_out():
    tea, _ = stocked()

    for _ in range(2):
        track(VISITOR, "cart_add", tea, uid="line-5")
        track(VISITOR, "cart_remove", tea, uid="line-5")

    assert list(Event.objects.order_by("id").values_list("kind", flat=True)) == [
        Kind.CART_ADD,
        Kind.CART_REMOVE,
    ]


def test_an_event_says_that_the_shop_told_it(settings):
    tea, _ = stocked()

    track(agreed_request(settings), "cart_add", tea)

    context = Context.unpacked(Event.objects.get().context)
    assert (context.sender, context.entry) == (Sender.SHOP, Entry.INTERNAL)


def test_nothing_is_stored_of_something_sensitive():
    tea, item = stocked()
    Item.objects.filter(pk=item).update(sensitive=True)

    assert track(VISITOR, "cart_add", tea) is Promise.NOTHING

    assert not Event.objects.exists()
    assert counters.counts() == {"event_sensitive": 1}


@pytest.mark.parametrize("with_snapshot", [False, True])
def test_one_sensitive_variant_makes_its_family_sensitive(with_snapshot):
    first = product("Test, single", family="test")
    second = product("Test, double", family="test")
    Item.objects.filter(pk=item_of(second)).update(sensitive=True)
    if with_snapshot:
        build_snapshot()

    assert not track(VISITOR, "view", first)
    assert not Event.objects.exists()
