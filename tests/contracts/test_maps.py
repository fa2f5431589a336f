"""What every registered map keeps to, on the models of the test shop."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User

from persona_django.catalogue.maps import Audience, ItemMap, OrderMap
from persona_django.catalogue.registry import faults, item_maps, order_maps
from tests.shop.models import Gift, Order, OrderLine, Product

every_item_map = pytest.mark.parametrize("label", sorted(item_maps()))
every_order_map = pytest.mark.parametrize("orders", order_maps(), ids=repr)

pytestmark = pytest.mark.django_db


def an_object(item_map: ItemMap) -> Any:
    if item_map.model is Gift:
        return Gift.objects.create(label="Voucher", cents=2500)
    Product.objects.create(name="Kettle", price="24.90", stock=3)
    return Product.objects.get()


def test_the_shop_declares_its_maps_without_fault():
    assert list(faults()) == []
    assert len(item_maps()) == 2
    assert len(order_maps()) == 1


@every_item_map
def test_a_map_reads_every_value_it_declares(label: str):
    item_map = item_maps()[label]
    product = an_object(item_map)

    for name in ("title", "price", "url"):
        assert item_map.value(product, name) not in (None, "")
    assert item_map.minor_units(item_map.value(product, "price")) > 0
    assert item_map.key(product) == str(product.pk)
    assert len(item_map.currency_of(product)) == 3


@every_item_map
def test_what_is_visible_is_a_part_of_the_queryset_for_any_audience(label: str):
    item_map = item_maps()[label]
    an_object(item_map)

    for audience in (Audience(), Audience(user=AnonymousUser()), Audience(language="ar", store=7)):
        shown = item_map.visible(item_map.queryset(), audience)
        assert set(shown) <= set(item_map.queryset())


@every_order_map
def test_a_shopper_is_only_ever_given_their_own_lines(orders: OrderMap):
    mine, theirs = (User.objects.create(username=name) for name in ("ann", "bob"))
    for buyer in (mine, theirs, None):
        order = Order.objects.create(user=buyer, created=datetime(2026, 5, 3, tzinfo=timezone.utc))
        product = Product.objects.create(name="Kettle", price=9)
        OrderLine.objects.create(order=order, product=product, price=9)

    assert {line.order.user for line in orders.own(orders.queryset(), mine)} == {mine}
    assert not orders.own(orders.queryset(), AnonymousUser()).exists()
    assert not orders.own(orders.queryset(), None).exists()


@every_order_map
def test_only_lines_that_count_are_purchases(orders: OrderMap):
    for paid in (True, False):
        order = Order.objects.create(paid=paid, created=datetime(2026, 5, 3, tzinfo=timezone.utc))
        product = Product.objects.create(name="Kettle", price=9)
        OrderLine.objects.create(order=order, product=product, price=9)

    assert [line.order.paid for line in orders.lines()] == [True]
