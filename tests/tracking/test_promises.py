"""What becomes of events with the transactions of the shop that they are told in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.db import connections, router, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from persona_django import Promise, counters, track
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import ref_of
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.identity.models import Restriction
from persona_django.identity.restrictions import restrict
from persona_django.identity.shoppers import Shopper
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.browsing import BROWSER
from tests.shop.models import Brand, Product
from tests.tracking.catalogue import item_of, product, stocked
from tests.tracking.test_shop_calls import agreed_request

pytestmark = pytest.mark.django_db(transaction=True)

VISITOR = Shopper(visitor=11)


def test_outside_a_transaction_it_stands_in_the_log_at_once():
    tea, _ = stocked()

    assert track(VISITOR, "cart_add", tea) is Promise.STORED
    assert Event.objects.count() == 1


def test_inside_a_transaction_it_is_written_when_that_commits():
    tea, _ = stocked()

    with transaction.atomic():
        assert track(VISITOR, "cart_add", tea) is Promise.ON_COMMIT
        assert not Event.objects.exists()

    assert Event.objects.count() == 1


def test_a_transaction_that_is_rolled_back_leaves_nothing():
    tea, _ = stocked()

    with pytest.raises(RuntimeError), transaction.atomic():
        track(VISITOR, "cart_add", tea)
        raise RuntimeError("sold out")
    track(VISITOR, "save", tea)

    assert Event.objects.get().kind == Kind.SAVE


def test_a_savepoint_that_is_rolled_back_loses_only_its_own_events():
    tea, _ = stocked()
    mug, mug_item = stocked("Mug")

    with transaction.atomic():
        track(VISITOR, "cart_add", mug)
        with pytest.raises(RuntimeError), transaction.atomic():
            track(VISITOR, "cart_add", tea)
            raise RuntimeError("this one is sold out")
        track(VISITOR, "save", mug)

    assert set(Event.objects.values_list("item_id", "kind")) == {
        (mug_item, Kind.CART_ADD),
        (mug_item, Kind.SAVE),
    }


def test_events_of_two_stores_in_one_transaction_are_each_of_their_own_catalogue():
    tea, first = stocked()
    mug, _ = stocked("Mug")
    second, sensitive = (
        Item.objects.create(
            store=2, model="shop.product", key=str(one.pk), sensitive=one is mug,
            ref=ref_of("shop.product", str(one.pk)),
        ).pk
        for one in (tea, mug)
    )  # fmt: skip

    with transaction.atomic():
        track(VISITOR, "cart_add", tea)
        for one in (tea, mug):
            track(Shopper(visitor=12, store=2), "cart_add", one)

    assert set(Event.objects.values_list("store", "item_id")) == {(1, first), (2, second)}
    assert sensitive not in Event.objects.values_list("item_id", flat=True)
    assert counters.counts()["event_sensitive"] == 1


def test_a_product_that_is_made_in_the_same_transaction_is_known_when_it_is_written():
    with transaction.atomic():
        fresh = product("Fresh")
        assert track(VISITOR, "view", fresh)

    assert Event.objects.get().item_id == item_of(fresh)


def test_events_of_one_transaction_are_written_together():
    shown = [stocked(f"Tea {number}")[0] for number in range(30)]
    build_snapshot()
    track(VISITOR, "view", shown[0])

    asked = CaptureQueriesContext(connections[router.db_for_write(Event)])
    with asked, transaction.atomic():
        for one in shown:
            track(VISITOR, "cart_add", one)

    assert Event.objects.filter(kind=Kind.CART_ADD).count() == 30
    assert len([sql for sql in asked if "INSERT" in sql["sql"]]) == 1


def test_a_failure_of_ours_after_the_commit_is_counted_and_reaches_nobody(lose_table):
    tea, _ = stocked()

    with transaction.atomic():
        Brand.objects.create(name="kept")
        track(VISITOR, "cart_add", tea)
        lose_table(Event)

    assert Brand.objects.filter(name="kept").exists()
    assert counters.counts()["event_unwritten"] == 1


def buy(request: HttpRequest) -> HttpResponse:
    """A view of the shop's that keeps a row of its own, and tells of it."""
    Brand.objects.create(name="kept")
    promise = track(request, "cart_add", Product.objects.first(), quantity=2)
    assert not promise or promise is Promise.ON_COMMIT
    return HttpResponse(f"<html>{Brand.objects.count()}</html>")


urlpatterns = [path("buy/", buy)]


@pytest.fixture
def in_one_transaction() -> Iterator[None]:
    """Each request of the shop is one transaction."""
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connections["default"].settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_request_that_is_one_transaction_commits_whatever_becomes_of_its_event(
    settings, in_one_transaction, lose_table, is_broken
):
    stocked()
    cookie = agreed_request(settings).COOKIES["persona"]
    settings.ROOT_URLCONF = __name__
    client = Client(headers={"User-Agent": BROWSER})
    client.cookies["persona"] = cookie
    if is_broken:
        lose_table(Event)

    page = client.post("/buy/")

    assert (page.status_code, page.content) == (200, b"<html>1</html>")
    assert Brand.objects.get().name == "kept"
    assert counters.counts().get("event_unwritten", 0) == is_broken
    if not is_broken:
        assert Event.objects.get(kind=Kind.CART_ADD).quantity == 2


def test_a_call_in_an_async_view_that_is_not_awaited_says_what_to_write(caplog):
    tea, _ = stocked()

    async def view() -> Promise:
        return track(VISITOR, "cart_add", tea)

    assert async_to_sync(view)() is Promise.NOTHING

    assert counters.counts() == {"event_on_event_loop": 1}
    assert "await persona_django.atrack" in caplog.text


def test_of_somebody_who_is_to_be_left_alone_nothing_is_written_after_the_commit_either():
    tea, _ = stocked()

    with transaction.atomic():
        assert track(VISITOR, "cart_add", tea) is Promise.ON_COMMIT
        restrict([11], Restriction.Kind.ERASED)

    assert track(VISITOR, "cart_add", tea) is Promise.NOTHING
    assert track(Shopper(customer=12, left_alone=True), "cart_add", tea) is Promise.NOTHING
    assert not Event.objects.exists()
    assert counters.counts()["event_of_restricted"] == 3
