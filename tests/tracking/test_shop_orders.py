"""Orders that the shop's own code tells of: who placed one, and those that live elsewhere."""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import RequestFactory, override_settings

from persona_django import (
    Line,
    Promise,
    aordered,
    apurchased,
    arefunded,
    counters,
    ordered,
    purchased,
    refunded,
)
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.exceptions import BadEvent
from persona_django.identity import tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.shoppers import Shopper
from persona_django.identity.subjects import pause, subject_of, subject_of_visitor
from persona_django.importing.runs import Options, import_file
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from persona_django.tracking.orders import read_orders
from persona_django.tracking.schema import Basis, Kind
from tests.shop.models import Brand, OrderLine
from tests.tracking.buying import order, user, with_map
from tests.tracking.catalogue import stocked
from tests.tracking.test_shop_calls import agreed_request

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMER = Shopper(customer=12)


def kept() -> list[int]:
    """Pieces that were bought and not given back, as learning reads them."""
    return read_events(kinds=[Kind.PURCHASE]).quantity.tolist()


# ordered


def test_who_placed_an_order_is_noted_once_and_nothing_of_it_is_copied(settings):
    tea, _ = stocked()
    placed = order(tea)
    request = agreed_request(settings)

    assert ordered(request, placed) is Promise.STORED
    assert async_to_sync(aordered)(request, placed)

    row = Event.objects.get()
    assert (row.kind, row.item_id, row.shopper) == (Kind.ORDERED, 0, keyed("visitor", "someone"))
    # The number is the one by which the order's own lines are known.
    assert row.order == read_orders().order.tolist()[0]


def test_an_order_is_given_as_object_line_or_key(settings):
    tea, _ = stocked()
    placed = order(tea)
    request = agreed_request(settings)

    for form in (placed, placed.lines.get(), placed.pk, str(placed.pk)):
        assert ordered(request, form)

    assert Event.objects.count() == 1


def test_an_order_is_known_by_whatever_its_map_calls_it(settings):
    tea, _ = stocked()
    placed = order(tea, email="ann@example.com")
    request = agreed_request(settings)

    with with_map(order="order__email"):
        assert ordered(request, placed)
        assert Event.objects.get().order == read_orders().order.tolist()[0]


@pytest.mark.parametrize("given", [None, "", object(), 1.5])
def test_what_is_no_order_is_refused_with_what_to_do(settings, given):
    with pytest.raises(BadEvent, match=r"shop\.orderline"):
        ordered(agreed_request(settings), given)
    with pytest.raises(BadEvent, match="purchased"):
        ordered(agreed_request(settings), Brand.objects.create(name="b"))


def test_without_consent_nobody_is_noted_to_have_placed_an_order():
    tea, _ = stocked()

    assert not ordered(RequestFactory().post("/"), order(tea))

    assert not Event.objects.exists()


def test_an_order_that_is_rolled_back_was_placed_by_nobody(settings):
    tea, _ = stocked()

    with pytest.raises(RuntimeError), transaction.atomic():
        assert ordered(agreed_request(settings), order(tea)) is Promise.ON_COMMIT
        raise RuntimeError("the card was refused")

    assert not Event.objects.exists()


# purchased


def test_what_was_bought_elsewhere_is_kept_line_by_line_and_once():
    tea, item = stocked()
    mug, _ = stocked("Mug")
    lines = [Line(product=tea, quantity=2, price=Decimal("4.50")), mug]

    for _ in range(3):
        assert purchased(CUSTOMER, order="A-1", lines=lines)

    rows = Event.objects.order_by("item_id").values_list("item_id", "quantity", "price", "basis")
    assert rows[0] == (item, 2, 450, Basis.CUSTOMER)
    assert len(rows) == 2
    assert len(set(Event.objects.values_list("order", flat=True))) == 1


def test_two_lines_of_one_product_are_told_apart_by_their_names():
    tea, _ = stocked()

    purchased(CUSTOMER, order="A-1", lines=[Line(product=tea, id="1"), Line(product=tea, id="2")])
    purchased(CUSTOMER, order="A-2", lines=[Line(product=tea, id="1")])

    assert Event.objects.count() == 3


