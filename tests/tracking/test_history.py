"""What is read of weeks that are counted and of the log together."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from persona_django.identity.models import Standing, Visitor
from persona_django.identity.subjects import pause, resume, subject_of_keys
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import week_of
from persona_django.tracking import folding, weeks
from persona_django.tracking.events import read_events
from persona_django.tracking.history import read_history
from persona_django.tracking.models import Event, WeekEvidence
from persona_django.tracking.schema import Basis, Kind
from tests.deriving.doings import did
from tests.tracking.folded import HOUR, NOW, begins, days_ago, fold, told

pytestmark = pytest.mark.django_db
LEARNT = (Kind.PURCHASE, Kind.VIEW, Kind.CLICK, Kind.DWELL, Kind.ENGAGE, Kind.REVISIT)


def a_history(n: int = 400) -> None:
    """Of twelve weeks, by a few visitors, of all sorts."""
    rng = np.random.default_rng(7)
    for number in range(n):
        kind = Kind(int(rng.choice([int(kind) for kind in LEARNT])))
        did(
            int(rng.integers(1, 4)),
            kind,
            int(rng.integers(1, 3)),
            at=days_ago(rng.uniform(0, 85)),
            value=int(rng.integers(1, 900)),
            basis=Basis(int(rng.integers(1, 4))),
            order=number if kind == Kind.PURCHASE else 0,
        )


def test_weeks_and_what_came_since_say_what_the_log_says_of_every_day():
    a_history()
    expected = told(read_events(kinds=LEARNT))

    fold()

    assert WeekEvidence.objects.exists()
    found = read_history(1, LEARNT)
    assert told(found) == expected
    # One event for each day, and orders as they were.
    assert len(found) < Event.objects.count()
    bought = found.take(found.kind == Kind.PURCHASE)
    assert sorted(bought.order.tolist()) == sorted(
        read_events(kinds=[Kind.PURCHASE]).order.tolist()
    )


def test_only_the_kinds_that_are_asked_for_come_back():
    a_history(100)
    fold()

    assert set(read_history(1, [Kind.VIEW]).kind.tolist()) == {Kind.VIEW}
    assert set(read_history(1, [Kind.VIEW, Kind.PURCHASE]).kind.tolist()) == {
        Kind.VIEW,
        Kind.PURCHASE,
    }
    assert len(read_history(2, LEARNT)) == 0


def test_a_week_that_is_not_over_is_read_from_the_log():
    did(1, Kind.VIEW, 5, at=begins(2) + HOUR)
    did(1, Kind.VIEW, 6, at=NOW - 60)

    fold()

    assert [row.week for row in WeekEvidence.objects.all()] == [week_of(begins(2))]
    assert {item for _, item, *_ in told(read_history(1, [Kind.VIEW]))} == {5, 6}


def test_a_week_that_is_counted_while_it_is_read_counts_once(monkeypatch):
    did(1, Kind.ENGAGE, 5, at=begins(1) + HOUR, value=300)
    did(2, Kind.ENGAGE, 5, at=begins(3) + HOUR, value=300)
    fold(now=begins(1) + 2 * DAY_SECONDS)
    before = folding.folded(1)
    fold()

    monkeypatch.setattr(folding, "folded", lambda store: before)

    assert sorted(read_history(1, [Kind.ENGAGE]).shopper.tolist()) == [1, 2]


def test_who_paused_or_is_taken_for_a_robot_is_counted_and_teaches_nothing():
    agreed = {"purposes": "measure", "standing": Standing.QUALIFIED}
    Visitor.objects.create(key=1, **agreed)
    Visitor.objects.create(key=2, **{**agreed, "purposes": ""})
    Visitor.objects.create(key=3, **{**agreed, "standing": Standing.ROBOT})
    Visitor.objects.create(key=4, account=99, **agreed)
    for shopper in (1, 2, 3, 4, 5):
        did(shopper, Kind.VIEW, 5, at=begins(3) + HOUR)
    pause(subject_of_keys([5]))
    fold()

    assert {shopper for shopper, *_ in told(read_history(1, [Kind.VIEW]))} == {1, 99}
    Visitor.objects.filter(key=3).update(standing=Standing.CLEARED)
    resume(subject_of_keys([5]))
    assert {shopper for shopper, *_ in told(read_history(1, [Kind.VIEW]))} == {1, 3, 5, 99}


def test_what_fades_within_two_days_is_read_from_the_log(settings):
    settings.PERSONA = {
        **settings.PERSONA,
        "EVENT_KINDS": {
            "glance": {"number": 70, "weight": 1.0, "half_life": timedelta(hours=6)},
            "stare": {"number": 71, "weight": 1.0},
        },
    }
    for kind in (70, 71):
        did(1, kind, 5, at=days_ago(20))
    fold()

    assert [counts.kind.tolist() for _, counts in weeks.read(1)] == [[71]]
    assert sorted(read_history(1, [70, 71]).kind.tolist()) == [70, 71]


def test_purchases_are_read_from_the_log_with_their_orders_and_refunds():
    did(1, Kind.PURCHASE, 5, at=days_ago(60), order=11)
    did(1, Kind.PURCHASE, 6, at=days_ago(60), order=11)
    did(2, Kind.VIEW, 5, at=days_ago(60))
    fold()
    did(1, Kind.REFUND, 6, at=days_ago(1), order=11)
    did(3, Kind.PURCHASE, 6, at=days_ago(1), order=12)

    found = read_history(1, [Kind.PURCHASE, Kind.VIEW])

    bought = found.take(found.kind == Kind.PURCHASE)
    assert sorted(zip(bought.item.tolist(), bought.order.tolist(), strict=True)) == [
        (5, 11),
        (6, 12),
    ]


def test_seconds_of_a_day_add_up_and_shares_do_not():
    for day, seconds in ((1, 10), (1, 20), (3, 40)):
        did(1, Kind.DWELL, 5, at=begins(3) + day * DAY_SECONDS, value=seconds)
    for day, share in ((1, 300), (2, 900)):
        did(1, Kind.ENGAGE, 5, at=begins(3) + day * DAY_SECONDS, value=share)
    fold()

    found = read_history(1, [Kind.DWELL, Kind.ENGAGE])

    said = sorted(zip(found.kind.tolist(), found.value.tolist(), strict=True))
    assert said == [(Kind.DWELL, 35), (Kind.DWELL, 35), (Kind.ENGAGE, 600), (Kind.ENGAGE, 600)]


def test_a_damaged_part_teaches_nothing_and_is_told(caplog):
    for shopper, weeks_ago in ((1, 3), (2, 4)):
        did(shopper, Kind.VIEW, 5, at=begins(weeks_ago) + HOUR)
    fold()
    row = WeekEvidence.objects.order_by("week").first()
    row.data = bytes(row.data)[:-3] + b"abc"
    row.save()

    found = read_history(1, [Kind.VIEW])

    assert found.shopper.tolist() == [1]
    assert "is damaged and teaches nothing" in caplog.text


def test_each_store_has_weeks_of_its_own():
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    did(2, Kind.VIEW, 6, at=begins(3) + HOUR, store=2)
    for store in (1, 2):
        folding.fold(store, beat=lambda: None)

    assert [read_history(store, [Kind.VIEW]).item.tolist() for store in (1, 2)] == [[5], [6]]
