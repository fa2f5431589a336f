"""What other servers of the shop's report of several stores, however many they name."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue.models import Item
from persona_django.catalogue.sync import sync
from persona_django.tracking.items import find_in_stores
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.api.test_server_events import reasons, told
from tests.shop.models import Product
from tests.signing import SECRETS, message, post, report, send, signed
from tests.tracking.catalogue import product, stocked

pytestmark = pytest.mark.django_db

STORES = range(2, 102)


@pytest.fixture(autouse=True)
def _two_servers(settings: Any) -> None:
    settings.PERSONA = {**settings.PERSONA, "SERVER_KEYS": SECRETS}


@pytest.fixture
def tea() -> str:
    return f"shop.product:{stocked()[0].pk}"


def told_of_queries() -> CaptureQueriesContext:
    return CaptureQueriesContext(connections[router.db_for_write(Event)])


def test_what_happened_in_another_store_is_of_that_stores_items():
    tea, first = stocked()
    sync(store=2)
    named = f"shop.product:{tea.pk}"

    response = send(
        report("purchase", item=named, order="A-1", store=2),
        report("save", item=named, customer=5, store=2),
        report("save", item=named, customer=5),
    )

    assert told(response) == "aaa"
    second = Item.objects.get(store=2)
    rows = Event.objects.values_list("store", "item_id", "kind")
    assert set(rows) == {
        (2, second.pk, Kind.PURCHASE), (2, second.pk, Kind.SAVE), (1, first, Kind.SAVE),
    }  # fmt: skip


def test_stock_of_another_store_is_read_again_there_only():
    tea = product("Tea")
    sync()
    sync(store=2)
    Product.objects.filter(pk=tea.pk).update(name="Sencha")

    response = send(report("stock", item=f"shop.product:{tea.pk}", store=2))

    assert told(response) == "a"
    titles = dict(Item.objects.values_list("store", "title"))
    assert titles == {1: "Tea", 2: "Sencha"}


@pytest.mark.parametrize(
    ("store", "reason"),
    [(3, "item"), (0, "value"), (2**15, "value"), ("2", "value"), (1.5, "value")],
)
def test_a_store_that_is_not_there_makes_nothing(store, reason):
    named = f"shop.product:{stocked()[0].pk}"

    response = send(
        report("stock", item=named, store=store),
        report("save", item=named, customer=5, store=store),
    )

    assert told(response) == "rr"
    assert reasons(response) == [reason] * 2
    assert not Item.objects.exclude(store=1).exists() and not Event.objects.exists()


def test_what_names_stores_that_are_not_there_costs_no_more_than_what_names_one(tea):
    one, many = ([report("stock", item=tea, store=s) for s in stores] for stores in ([2], STORES))

    with told_of_queries() as for_one:
        assert told(send(*one)) == "r"
    with told_of_queries() as for_many:
        assert told(send(*many)) == "r" * len(many)

    assert len(for_many) <= len(for_one) <= 8
    with told_of_queries() as of_events:
        assert told(send(*[report("save", item=tea, customer=5, store=s) for s in STORES]))
    assert len(of_events) <= len(for_one) + 1


def test_items_of_several_stores_newer_than_their_snapshots_are_found_in_one_query():
    tea, first = stocked()
    sync(store=2)
    named = [(store, ("shop.product", key)) for store in (1, 2) for key in (str(tea.pk), "0")]
    second = Item.objects.get(store=2).pk
    find_in_stores(named)

    with told_of_queries() as asked:
        found = find_in_stores(named)

    assert [found[one] for one in named] == [first, 0, second, 0]
    assert len([query for query in asked if "persona_item" in query["sql"]]) == 1


def test_a_message_that_comes_again_is_refused_before_anything_is_read_for_it(tea):
    body = message(*[report("stock", item=tea, store=store) for store in STORES])
    headers = signed(body)
    post(body, headers)

    with told_of_queries() as asked:
        again = post(body, headers)

    assert again.status_code == 401
    assert len(asked) == 1
