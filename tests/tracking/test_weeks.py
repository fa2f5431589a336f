"""Evidence of weeks is about people: they are told it, and it goes with them."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from persona_django.catalogue.models import Item
from persona_django.feedback import retention
from persona_django.identity import erasure
from persona_django.identity.models import Visitor
from persona_django.identity.subjects import subject_of_keys
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import WEEK_SECONDS, week_of
from persona_django.tracking import folding, weeks
from persona_django.tracking.models import Event, WeekEvidence
from persona_django.tracking.schema import Basis, Kind
from persona_django.training.jobs import run_erasures
from tests.deriving.doings import did
from tests.factories import item_id, product, read_catalogue

pytestmark = pytest.mark.django_db
FIRST_DAY = (week_of(int(time.time())) - 3) * WEEK_SECONDS
PEOPLE = range(-3, 4)


@pytest.fixture
def tea() -> int:
    shown = product("Tea")
    read_catalogue()
    return item_id(shown)


@pytest.fixture
def _small_parts(monkeypatch):
    monkeypatch.setattr(weeks, "PART_ROWS", 3)


@pytest.fixture
def week(tea, _small_parts) -> None:
    """Seven people looked at tea on the first day; some on the last one, too; in two weeks."""
    for shopper in PEOPLE:
        for day in (0, 6)[: 1 + shopper % 2]:
            did(shopper, Kind.VIEW, tea, at=FIRST_DAY + day * DAY_SECONDS)
        did(shopper, Kind.ENGAGE, tea, at=FIRST_DAY - 1, value=700, basis=Basis.CUSTOMER)
    folding.fold(1, beat=lambda: None)


def kept() -> set[int]:
    return {key for _, counts in weeks.read(1) for key in counts.shopper.tolist()}


def section(key: int) -> list[dict]:
    told = erasure.export(subject_of_keys([key]))["data"]
    return next(one["rows"] for one in told if one["name"] == "evidence of weeks")


def date(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def test_a_person_is_told_on_which_days_they_did_what(week):
    title = Item.objects.get().title
    rows = section(3)

    assert [(row["day"], row["what"], row["value"], row["basis"]) for row in rows] == [
        (date(FIRST_DAY - 1), "engage", 700, "customer"),
        (date(FIRST_DAY), "view", 0, "consent"),
        (date(FIRST_DAY + 6 * DAY_SECONDS), "view", 0, "consent"),
    ]
    assert all(row["item"].startswith(title) for row in rows)
    assert section(77) == []


def test_several_threads_read_the_same_parts_in_the_same_order(week):
    def told(threads: int) -> list[tuple[int, list[int], list[int]]]:
        found = weeks.read(1, threads=threads)
        return [(week, part.shopper.tolist(), part.days.tolist()) for week, part in found]

    assert told(3) == told(1)
    assert len(told(3)) > len({week for week, *_ in told(3)}) == 2


def test_whoever_stops_reading_half_way_leaves_no_thread_behind(week):
    reading = weeks.read(1, threads=2)
    next(reading)
    reading.close()

    assert not [one for one in threading.enumerate() if one.name.startswith("persona-weeks")]


@pytest.mark.parametrize("gone", [[3], [-3, 0, 2], list(PEOPLE)])
def test_with_a_person_goes_what_is_kept_of_them_and_of_nobody_else(week, gone):
    erased = erasure.erase(subject_of_keys(gone), seconds=1)

    # A person does not wait for it: the next sweep does it for all of them at once.
    assert "evidence of weeks" in erased.left
    assert all(section(key) == [] for key in gone)
    run_erasures(by_person=True)
    assert kept() == set(PEOPLE) - set(gone)
    stay = [key for key in PEOPLE if key not in gone]
    assert all(section(key) for key in stay)


def test_the_people_of_a_part_are_found_by_its_ends(week):
    """Whole weeks need not be read to find one person."""
    for row in WeekEvidence.objects.all():
        counts = weeks.unpacked(row.data)
        assert (row.low, row.high) == (counts.shopper.min(), counts.shopper.max())

    weeks.take_out([-3, -2, -1])

    emptied = WeekEvidence.objects.filter(low__gt=3).count() + sum(
        row.low > row.high for row in WeekEvidence.objects.all()
    )
    assert emptied
    assert kept() == {0, 1, 2, 3}


def test_an_erased_person_is_not_counted_again(week, tea):
    erasure.erase(subject_of_keys([3]))
    did(3, Kind.VIEW, tea, at=FIRST_DAY + 60)

    folding.fold(1, beat=lambda: None, at_once=True)

    assert 3 not in kept()


def test_an_erasure_takes_out_more_than_a_chunk_of_counts(tea):
    for item in range(1, 600):
        did(3, Kind.VIEW, item, at=FIRST_DAY)
    did(4, Kind.VIEW, 1, at=FIRST_DAY)
    folding.fold(1, beat=lambda: None)

    assert erasure.erase(subject_of_keys([3])).rows["evidence of weeks"] == 599

    assert kept() == {4}


def test_what_a_write_that_died_left_is_told_once_and_goes_with_the_person(week, monkeypatch):
    folding.fold(1, beat=lambda: None)

    def killed(*args, **options):
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(weeks, "_delete", killed)
        with pytest.raises(SystemExit):
            folding.fold(1, beat=lambda: None, at_once=True)
    assert WeekEvidence.objects.filter(generation=1).exists()
    assert WeekEvidence.objects.filter(generation=2).exists()

    assert len(section(3)) == 3
    erasure.erase(subject_of_keys([3]))

    for row in WeekEvidence.objects.all():
        assert 3 not in weeks.unpacked(row.data).shopper


def test_of_a_damaged_part_nothing_stays_when_somebody_in_it_is_erased(week, caplog):
    row = WeekEvidence.objects.order_by("pk").first()
    WeekEvidence.objects.filter(pk=row.pk).update(data=bytes(row.data)[:-1] + b"x")

    erasure.erase(subject_of_keys([row.low]))

    assert len(weeks.unpacked(WeekEvidence.objects.get(pk=row.pk).data)) == 0
    assert "is damaged" in caplog.text


def test_with_a_visitor_whose_time_is_over_goes_what_is_kept_by_week(week):
    Visitor.objects.create(key=3, purposes="measure")
    Visitor.objects.create(key=2, purposes="measure")
    Visitor.objects.filter(key=3).update(created_at=timezone.now() - timedelta(days=400))

    retention.delete_old(beat=lambda: None)

    assert kept() == set(PEOPLE) - {3}


def test_what_is_kept_of_an_item_by_week_goes_when_it_becomes_sensitive(week, tea):
    kit = product("Kit")
    read_catalogue()
    other = item_id(kit)
    did(3, Kind.VIEW, other, at=FIRST_DAY + 60)
    folding.fold(1, beat=lambda: None, at_once=True)
    Item.objects.filter(pk=tea).update(sensitive=True)

    retention.delete_old(beat=lambda: None)

    assert [item for _, counts in weeks.read(1) for item in counts.item.tolist()] == [other]
    assert not Event.objects.filter(item_id=tea).exists()


def test_what_somebody_else_wrote_meanwhile_is_looked_at_again(week):
    """Two erasures of people in one part: neither brings the other's person back."""
    row = WeekEvidence.objects.order_by("pk").first()
    people = weeks.unpacked(row.data).shopper.tolist()
    asked = []

    def first(counts):
        asked.append(len(counts))
        if len(asked) == 1:
            weeks.take_out(people[:1])
        return np.isin(counts.shopper, people[1:2])

    assert weeks._without(row._state.db, row.pk, first) == 1

    assert not {*people[:2]} & set(
        weeks.unpacked(WeekEvidence.objects.get(pk=row.pk).data).shopper.tolist()
    )
    assert asked == [len(people), len(people) - 1]


def test_large_and_small_item_numbers_come_back():
    for item in (5, 2**31 + 5):
        did(1, Kind.VIEW, item, at=FIRST_DAY)
    folding.fold(1, beat=lambda: None)

    ((_, counts),) = weeks.read(1)
    assert counts.item.tolist() == [5, 2**31 + 5]