def test_who_bought_is_the_visitor_with_consent_the_customer_or_nobody(settings):
    tea, _ = stocked()
    anna = user("anna")
    anonymous = RequestFactory().post("/")
    signed_in = RequestFactory().post("/")
    signed_in.user = anna

    for number, who in enumerate([None, AnonymousUser(), Shopper(), anonymous, signed_in, anna]):
        assert purchased(who, order=number, lines=[tea])
    assert purchased(agreed_request(settings), order=6, lines=[tea])

    rows = list(Event.objects.order_by("id").values_list("shopper", "basis"))
    assert [basis for _, basis in rows] == [3, 3, 3, 3, 3, Basis.CUSTOMER, Basis.CONSENT]
    # Each order of nobody known has a buyer of its own.
    assert len({shopper for shopper, _ in rows[:4]}) == 4
    assert rows[4][0] == keyed("aggregate", str(anna.pk))
    assert rows[5][0] == keyed("customer", str(anna.pk))
    assert rows[6][0] == keyed("visitor", "someone")


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_the_order_of_somebody_who_objects_teaches_nothing(header):
    tea, _ = stocked()

    assert not purchased(RequestFactory().post("/", headers={header: "1"}), order=1, lines=[tea])

    assert not Event.objects.exists()
    assert counters.counts() == {"event_objected": 1}


@pytest.mark.parametrize("agrees", [True, False])
def test_the_order_of_a_browser_that_an_operator_paused_teaches_nothing(settings, agrees):
    tea, _ = stocked()
    request = agreed_request(settings)
    if not agrees:
        policy = {"BACKEND": "persona_django.identity.consent.RefuseAll"}
        settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": policy}
    pause(subject_of_visitor(request.COOKIES["persona"]))

    assert not purchased(request, order=1, lines=[tea])

    assert not Event.objects.exists()
    assert counters.counts() == {"event_objected": 1}


def test_the_order_of_an_app_whose_user_paused_teaches_nothing(settings):
    tea, _ = stocked()
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {
        "BACKEND": "persona_django.identity.consent.FromHeader"}}  # fmt: skip
    said = {
        tokens.HEADER: tokens.issue(VisitorCookie(pseudonym="someone")),
        "X-Persona-Consent": "measure, personalise",
    }
    paused = RequestFactory().post("/", headers=said)
    pause(subject_of(paused))

    assert not purchased(RequestFactory().post("/", headers=said), order=1, lines=[tea])

    assert not Event.objects.exists()


def test_an_order_has_one_number_whether_a_file_or_the_shops_code_tells_of_it(tmp_path):
    tea, _ = stocked()
    file = tmp_path / "orders.csv"
    file.write_text(f"customer,item,time,order\n5,{tea.pk},2024-01-02T03:04:05Z,A-1\n")
    import_file(file, Options(kind="order", model="shop.Product"))

    purchased(CUSTOMER, order="A-1", lines=[tea])

    assert Event.objects.values("order").distinct().count() == 1


def test_purchases_wait_for_the_commit_and_are_gone_with_a_rollback():
    tea, _ = stocked()

    with transaction.atomic():
        assert purchased(CUSTOMER, order="A-1", lines=[tea]) is Promise.ON_COMMIT
    with pytest.raises(RuntimeError), transaction.atomic():
        purchased(CUSTOMER, order="A-2", lines=[tea])
        raise RuntimeError("the card was refused")

    assert kept() == [1]


def test_what_nobody_may_know_of_is_left_out_of_an_order():
    tea, _ = stocked()
    test, item = stocked("Test")
    Item.objects.filter(pk=item).update(sensitive=True)

    assert purchased(CUSTOMER, order="A-1", lines=[tea, test])
    assert not purchased(CUSTOMER, order="A-2", lines=[test])

    assert Event.objects.count() == 1
    assert counters.counts()["event_sensitive"] == 2


@pytest.mark.parametrize(
    ("who", "order_name", "lines"),
    [
        ("17", "A-1", []),
        (CUSTOMER, "", []),
        (CUSTOMER, "A" * 129, []),
        (CUSTOMER, "A-1", [object()]),
        (CUSTOMER, "A-1", [Brand(name="b", pk=1)]),
    ],
)
def test_what_is_no_order_elsewhere_is_a_mistake(who, order_name, lines):
    with pytest.raises(BadEvent):
        purchased(who, order=order_name, lines=lines)


def test_an_order_without_lines_is_nothing():
    assert purchased(CUSTOMER, order="A-1", lines=[]) is Promise.NOTHING


