"""When the shop's own orders are read, and how many of them: as seldom and as few as can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest
import time_machine
from django.db import connections
from django.test.utils import CaptureQueriesContext

from persona_django.catalogue.models import Item
from persona_django.deriving import derive
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.tracking import order_changes
from persona_django.tracking.schema import Kind
from tests.deriving.doings import DAY, HOUR, did, look_again, rows_of_derived, visitor, worked_out
from tests.shop.models import Order, OrderLine, Product
from tests.training.history import buy, customers

pytestmark = pytest.mark.django_db
START = 1_800_000_000


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(START, tick=False) as travelling:
        yield travelling


@pytest.fixture
def anna(clock, items):
    """A customer whose browser is linked; the first two looks are done."""
    (anna,) = customers(1)
    visitor(1, account=keyed("customer", str(anna.pk)))
    look_twice(clock)
    return anna


def look_twice(clock) -> None:
    """So that the marks have passed whatever came in before."""
    for _ in range(3):
        look_again()
        clock.shift(HOUR)


def product_of(item: int) -> Product:
    return Product.objects.get(pk=Item.objects.get(pk=item).key)


@contextmanager
def orders_read(times: int) -> Iterator[None]:
    with CaptureQueriesContext(connections["default"]) as asked:
        yield
    found = [one["sql"] for one in asked if OrderLine._meta.db_table in one["sql"]]
    # Each read first asks what its columns are, on PostgreSQL, or how many rows it takes.
    assert bool(times) == bool(found), found
    assert len(found) <= 3 * times, found


def test_while_no_order_moved_and_no_cart_is_due_orders_are_not_read_at_all(anna, items, clock):
    did(1, Kind.VIEW, items[0], at=START)

    with orders_read(0):
        look_again()


def test_after_an_order_its_customer_is_looked_at_and_then_nobody(
    anna, items, clock, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        buy([anna], [product_of(items[0])], days_ago=0)
    account = keyed("customer", str(anna.pk))

    with orders_read(1):
        found = derive.begin()
        derive.finish(found)
    clock.shift(HOUR)
    with orders_read(0):
        after_that = derive.begin()

    assert found.persons.tolist() == [account]
    assert after_that.persons.tolist() == []


def test_after_an_order_nobody_is_looked_at_whose_browsers_all_withdrew(
    anna, items, clock, django_capture_on_commit_callbacks
):
    Visitor.objects.update(purposes="")
    with django_capture_on_commit_callbacks(execute=True):
        buy([anna], [product_of(items[0])], days_ago=0)

    assert derive.begin().persons.tolist() == []


def test_an_order_of_which_no_signal_told_is_found_by_the_hourly_look(anna, items, clock):
    order_changes.reconcile()
    look_twice(clock)
    (order,) = Order.objects.bulk_create(
        [Order(user=anna, created=datetime.fromtimestamp(START, timezone.utc))]
    )
    OrderLine.objects.bulk_create([OrderLine(order=order, product=product_of(items[0]), price=1)])
    assert derive.begin().persons.tolist() == []

    order_changes.reconcile()

    assert derive.begin().persons.tolist() == [keyed("customer", str(anna.pk))]


def test_a_cart_that_was_bought_stays_bought_long_after_its_orders_are_read_no_more(
    anna, items, clock
):
    did(1, Kind.CART_ADD, items[0], at=START + 3 * HOUR)
    buy([anna], [product_of(items[0])], days_ago=0)
    for days in (0, 1, 2, 10, 30):
        clock.move_to(START + days * DAY + 4 * HOUR)
        did(1, Kind.VIEW, items[3], at=START + days * DAY)
        look_again()
        assert worked_out(Kind.CART_ABANDONED) == []

    assert look_again(from_scratch=True).added == 0


def test_a_cart_that_was_left_alone_stays_so(anna, items, clock):
    did(1, Kind.CART_ADD, items[0], at=START + 3 * HOUR)
    for days in (2, 10, 30):
        clock.move_to(START + days * DAY)
        did(1, Kind.VIEW, items[3], at=START + days * DAY - HOUR)
        look_again()
        assert len(worked_out(Kind.CART_ABANDONED)) == 1


def test_a_cart_that_is_told_of_weeks_late_is_judged_with_the_orders_of_then(anna, items, clock):
    buy([anna], [product_of(items[0])], days_ago=0)
    look_twice(clock)
    clock.move_to(START + 30 * DAY)
    look_twice(clock)

    did(1, Kind.CART_ADD, items[0], at=START)
    did(1, Kind.CART_ADD, items[1], at=START)
    look_again()

    assert [row[2] for row in worked_out(Kind.CART_ABANDONED)] == [items[1]]


def test_a_look_in_many_messages_reads_the_orders_once(items, clock, monkeypatch):
    monkeypatch.setattr(derive, "PERSONS_AT_A_TIME", 1)
    buyers = customers(6)
    for key, buyer in enumerate(buyers, start=1):
        visitor(key, account=keyed("customer", str(buyer.pk)))
    look_twice(clock)
    at = START + 5 * HOUR
    for key in range(1, 7):
        did(key, Kind.CART_ADD, items[0], at=at)
        did(key, Kind.CART_ADD, items[1], at=at)
    clock.move_to(at)
    buy(buyers, [product_of(items[0])], days_ago=0)
    clock.shift(25 * HOUR)
    messages = 1
    with orders_read(1):
        while not derive.derive_some(1, seconds=0, beat=lambda: None):
            messages += 1
    step_by_step = rows_of_derived()

    assert messages == 6
    assert [row[2] for row in worked_out(Kind.CART_ABANDONED)] == [items[1]] * 6
    assert look_again(from_scratch=True).added == 0
    assert rows_of_derived() == step_by_step
