"""Whatever comes in when, however often it is looked at: the table holds what follows from it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import time_machine

from persona_django.artefacts import notes
from persona_django.catalogue.models import Item
from persona_django.deriving import derive, work
from persona_django.exceptions import LostLease
from persona_django.feedback.models import ServedSlate
from persona_django.identity.keys import keyed
from persona_django.model_registry.leases import Held, hold
from persona_django.model_registry.models import Lease
from persona_django.tracking import order_changes
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import DERIVED, Kind
from tests.deriving.doings import (
    DAY,
    HOUR,
    ago,
    did,
    look_again,
    now,
    rows_of_derived,
    saw,
    searched,
    visitor,
    worked_out,
)
from tests.shop.models import Order, Product
from tests.training.history import buy, customers

pytestmark = pytest.mark.django_db
START = 1_800_000_000


def a_month_of(items: list[int], chance: random.Random) -> list[Any]:
    """Events, searches and slates of a few people on several devices, in no order."""
    kinds = [Kind.VIEW] * 6 + [Kind.CART_ADD, Kind.CART_REMOVE, Kind.ORDERED, Kind.DISMISS]
    made: list[Any] = []
    for uid in range(1, 241):
        at = START + chance.randrange(0, 6 * DAY, 600)
        who = chance.randrange(1, 7)
        sort = chance.random()
        if sort < 0.2:
            shown = chance.sample(items, 4)
            made.append(
                ServedSlate(
                    shopper=who, uid=uid * 7_919, block="b", at=at,
                    items=b"".join(item.to_bytes(8, "little") for item in shown),
                    seen=chance.randrange(16), clicked=chance.choice([0, 0, 1, 2, 4, 8]),
                )
            )  # fmt: skip
        elif sort < 0.25:
            made.append(
                Intent(shopper=who, uid=uid * 7_919, kind=Intent.Kind.SORT, at=at, words="price")
            )
        else:
            kind = chance.choice(kinds)
            item = 0 if kind == Kind.ORDERED else chance.choice(items)
            made.append(Event(shopper=who, uid=uid * 7_919, kind=kind, item_id=item, at=at))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_and_any_number_of_looks_give_the_rows_of_one_look(items, seed):
    chance = random.Random(seed)
    (anna,) = customers(1)
    account = keyed("customer", str(anna.pk))
    log = a_month_of(items, chance)
    chance.shuffle(log)
    linked_after = chance.randrange(len(log))
    with time_machine.travel(START, tick=False) as clock:
        for number, row in enumerate(log):
            if number == linked_after:
                for key in (1, 2):
                    visitor(key, account=account)
            row.save()
            if chance.random() < 0.1:
                # Nothing was there yet, everything was there long ago, or something in between.
                clock.move_to(START + chance.randrange(8 * DAY))
                look_again()
        clock.move_to(START + 9 * DAY)
        buy([anna], [], days_ago=1)
        look_again()
        step_by_step = rows_of_derived()

        assert look_again().added == 0
        assert look_again(from_scratch=True).added == 0
        assert rows_of_derived() == step_by_step

        Event.objects.filter(kind__in=DERIVED).delete()
        look_again(from_scratch=True)

    assert rows_of_derived() == step_by_step
    assert {row[3] for row in step_by_step} == {Kind.REVISIT, Kind.SKIP, Kind.CART_ABANDONED}


def test_a_late_event_takes_back_what_is_no_longer_true(items):
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(1, Kind.VIEW, items[0], at=ago(4 * HOUR))
    look_again()
    assert worked_out() == [(1, "revisit", items[0], 1_000)]

    # Sent by a telephone that was offline: both were one visit.
    did(1, Kind.VIEW, items[1], at=ago(4.7 * HOUR))
    did(1, Kind.VIEW, items[1], at=ago(4.3 * HOUR))
    look_again()

    assert worked_out() == []


def test_what_was_stored_once_is_not_stored_again(items):
    did(1, Kind.VIEW, items[0], at=ago(5 * HOUR))
    did(1, Kind.VIEW, items[0], at=ago(2 * HOUR))
    look_again()
    before = list(Event.objects.values_list("pk", flat=True))

    for _ in range(3):
        look_again()
    look_again(from_scratch=True)

    assert list(Event.objects.values_list("pk", flat=True)) == before


def test_a_slate_that_was_seen_after_its_visit_was_looked_at_is_looked_at_again(items):
    with time_machine.travel(START, tick=False) as clock:
        slate = saw(1, items[:2], at=START, seen=[0])
        did(1, Kind.VIEW, items[4], at=START + 60)
        clock.move_to(START + HOUR)
        look_again()
        # The tab stayed open, and was scrolled hours later.
        ServedSlate.objects.filter(pk=slate.pk).update(seen=3)
        for hours in (2, 12, 26, 27):
            clock.move_to(START + hours * HOUR)
            look_again()

    assert [row[2] for row in worked_out()] == items[:2]


def test_an_order_that_was_paid_for_later_takes_the_abandoned_cart_back(items):
    (anna,) = customers(1)
    visitor(1, account=keyed("customer", str(anna.pk)))
    with time_machine.travel(START, tick=False) as clock:
        did(1, Kind.CART_ADD, items[0], at=START)
        clock.move_to(START + HOUR)
        buy([anna], [Product.objects.get(pk=Item.objects.get(pk=items[0]).key)], days_ago=0)
        Order.objects.update(paid=False)
        clock.move_to(START + 25 * HOUR)
        look_again()
        assert len(worked_out()) == 1

        order_changes.reconcile()
        look_again()
        Order.objects.update(paid=True)
        order_changes.reconcile()
        clock.move_to(START + 26 * HOUR)
        look_again()

    assert worked_out() == []


def test_only_who_has_something_new_is_looked_at(items, monkeypatch):
    for shopper in range(1, 6):
        did(shopper, Kind.VIEW, items[0], at=ago(5 * HOUR))
    asked: list[int] = []
    people_of = derive.people_of
    monkeypatch.setattr(
        derive, "people_of", lambda persons: asked.extend(persons) or people_of(persons)
    )
    look_again()
    asked.clear()

    with time_machine.travel(now() + 2 * HOUR, tick=False) as clock:
        look_again()
        clock.shift(2 * HOUR)
        look_again()
        asked.clear()
        did(3, Kind.VIEW, items[0], at=ago(HOUR))
        look_again()

    assert asked == [3]


def test_looks_every_minute_come_to_an_end_with_whoever_is_new(items, settings):
    settings.PERSONA = {**settings.PERSONA, "DERIVE_EVERY": timedelta(minutes=1)}
    with time_machine.travel(START, tick=False) as clock:
        look_again()
        did(1, Kind.VIEW, items[0], at=START - 5 * HOUR)
        looked_at = []
        for _ in range(11):
            clock.shift(60)
            found = derive.begin()
            looked_at.append(found.persons.tolist())
            derive.finish(found)

    assert looked_at[0] == [1]
    assert looked_at[-2:] == [[], []]


def test_what_is_older_than_its_evidence_may_be_stays_as_it_was(items, settings):
    with time_machine.travel(START, tick=False) as clock:
        did(1, Kind.VIEW, items[0], at=START - 3 * DAY)
        did(1, Kind.VIEW, items[0], at=START - 2 * DAY)
        look_again()
        before = rows_of_derived()
        Event.objects.filter(at=START - 3 * DAY).delete()
        clock.move_to(START + 62 * DAY)
        look_again(from_scratch=True)

    assert rows_of_derived() == before != set()


def test_a_chunk_hands_over_and_the_next_one_goes_on_where_it_stood(items, monkeypatch, settings):
    monkeypatch.setattr(derive, "PERSONS_AT_A_TIME", 2)
    for shopper in range(1, 8):
        did(shopper, Kind.VIEW, items[0], at=ago(5 * HOUR))
        did(shopper, Kind.VIEW, items[0], at=ago(2 * HOUR))
    done = []

    while not derive.derive_some(1, seconds=0, beat=lambda: None):
        done.append(len(worked_out()))

    assert done == [2, 4, 6]
    assert len(worked_out()) == 7
    assert notes.recall("work/derive/1") == {}


@pytest.mark.parametrize(
    "kept", [{}, {"numbers": [1], "marks": [0]}, {"numbers": [1, 2], "marks": [0], "of_who": [7]}]
)
def test_work_that_code_before_an_update_kept_otherwise_is_begun_anew(items, kept):
    for at in (5, 2):
        did(1, Kind.VIEW, items[0], at=ago(at * HOUR))
    arrays = {name: np.array(given, dtype=np.int64) for name, given in kept.items()}
    work.keep("work/derive/1", {"persons": np.array([9]), **arrays}, begun=1, left=1)

    assert derive.derive_some(1, seconds=0, beat=lambda: None)

    assert len(worked_out()) == 1
    assert notes.recall("work/derive/1") == {}


def test_who_lost_the_lease_stops_and_the_next_look_mends_it(items, monkeypatch, settings):
    settings.PERSONA = {**settings.PERSONA, "LEASE_FOR": timedelta(seconds=0.001)}
    monkeypatch.setattr(derive, "PERSONS_AT_A_TIME", 1)
    for shopper in (1, 2):
        did(shopper, Kind.VIEW, items[0], at=ago(5 * HOUR))
        did(shopper, Kind.VIEW, items[0], at=ago(2 * HOUR))

    def overtaken(held: Held) -> None:
        Lease.objects.update(holder="another", fence=99)
        held.renew(surely=True)

    with pytest.raises(LostLease), hold("derive/1") as held:
        assert held is not None
        derive.derive(beat=lambda: overtaken(held))
    assert len(worked_out()) == 1
    look_again()

    assert len(worked_out()) == 2


def test_what_was_worked_out_makes_nobody_look_again(items):
    with time_machine.travel(START, tick=False) as clock:
        did(1, Kind.VIEW, items[0], at=START - 5 * HOUR)
        did(1, Kind.VIEW, items[0], at=START - 2 * HOUR)
        for _ in range(3):
            look_again()
            clock.shift(HOUR)

        found = derive.begin()

    assert found is not None
    assert found.persons.tolist() == []


def test_words_of_a_visit_that_is_over_are_gone_whether_there_is_a_catalogue_or_not():
    searched(1, "tea", at=ago(2 * HOUR))

    assert derive.begin() is None
    assert Intent.objects.get().words == ""
