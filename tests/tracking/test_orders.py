"""The shop's order lines, read through its maps."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, Value
from django.db.models.functions import TruncDate
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from persona_django.catalogue import registry
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.exceptions import BrokenMap
from persona_django.identity.keys import keyed
from persona_django.tracking.lines import seconds_of, since_then, whole_pieces
from persona_django.tracking.orders import own_purchases, read_orders
from tests.shop.models import Gift, OrderLine, Product
from tests.tracking.buying import NOON, order, user, with_map
from tests.tracking.catalogue import gift, item_of, product, stocked

pytestmark = pytest.mark.django_db


def test_a_paid_line_is_read_with_its_buyer_item_time_and_quantity():
    tea, item = stocked()
    anna = user("anna")
    order(tea, user=anna, quantity=3)

    lines = read_orders()

    assert lines.shopper.tolist() == [keyed("customer", str(anna.pk))]
    assert lines.item.tolist() == [item]
    assert lines.at.tolist() == [int(NOON.timestamp())]
    assert lines.quantity.tolist() == [3]
    assert lines.item.dtype == lines.shopper.dtype == lines.order.dtype == np.int64
    assert lines.quantity.dtype == np.int32


def test_what_was_not_paid_or_was_given_back_is_no_purchase():
    tea, _ = stocked()
    mug, item = stocked("Mug")
    order(tea, paid=False)
    order(tea, quantity=2, refunded=2)
    order(mug, quantity=3, refunded=1)

    lines = read_orders()

    assert lines.item.tolist() == [item]
    assert lines.quantity.tolist() == [2]


def test_a_guest_is_one_buyer_by_their_address_and_without_one_each_order_is_a_buyer():
    tea, _ = stocked()
    for email in ("Eve@shop.example", " eve@SHOP.example", "", ""):
        order(tea, tea, email=email)

    lines = read_orders()

    eve, again, first, second = lines.shopper[::2].tolist()
    assert eve == again == keyed("guest", "eve@shop.example")
    assert len({eve, first, second}) == 3
    assert lines.shopper[::2].tolist() == lines.shopper[1::2].tolist()
    assert len(set(lines.order.tolist())) == 4
    assert not set(lines.order.tolist()) & set(lines.shopper.tolist())


def test_a_signed_in_buyer_counts_as_that_customer_whatever_address_they_gave():
    tea, _ = stocked()
    anna = user("anna")
    order(tea, user=anna, email="anna@shop.example")
    order(tea, user=anna, email="other@shop.example")

    assert set(read_orders().shopper.tolist()) == {keyed("customer", str(anna.pk))}


def test_lines_of_products_the_catalogue_does_not_know_are_counted_and_left_out():
    tea, item = stocked()
    order(tea)
    # Bulk writes send no signal, so the catalogue has not heard of this one.
    order(*Product.objects.bulk_create([Product(name="New", price=1)]))

    lines = read_orders()

    assert lines.item.tolist() == [item]
    assert lines.unknown == 1


def test_only_lines_since_a_moment_are_read():
    tea, _ = stocked()
    order(tea, created=NOON - timedelta(days=2))
    order(tea, created=NOON)

    lines = read_orders(since=int(NOON.timestamp()))

    assert lines.at.tolist() == [int(NOON.timestamp())]


def test_a_shop_may_keep_its_orders_out_of_learning(settings):
    tea, _ = stocked()
    order(tea)
    settings.PERSONA = {**settings.PERSONA, "LEARN_FROM_ORDERS": False}

    assert len(read_orders()) == 0


def test_progress_ends_at_the_number_of_lines():
    tea, _ = stocked()
    order(tea, tea, tea)
    seen: list[tuple[int, int]] = []

    read_orders(progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (3, 3)


@pytest.mark.parametrize("hours", [1, 2, 3])
def test_times_around_a_change_of_the_clock_stay_true(settings, hours):
    settings.TIME_ZONE = "Europe/Berlin"
    tea, _ = stocked()
    moment = datetime(2026, 10, 25, hours - 1, 30, tzinfo=timezone.utc)
    order(tea, created=moment)

    assert read_orders().at.tolist() == [int(moment.timestamp())]


# Maps of other shapes


def test_a_map_with_only_the_needed_paths_counts_each_line_once():
    tea, item = stocked()
    order(tea, quantity=4, refunded=4, user=user("anna"))
    with with_map():
        lines = read_orders()

    assert lines.item.tolist() == [item]
    assert lines.quantity.tolist() == [1]


def test_relations_and_computed_columns_work_as_paths():
    tea, item = stocked()
    anna = user("anna")
    placed = order(tea, quantity=2, user=anna)

    def queryset(self: Any) -> Any:
        return OrderLine.objects.annotate(pieces=Value(7))

    with with_map(
        item="product", order="order", customer="order__user", quantity="pieces", queryset=queryset
    ):
        lines = read_orders()
        own = own_purchases(anna, since=0)

    assert (lines.item.tolist(), lines.quantity.tolist()) == ([item], [7])
    assert lines.shopper.tolist() == [keyed("customer", str(anna.pk))]
    assert (own.item.tolist(), own.quantity.tolist()) == ([item], [7])
    assert placed.pk


def test_text_keys_and_the_same_path_twice_work():
    tea, _ = stocked()
    order(tea, email="a@shop.example")
    order(tea, email="b@shop.example")
    with with_map(order="order__email", guest_key="order__email", customer=""):
        lines = read_orders()

    assert len(set(lines.order.tolist())) == 2
    assert lines.shopper.tolist() == [
        keyed("guest", "a@shop.example"),
        keyed("guest", "b@shop.example"),
    ]


def test_uuid_keys_are_spelt_as_the_catalogue_spells_them():
    voucher = gift()
    item = item_of(voucher)
    tea = product()
    order(tea, user=user("anna"))

    def queryset(self: Any) -> Any:
        return OrderLine.objects.annotate(voucher=Value(voucher.pk, output_field=Gift._meta.pk))

    with with_map(item="voucher", item_model=Gift, queryset=queryset):
        lines = read_orders()

    assert lines.item.tolist() == [item]


@pytest.mark.parametrize(
    ("computed", "start"),
    [
        (TruncDate("order__created"), datetime(2026, 3, 29, tzinfo=timezone.utc)),
        (Value(1_774_785_600), NOON),
    ],
)
def test_days_and_epoch_seconds_work_as_times_too(computed, start):
    tea, item = stocked()
    anna = user("anna")
    order(tea, user=anna)

    def queryset(self: Any) -> Any:
        return OrderLine.objects.annotate(moment=computed)

    at = int(start.timestamp())
    with with_map(placed_at="moment", queryset=queryset):
        assert read_orders(since=at).at.tolist() == [at]
        assert len(read_orders(since=at + 86_400)) == 0
        assert own_purchases(anna, since=at).last_at.tolist() == [at]
        assert own_purchases(anna, since=at).item.tolist() == [item]


def test_a_shop_that_stores_local_times_is_asked_in_local_time(settings):
    settings.USE_TZ = False
    settings.TIME_ZONE = "Europe/Berlin"
    (order_map,) = registry.order_maps()

    asked = since_then(order_map, OrderLine.objects.all(), int(NOON.timestamp()))

    # At noon in Greenwich it is two in Berlin, an hour after the clock was put forward.
    assert "2026-03-29 14:00:00" in str(asked.query)
    assert seconds_of(datetime(2026, 3, 29, 14)) == int(NOON.timestamp())
    assert seconds_of(None) == 0


@given(
    st.lists(
        st.floats(-1e12, 1e12) | st.sampled_from([float("nan"), float("inf"), 0.35, -0.35, 0.0])
    )
)
def test_any_quantity_becomes_whole_pieces(given_quantities):
    pieces = whole_pieces(np.array(given_quantities)).tolist()

    for quantity, whole in zip(given_quantities, pieces, strict=True):
        assert abs(whole) < 2**31
        assert (whole > 0) == (0 < quantity < float("inf"))


def test_own_purchases_are_named_by_the_snapshot_where_there_is_one():
    tea, item = stocked()
    anna = user("anna")
    order(tea, user=anna)
    build_snapshot()
    own_purchases(anna, since=0)

    with CaptureQueriesContext(connection_of(Item)) as asked:
        own = own_purchases(anna, since=0)

    assert own.item.tolist() == [item]
    assert not [query for query in asked if "persona_item" in query["sql"]]


def test_an_empty_catalogue_knows_no_line():
    order(*Product.objects.bulk_create([Product(name="New", price=1)]))

    assert read_orders().unknown == 1


def test_a_condition_that_nothing_meets_reads_nothing():
    tea, _ = stocked()
    order(tea)
    with with_map(counts=Q(pk__in=[])):
        assert len(read_orders()) == 0


def test_a_shop_without_order_maps_has_no_lines():
    with registry.isolated():
        assert len(read_orders()) == 0
        assert len(own_purchases(user("anna"), since=0)) == 0


def test_a_map_that_raises_says_which_and_what_to_do():
    def queryset(self: Any) -> Any:
        if catalogue_is_ready:
            raise RuntimeError("the legacy database is away")
        return OrderLine.objects.all()

    catalogue_is_ready = False
    with with_map(queryset=queryset):
        assert registry.order_maps()
        catalogue_is_ready = True
        with pytest.raises(BrokenMap, match=r"Orders of shop.orderline .* legacy database"):
            read_orders()
        with pytest.raises(BrokenMap, match="legacy database"):
            own_purchases(user("anna"), since=0)


# A shopper's own purchases


def test_own_purchases_are_counted_by_order_and_newest_first():
    tea, tea_item = stocked()
    mug, mug_item = stocked("Mug")
    anna = user("anna")
    order(tea, tea, user=anna, created=NOON - timedelta(days=9), quantity=2)
    order(tea, user=anna, created=NOON - timedelta(days=3))
    order(mug, user=anna, created=NOON - timedelta(days=1), quantity=5, refunded=1)

    own = own_purchases(anna, since=0)

    assert own.item.tolist() == [mug_item, tea_item]
    assert own.times.tolist() == [1, 2]
    assert own.quantity.tolist() == [4, 5]
    assert own.last_at.tolist() == [
        int((NOON - timedelta(days=days)).timestamp()) for days in (1, 3)
    ]


def test_own_purchases_are_nobody_elses_and_cost_one_query_of_the_shops_lines():
    tea, _ = stocked()
    anna, bert = user("anna"), user("bert")
    order(tea, user=anna)
    order(tea)

    with CaptureQueriesContext(connection_of(OrderLine)) as asked:
        own = own_purchases(bert, since=0)

    assert len(own) == 0
    assert len(asked) == 1


@pytest.mark.parametrize("who", [None, AnonymousUser()])
def test_a_visitor_who_is_not_signed_in_has_no_purchases_and_costs_no_query(
    who, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert len(own_purchases(who, since=0)) == 0


def test_own_purchases_reach_back_only_as_far_as_asked():
    tea, _ = stocked()
    anna = user("anna")
    order(tea, user=anna, created=NOON - timedelta(days=2))

    assert len(own_purchases(anna, since=int(NOON.timestamp()))) == 0


def connection_of(model: Any) -> Any:
    from django.db import connections, router

    return connections[router.db_for_read(model)]
