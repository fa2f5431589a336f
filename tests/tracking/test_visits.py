"""Visits of shoppers, as columns."""

from __future__ import annotations

import pytest

from persona_django.tracking.context import UNKNOWN_HOUR, Context, Device, Entry
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.visits import read_visits
from tests.deriving.doings import HOUR, did, searched

pytestmark = pytest.mark.django_db
NOON = 1_800_000_000


def test_a_visit_ends_with_half_an_hour_of_silence():
    for minutes in (0, 29, 58, 88):
        did(1, Kind.VIEW, 5, at=NOON + minutes * 60)

    visits = read_visits([1])

    assert visits.events.tolist() == [3, 1]
    assert (visits.start - NOON).tolist() == [0, 88 * 60]
    assert (visits.end - NOON).tolist() == [58 * 60, 88 * 60]


def test_a_visit_came_as_its_first_event_did_on_the_device_that_some_event_knows():
    first = Context(entry=Entry.CAMPAIGN).packed()
    second = Context(entry=Entry.INTERNAL, device=Device.PHONE, hour=21, weekday=5).packed()
    did(1, Kind.VIEW, 5, at=NOON + 60, context=second)
    did(1, Kind.VIEW, 5, at=NOON, context=first)

    visits = read_visits([1])

    assert (visits.entry[0], visits.device[0]) == (Entry.CAMPAIGN, Device.PHONE)
    assert (visits.hour[0], visits.weekday[0]) == (21, 5)


def test_what_no_event_knows_is_unknown():
    did(1, Kind.VIEW, 5, at=NOON, context=Context().packed())

    assert read_visits([1]).hour.tolist() == [UNKNOWN_HOUR]


def test_searches_are_part_of_a_visit_and_what_a_task_worked_out_is_not():
    did(1, Kind.VIEW, 5, at=NOON)
    searched(1, "tea", at=NOON + 1_200)
    did(1, Kind.DWELL, 5, at=NOON + 2_400)
    did(1, Kind.SKIP, 5, at=NOON + 9 * HOUR)
    did(1, Kind.VIEW, 5, at=NOON + 9 * HOUR, basis=Basis.AGGREGATE)

    visits = read_visits([1, 2])

    assert (visits.events.tolist(), visits.views.tolist()) == ([3], [1])


def test_only_since_a_moment_and_of_the_shoppers_and_store_asked_for(settings):
    settings.PERSONA = {**settings.PERSONA}
    did(1, Kind.VIEW, 5, at=NOON)
    did(1, Kind.VIEW, 5, at=NOON + 9 * HOUR)
    did(1, Kind.VIEW, 5, at=NOON + 9 * HOUR, store=2)
    did(2, Kind.VIEW, 5, at=NOON)

    assert read_visits([1], since=NOON + 1).start.tolist() == [NOON + 9 * HOUR]
    assert len(read_visits([])) == 0