def test_an_order_of_ten_thousand_lines_is_stored_whole_and_in_bounds():
    shown = [stocked(f"Tea {number}")[0] for number in range(30)]
    build_snapshot()
    lines = [
        Line(product=one, id=str(number))
        for number, one in zip(range(10_000), itertools.cycle(shown), strict=False)
    ]
    began = time.perf_counter()

    with transaction.atomic():
        assert purchased(CUSTOMER, order="A-1", lines=lines)

    assert Event.objects.count() == 10_000
    assert time.perf_counter() - began < 10


# refunded


def test_a_refund_takes_its_pieces_back_and_once():
    tea, _ = stocked()
    purchased(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=3)])

    for _ in range(2):
        assert refunded(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=1)])

    assert kept() == [2]


def test_parcels_that_come_back_one_after_the_other_are_told_apart_by_their_names():
    tea, _ = stocked()
    purchased(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=3)])

    for parcel in ("R-1", "R-2", "R-2"):
        refunded(CUSTOMER, order="A-1", lines=[Line(product=tea)], refund=parcel)

    assert kept() == [1]


def test_what_all_came_back_was_never_bought():
    tea, _ = stocked()
    mug, _ = stocked("Mug")
    purchased(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=2), mug])

    refunded(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=2)])

    assert kept() == [1]


def test_a_refund_that_is_told_before_its_purchase_takes_it_back_all_the_same():
    tea, _ = stocked()
    now = int(time.time())
    refunded(CUSTOMER, order="A-1", lines=[tea], at=now - 60)
    assert kept() == []

    purchased(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=2)], at=now)

    assert kept() == [1]


@pytest.mark.parametrize("turn", list(itertools.permutations(range(4)))[::3])
def test_orders_and_refunds_come_to_the_same_in_whatever_order_they_are_told(turn):
    tea, _ = stocked()
    at = 1_700_000_000
    told = [
        lambda: purchased(CUSTOMER, order="A", lines=[Line(product=tea, quantity=3)], at=at),
        lambda: purchased(CUSTOMER, order="B", lines=[Line(product=tea, quantity=5)], at=at + 9),
        lambda: refunded(CUSTOMER, order="A", lines=[Line(product=tea, quantity=2)], at=at + 20),
        lambda: refunded(CUSTOMER, order="B", lines=[tea], refund="R", at=at + 30),
    ]

    for number in (*turn, *turn):
        told[number]()

    assert sorted(kept()) == [1, 4]


def test_async_views_say_the_same():
    tea, _ = stocked()

    async def view() -> None:
        await apurchased(CUSTOMER, order="A-1", lines=[Line(product=tea, quantity=2)])
        await arefunded(CUSTOMER, order="A-1", lines=[tea])

    async_to_sync(view)()

    assert kept() == [1]


# Time


NAIVE = [
    (datetime(2026, 3, 29, 1, 59), 1_774_745_940),
    # A quarter past two does not exist on that day of 23 hours.
    (datetime(2026, 3, 29, 2, 15), 1_774_746_900),
    (datetime(2026, 3, 29, 3, 0), 1_774_746_000),
    # A quarter past two is twice on that day of 25 hours; the first one is meant.
    (datetime(2025, 10, 26, 2, 15), 1_761_437_700),
    (datetime(2024, 2, 29, 12, 0), 1_709_204_400),
]


@pytest.mark.parametrize(("at", "stored"), NAIVE)
def test_a_time_without_a_zone_is_the_shops_own_on_days_of_any_length(at, stored):
    tea, _ = stocked()

    with override_settings(TIME_ZONE="Europe/Berlin"):
        purchased(CUSTOMER, order="A-1", lines=[tea], at=at)

    assert Event.objects.get().at == stored


def test_a_shop_without_time_zones_tells_and_is_read_the_same(settings: Any):
    tea, _ = stocked()
    noon = datetime(2026, 3, 29, 12, tzinfo=timezone.utc)

    with override_settings(USE_TZ=False, TIME_ZONE="UTC"):
        purchased(CUSTOMER, order="A-1", lines=[tea], at=datetime(2026, 3, 29, 12))
        order(tea, created=datetime(2026, 3, 29, 12))
        lines = read_orders()

    assert Event.objects.get().at == int(noon.timestamp()) == lines.at.tolist()[0]
    assert OrderLine.objects.count() == 1
