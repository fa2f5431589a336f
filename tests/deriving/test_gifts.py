"""What was bought once, for somebody else."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import time_machine

from persona_django.artefacts import store as artefacts
from persona_django.catalogue.models import Item
from persona_django.deriving import gifts, work
from persona_django.identity.keys import keyed
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Basis, Kind
from tests.deriving.doings import (
    DAY,
    HOUR,
    ago,
    did,
    look_for_gifts,
    now,
    rows_of_derived,
    visitor,
    worked_out,
)
from tests.shop.models import OrderLine, Product
from tests.training.history import buy, customers

pytestmark = pytest.mark.django_db


def products_of(*items: int) -> list[Product]:
    keys = dict(Item.objects.filter(pk__in=items).values_list("pk", "key"))
    return [Product.objects.get(pk=keys[item]) for item in items]


def test_a_category_bought_from_once_and_left_alone_was_a_present(items):
    did(1, Kind.PURCHASE, items[0], at=ago(35 * DAY), order=5)

    look_for_gifts()

    assert worked_out() == [(1, "one_off", items[0], 300)]


def test_it_is_surer_of_somebody_who_looked_at_other_things_before_and_after(items):
    did(1, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=5)
    did(1, Kind.VIEW, items[4], at=ago(50 * DAY))
    did(1, Kind.VIEW, items[4], at=ago(30 * DAY))

    look_for_gifts()

    assert worked_out() == [(1, "one_off", items[0], 800)]


@pytest.mark.parametrize("days", [55, 20])
def test_interest_in_the_category_before_or_after_is_a_taste(items, days):
    did(1, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=5)
    did(1, Kind.VIEW, items[1], at=ago(days * DAY))

    look_for_gifts()

    assert worked_out() == []


def test_looking_for_it_on_the_day_is_part_of_buying_a_present(items):
    did(1, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=5)
    did(1, Kind.VIEW, items[1], at=ago(40 * DAY) - HOUR)

    look_for_gifts()

    assert len(worked_out()) == 1


def test_too_short_a_while_ago_says_nothing(items):
    did(1, Kind.PURCHASE, items[0], at=ago(20 * DAY), order=5)

    look_for_gifts()

    assert worked_out() == []


def test_bought_again_in_the_category_takes_the_verdict_back_however_old_it_is(items):
    with time_machine.travel(now(), tick=False) as clock:
        did(1, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=5)
        look_for_gifts()
        clock.shift(100 * DAY)
        look_for_gifts()
        assert len(worked_out()) == 1

        did(1, Kind.PURCHASE, items[1], at=now(), order=6)
        look_for_gifts()

    assert worked_out() == []


def test_a_refund_of_all_of_it_takes_the_verdict_back(items):
    did(1, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=5)
    look_for_gifts()
    did(1, Kind.REFUND, items[0], at=ago(DAY), order=5)

    look_for_gifts()

    assert worked_out() == []


def test_the_shops_own_orders_are_looked_at_for_customers_who_are_linked_only(items):
    anna, bert = customers(2)
    buy([anna, bert], products_of(items[0]), days_ago=40)
    for key in (8, 7):
        visitor(key, account=keyed("customer", str(anna.pk)))

    look_for_gifts()

    assert worked_out() == [(7, "one_off", items[0], 300)]
    assert Event.objects.get().basis == Basis.CONSENT
    OrderLine.objects.all().delete()
    look_for_gifts()
    assert worked_out() == []


def test_imports_without_a_name_describe_nobody(items):
    did(1, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=5, basis=Basis.AGGREGATE)

    look_for_gifts()

    assert worked_out() == []


def test_chunks_and_repetition_give_the_rows_of_one_look(items, monkeypatch):
    for shopper in range(1, 6):
        did(shopper, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=shopper)
    look_for_gifts()
    at_once = rows_of_derived()
    Event.objects.filter(kind=Kind.ONE_OFF).delete()
    monkeypatch.setattr(gifts, "PERSONS_AT_A_TIME", 2)
    steps = 1

    while not gifts.find_some(1, seconds=0, beat=lambda: None):
        steps += 1

    assert steps == 3
    assert rows_of_derived() == at_once
    assert look_for_gifts().added == 0


@pytest.mark.parametrize("kept", [{"item": [1]}, {"of_item": [1]}, {"begun": [[]]}])
def test_work_that_code_before_an_update_kept_otherwise_is_begun_anew(items, monkeypatch, kept):
    for shopper in range(1, 4):
        did(shopper, Kind.PURCHASE, items[0], at=ago(40 * DAY), order=shopper)
    monkeypatch.setattr(gifts, "PERSONS_AT_A_TIME", 2)
    arrays = {name: np.array(given, dtype=np.int64) for name, given in kept.items()}
    work.keep("work/gifts/1", {"persons": np.array([1]), **arrays}, begun=1, left=1)

    steps = [gifts.find_some(1, seconds=0, beat=lambda: None) for _ in range(2)]

    assert steps == [False, True]
    assert len(worked_out()) == 3
    assert not artefacts.names("work/gifts/")


def test_events_that_are_kept_for_less_than_the_while_give_no_verdict(items, settings):
    settings.PERSONA = {**settings.PERSONA, "EVENTS_KEPT": timedelta(days=40)}
    did(1, Kind.PURCHASE, items[0], at=ago(35 * DAY), order=5)

    look_for_gifts()

    assert worked_out() == []


def test_without_a_catalogue_it_waits(db):
    assert gifts.find_gifts(beat=lambda: None) is None
    assert gifts.find_some(1, seconds=0, beat=lambda: None)
