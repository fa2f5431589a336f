"""The revision that moves with the shop's orders, whether or not a signal was sent."""

from __future__ import annotations

import logging
from types import MethodType
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.test import override_settings

from persona_django import counters
from persona_django.catalogue import state
from persona_django.catalogue.models import State
from persona_django.catalogue.registry import order_maps
from persona_django.exceptions import BrokenMap
from persona_django.model_registry.models import Lease
from persona_django.tasks import orders as orders_task
from persona_django.tracking import order_changes
from persona_django.training.jobs import run_due, run_orders
from tests.catalogue import tables
from tests.shop.models import Order, OrderLine
from tests.tracking.buying import order, with_map
from tests.tracking.catalogue import product

pytestmark = pytest.mark.django_db(transaction=True)


def revision() -> int:
    return state.read_state(fresh=True).get("orders", 0)


def moved(change) -> bool:
    before = revision()
    change()
    return revision() > before


def test_an_order_that_is_placed_paid_refunded_or_deleted_moves_it():
    tea = product()
    placed = order(tea, paid=False)
    line = placed.lines.get()

    def pay() -> None:
        placed.paid = True
        placed.save()

    def refund() -> None:
        line.refunded = 1
        line.save()

    assert moved(lambda: order(tea))
    assert moved(pay)
    assert moved(refund)
    assert moved(line.delete)
    assert not moved(lambda: product("Another"))


def test_one_transaction_moves_it_once_and_after_its_commit():
    tea = product()

    with transaction.atomic():
        for _ in range(5):
            order(tea)
        assert revision() == 0

    assert revision() == 1


def test_an_order_that_is_rolled_back_moves_nothing():
    tea = product()

    with pytest.raises(RuntimeError), transaction.atomic():
        order(tea)
        raise RuntimeError("the card was refused")

    assert revision() == 0


def test_saving_an_order_twice_tells_no_more_than_that_it_moved():
    placed = order(product())
    before = revision()

    placed.save()
    placed.save()

    assert revision() == before + 2


def test_a_loop_over_many_orders_moves_it_some_times_only(monkeypatch):
    placed = order(product())
    before = revision()
    monkeypatch.setattr(order_changes, "REFILL_SECONDS", 1_000.0)

    for _ in range(50):
        placed.save()

    assert revision() - before <= order_changes.MOST_AT_ONCE


def test_lines_made_in_bulk_are_noticed_at_the_next_look():
    tea = product()
    placed = order(tea)
    order_changes.reconcile()

    assert not moved(
        lambda: OrderLine.objects.bulk_create([OrderLine(order=placed, product=tea, price=1)])
    )

    assert moved(order_changes.reconcile)
    assert not moved(order_changes.reconcile)


@pytest.mark.parametrize(
    "change",
    [
        lambda: OrderLine.objects.update(refunded=1),
        lambda: OrderLine.objects.update(quantity=7),
        lambda: Order.objects.update(paid=False),
        lambda: OrderLine.objects.all()._raw_delete("default"),
    ],
    ids=["refunded", "quantity", "unpaid", "deleted"],
)
def test_changes_that_send_no_signal_are_noticed_at_the_next_look(change):
    order(product())
    order_changes.reconcile()

    assert not moved(change)

    assert moved(order_changes.reconcile)


def test_an_order_that_changes_while_the_job_looks_is_noticed_by_the_next_look(monkeypatch):
    order(product())
    bump = state.bump

    def changed_meanwhile(name: str, store: int = 1) -> int:
        OrderLine.objects.update(quantity=F("quantity") + 1)
        return bump(name, store)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(state, "bump", changed_meanwhile)
        assert moved(order_changes.reconcile)

    assert moved(order_changes.reconcile)
    assert not moved(order_changes.reconcile)


def a_day_passes() -> None:
    Lease.objects.update(done_at=1)


def test_the_job_looks_when_it_is_due_and_says_what_it_found():
    order(product())

    assert run_orders() == "orders have changed"
    assert run_orders() == ""
    a_day_passes()
    assert run_orders() == "no order has changed"


def test_cron_and_the_worker_do_the_job():
    order(product())
    before = revision()

    assert {done.name: done.said for done in run_due()}["orders/1"] == "orders have changed"
    assert revision() == before + 1
    OrderLine.objects.update(quantity=7)
    a_day_passes()
    orders_task()
    assert revision() == before + 2


def test_a_map_that_cannot_be_read_is_said_to_whoever_looks():
    def broken(self: Any) -> None:
        raise RuntimeError("the shop's own fault")

    with with_map() as _, pytest.raises(BrokenMap, match="the shop's own fault"):
        (order_map,) = order_maps()
        order_map.queryset = MethodType(broken, order_map)
        order_changes.reconcile()


def test_missing_tables_are_said_once_and_the_shop_goes_on(caplog):
    tea = product()

    with tables.without_tables(), caplog.at_level(logging.WARNING):
        order(tea)

    assert Order.objects.count() == 1
    assert counters.counts()["tables_missing"] >= 1
    assert caplog.text.count("manage.py migrate") == 1


def test_a_revision_that_cannot_be_raised_is_counted_and_the_shop_goes_on(monkeypatch):
    tea = product()
    monkeypatch.setattr(State._meta.get_field("value"), "column", "nowhere")

    order(tea)

    assert Order.objects.count() == 1
    assert counters.counts()["orders_unnoted"] >= 1


def test_a_shop_that_switched_us_off_is_not_followed():
    tea = product()

    with override_settings(PERSONA={"ENABLED": False}):
        assert not moved(lambda: order(tea))


def test_customers_are_no_orders():
    names = {model.__name__ for model in order_changes.models_of_orders()}

    assert names == {"Order", "OrderLine"}
