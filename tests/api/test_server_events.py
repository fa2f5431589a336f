"""What other servers of the shop's report, signed with a key that both know."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import OperationalError, connections, router
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from persona_django import Line, breaker, counters, purchased
from persona_django.catalogue.models import Item
from persona_django.catalogue.registry import map_for
from persona_django.catalogue.sync import sync
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction
from persona_django.identity.restrictions import restrict
from persona_django.identity.shoppers import Shopper
from persona_django.tracking.context import Context
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event, UsedNonce
from persona_django.tracking.schema import MOST_QUANTITY, MOST_VALUE, Basis, Kind
from tests.clocks import Clock
from tests.shop.models import Product
from tests.signing import SECRETS, message, post, report, send, signed
from tests.tracking.catalogue import gift, item_of, product, stocked

pytestmark = pytest.mark.django_db

OWN = {"ask_expert": {"number": 70}, "size_help": {"number": 71, "sender": "browser"}}


@pytest.fixture(autouse=True)
def _two_servers(settings: Any) -> None:
    settings.PERSONA = {
        **settings.PERSONA,
        "SERVER_KEYS": SECRETS,
        "EVENT_KINDS": OWN,
    }


@pytest.fixture
def tea() -> str:
    return f"shop.product:{stocked()[0].pk}"


def told(response: Any) -> str:
    assert response.status_code == 200, response.content
    return str(response.json()["result"])


def reasons(response: Any) -> list[str]:
    return [error["reason"] for error in response.json()["errors"]]


# What it may look like


def test_a_body_is_bounded_before_it_is_read(tea):
    event = report("save", item=tea, customer=1)

    def status(body: bytes, content_type: str = "application/json", **headers: str) -> int:
        return int(post(body, signed(body) | headers, content_type).status_code)

    assert status(message(*[event] * 501)) == 413
    assert status(message(event) + b" " * 1024 * 1024) == 413
    assert status(message(event), "text/plain") == 415
    assert status(message(event), **{"Content-Encoding": "gzip"}) == 415
    for odd in (b"[]", b"{}", b'{"events": 1}', b"\xff", b'{"events": [NaN]}', b"[" * 9_999):
        assert status(odd) == 400
    assert status(b'{"events": [], "more": 1}') == 400
    assert not Event.objects.exists()


def test_the_reply_is_short_however_much_is_wrong(tea):
    good = [report("save", item=tea, customer=n) for n in range(1, 101)]
    bad = [report("save", item=tea, customer=1, weight=9)] * 400

    response = send(*good, *bad)

    assert told(response) == "a" * 100 + "r" * 400
    assert response.json()["counts"] == {"accepted": 100, "duplicate": 0, "field": 400}
    assert len(response.content) < 2_048
    assert counters.counts()["event_field"] == 400


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": "gossip"}, "type"),
        ({"type": 5}, "type"),
        ({"type": "skip"}, "type"),
        ({"type": "ordered"}, "type"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "i" * 129}, "id"),
        ({"item": "shop.product:999999"}, "item"),
        ({"item": "nobody.knows:1"}, "item"),
        ({"item": 5}, "value"),
        ({"weight": 9}, "field"),
        ({"token": "t"}, "field"),
        ({"customer": ""}, "customer"),
        ({"customer": True}, "customer"),
        ({"customer": "c" * 129}, "customer"),
        ({"customer": None}, "customer"),
        ({"customer": {"pk": 1}}, "customer"),
        ({"guest": "g@example.com"}, "field"),
        ({"basis": "consent"}, "basis"),
        ({"basis": 2}, "basis"),
        ({"quantity": 0}, "value"),
        ({"quantity": -1}, "value"),
        ({"quantity": 1.5}, "value"),
        ({"quantity": True}, "value"),
        ({"quantity": MOST_QUANTITY + 1}, "value"),
        ({"price": -1}, "value"),
        ({"price": "free"}, "value"),
        ({"price": "1e5"}, "value"),
        ({"price": True}, "value"),
        ({"price": 10**18}, "value"),
        ({"at": "today"}, "at"),
        ({"at": 5}, "at"),
        ({"at": True}, "at"),
        ({"id": "nul\0"}, "text"),
        ({"customer": "half \ud800"}, "text"),
        ({f"f{n}": 1 for n in range(30)}, "size"),
        ({"guest": "g" * 300}, "size"),
    ],
)
def test_an_event_that_is_wrong_is_refused_with_its_reason_and_the_others_are_kept(
    tea, fields, reason
):
    wrong = report("cart_add", item=tea, customer=1) | fields

    response = send(report("cart_add", item=tea, customer=1), wrong, 5)

    assert told(response) == "arr"
    assert reasons(response) == [reason, "shape"]
    assert Event.objects.count() == 1


def test_an_event_of_nobody_needs_an_order_to_belong_to(tea):
    response = send(
        report("save", item=tea),
        report("purchase", item=tea, order="A-1"),
        report("purchase", item=tea),
        report("purchase", item=tea, order="A-2", basis="customer"),
    )

    assert told(response) == "rarr"
    assert reasons(response) == ["customer", "field", "basis"]
    assert Event.objects.get().basis == Basis.AGGREGATE


def test_kinds_of_ours_and_of_the_shop_are_taken_with_what_they_measure(tea):
    response = send(
        report("finish", item=tea, customer=1, share=0.5),
        report("dwell", item=tea, customer=1, seconds=90_000),
        report("ask_expert", item=tea, customer=1, value=9),
        report("size_help", item=tea, guest=" Ann@Example.com ", basis="customer"),
        report("dismiss", item=tea, customer=1, basis="customer"),
    )

    assert told(response) == "aaaaa"
    rows = Event.objects.order_by("kind").values_list("kind", "value", "shopper")
    someone = keyed("aggregate", "1")
    assert list(rows) == [
        (Kind.DWELL, MOST_VALUE, someone),
        (Kind.FINISH, 500, someone),
        (Kind.DISMISS, 0, keyed("customer", "1")),
        (70, 9, someone),
        (71, 0, keyed("guest", "ann@example.com")),
    ]


def test_a_time_to_come_is_a_wrong_clock_and_yesterday_is_yesterday(tea):
    now = int(time.time())

    send(
        report("save", item=tea, customer=1, at=(now + 86_400) * 1000),
        report("unsave", item=tea, customer=1, at=(now - 400 * 86_400) * 1000),
    )

    save, unsave = Event.objects.order_by("kind")
    assert abs(save.at - now) < 5
    assert Context.unpacked(save.context).clamped
    assert unsave.at == now - 400 * 86_400


def test_nothing_is_kept_of_sensitive_items_and_of_people_who_want_to_be_left_alone(tea):
    test, item = stocked("Test")
    Item.objects.filter(pk=item).update(sensitive=True)
    restrict([keyed("customer", "5"), keyed("aggregate", "5")], Restriction.Kind.ERASED)

    response = send(
        report("save", item=f"shop.product:{test.pk}", customer=1),
        report("save", item=tea, customer=5, basis="customer"),
        report("purchase", item=tea, customer=5, order="A-1"),
    )

    assert told(response) == "rrr"
    assert reasons(response) == ["sensitive", "consent", "consent"]
    assert not Event.objects.exists()


# Orders


def test_a_line_is_one_purchase_by_whatever_door_it_comes_and_however_often(tea):
    line = {"item": tea, "order": "A-1", "line": "1", "customer": 17, "basis": "customer"}
    pk = int(tea.partition(":")[2])
    bought = Line(product=("shop.product", pk), quantity=3, id="1")
    who = Shopper(customer=keyed("customer", "17"))

    assert told(send(report("purchase", quantity=3, **line))) == "a"
    assert told(send(report("purchase", quantity=3, **line), report("purchase", **line))) == "dd"
    purchased(who, order="A-1", lines=[bought])

    assert Event.objects.count() == 1


def test_refunds_take_evidence_back_in_parts_repeated_and_before_the_purchase(tea):
    whose = {"item": tea, "order": "A-1", "customer": 17, "basis": "customer"}

    def kept() -> list[int]:
        return read_events(kinds=[Kind.PURCHASE]).quantity.tolist()

    assert told(send(report("refund", refund="R-1", **whose))) == "a"
    assert told(send(report("purchase", quantity=4, price="4.50", **whose))) == "a"
    assert kept() == [3]
    again = [report("refund", refund="R-1", **whose), report("refund", refund="R-2", **whose)]
    assert told(send(*again)) == "da"
    assert kept() == [2]
    send(report("refund", refund="R-3", quantity=2, **whose))
    assert kept() == []


def test_an_item_is_known_by_its_uuid_with_and_without_dashes():
    voucher = gift()
    item = item_of(voucher)

    for key in (voucher.pk, voucher.pk.hex):
        assert told(send(report("save", item=f"shop.gift:{key}", customer=1))) == "a"

    assert set(Event.objects.values_list("item_id", flat=True)) == {item}


# Stock


def test_stock_is_read_again_from_the_shops_own_table():
    tea = product("Tea", stock=5)
    item_of(tea)
    sync()
    Product.objects.filter(pk=tea.pk).update(stock=0, name="Sencha")

    response = send(report("stock", item=f"shop.product:{tea.pk}", stock=99))

    assert told(response) == "a"
    row = Item.objects.get(key=str(tea.pk))
    assert (row.stock, row.title) == (0, "Sencha")


def test_a_product_that_no_signal_told_of_comes_into_the_catalogue():
    Product.objects.bulk_create([Product(pk=5, name="Bulk", price=1)])

    assert told(send(report("stock", item="shop.product:5"))) == "a"

    assert Item.objects.get(key="5").title == "Bulk"


def test_stock_that_the_shop_does_not_have_itself_is_kept_as_it_is_told():
    voucher = gift("Voucher")
    sync()
    named = f"shop.gift:{voucher.pk}"
    now = int(time.time() * 1000)

    response = send(
        report("stock", item=named, stock=3, at=now),
        report("stock", item=named, stock=7, at=now - 60_000),
    )

    assert told(response) == "aa"
    assert Item.objects.get(model="shop.gift").stock == 3
    voucher.label = "Gift voucher"
    voucher.save()
    sync()
    row = Item.objects.get(model="shop.gift")
    assert (row.stock, row.title) == (3, "Gift voucher")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"item": "shop.product:99999"}, "item"),
        ({"item": f"shop.product:{10**30}"}, "item"),
        ({"stock": "none"}, "value"),
        ({"stock": 2**31}, "value"),
        ({"customer": 5}, "field"),
    ],
)
def test_stock_of_what_is_not_there_is_refused(fields, reason):
    gone = report("stock", item="shop.product:1", stock=1) | fields

    response = send(gone)

    assert told(response) == "r"
    assert reasons(response) == [reason]


def test_a_map_that_fails_costs_the_stock_and_not_the_purchases(tea, monkeypatch):
    monkeypatch.setattr(map_for(Product), "queryset", lambda: 1 / 0)

    response = send(report("stock", item=tea), report("purchase", item=tea, order="A-1"))

    assert told(response) == "ra"
    assert reasons(response) == ["stock"]
    assert counters.counts()["stock_unread"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_map_whose_database_fails_loses_nothing_and_the_message_may_come_again(monkeypatch):
    tea = f"shop.product:{stocked()[0].pk}"
    body = message(report("purchase", item=tea, order="A-1"), report("stock", item=tea))
    headers = signed(body)

    def asks_too_much() -> Any:
        raise OperationalError("no such column: shop_product.pieces")

    with monkeypatch.context() as shop:
        shop.setattr(map_for(Product), "queryset", asks_too_much)
        response = post(body, headers)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert not Event.objects.exists()
    assert counters.counts()["stock_unread"] == 1
    breaker.forget()
    assert told(post(body, headers)) == "aa"


def test_a_map_that_takes_its_time_is_not_taken_for_a_database_that_hangs(tea, monkeypatch):
    clock = Clock.of_breakers(monkeypatch)
    every = map_for(Product).queryset

    def slow() -> Any:
        clock.seconds += 3_600
        return every()

    monkeypatch.setattr(map_for(Product), "queryset", slow)

    assert told(send(report("stock", item=tea))) == "a"
    assert not breaker.database(router.db_for_write(Event)).is_resting


def test_a_fault_of_ours_is_no_error_of_the_server(tea, monkeypatch):
    monkeypatch.setattr("persona_django.tracking.server_intake.items.sensitive_among", lambda: 1)

    response = send(report("purchase", item=tea, order="A-1"))

    assert response.status_code == 503
    assert counters.counts()["server_events_failed"] == 1
    assert not Event.objects.exists()


# When something is broken


def test_a_database_that_refuses_is_said_and_the_same_message_may_come_again(tea):
    body = message(report("purchase", item=tea, order="A-1"))
    headers = signed(body)

    def full(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "persona_event" in sql and sql.startswith("INSERT"):
            raise OperationalError("disk full")
        return execute(sql, params, many, context)

    with connections[router.db_for_write(Event)].execute_wrapper(full):
        response = post(body, headers)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert not UsedNonce.objects.exists()
    assert told(post(body, headers)) == "a"


def test_no_secret_and_nothing_of_a_message_comes_into_a_log(tea, caplog):
    with caplog.at_level(0):
        send(report("save", item=tea, customer="ann@example.com\r\nInjected: yes", weight=1))
        post(b'{"ann@example.com"', signed(b'{"ann@example.com"'))
        body = message(report("save", item=tea, customer="ann@example.com"))
        post(body, signed(body, secret="a forged secret of 32 characters!!"))

    assert "ann@example.com" not in caplog.text
    assert "Injected" not in caplog.text
    assert SECRETS["erp"] not in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "id", "type", "at", "item", "order", "line", "refund", "quantity", "price", "customer",
    "guest", "basis", "value", "share", "seconds", "stock",
)  # fmt: skip
TYPES = ("purchase", "refund", "stock", "cart_add", "dwell", "finish", "ask_expert", "view")


@hypothesis_settings(max_examples=80)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8),
        max_size=4,
    ),
    st.sampled_from(TYPES),
)
def test_whatever_a_signed_message_holds_is_stored_within_limits_or_refused(tea, events, type_):
    sound = {"id": "i", "type": type_, "item": tea, "order": "o", "customer": 1, "seconds": 1}

    response = send(*events, *({**sound, **event} for event in events))

    assert response.status_code in (200, 400)
    for row in Event.objects.all():
        assert 1 <= row.quantity <= MOST_QUANTITY
        assert 0 <= row.value <= MOST_VALUE
        assert row.at <= time.time() + 300
        assert row.price is None or 0 <= row.price <= 10**15
