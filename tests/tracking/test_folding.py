"""Finished weeks become counts: the same is learnt from them, and they outlive single events."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, router, transaction

from persona_django.exceptions import LostLease
from persona_django.feedback import retention
from persona_django.identity.models import Standing, Visitor
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import week_of
from persona_django.tracking import folding, weeks
from persona_django.tracking.history import read_history
from persona_django.tracking.models import Event, WeekEvidence
from persona_django.tracking.schema import Kind
from tests.deriving.doings import did
from tests.tracking.folded import HOUR, NOW, begins, days_ago, fold, told

pytestmark = pytest.mark.django_db


def test_what_is_left_of_events_outlives_them():
    for day in (80, 87.5):
        did(1, Kind.VIEW, 5, at=days_ago(day))
    fold()
    known = told(read_history(1, [Kind.VIEW]))
    assert len(known) == 2

    with time_machine.travel(NOW + 100 * DAY_SECONDS, tick=False):
        assert retention.delete_old(beat=lambda: None) == 2

    assert not Event.objects.exists()
    assert told(read_history(1, [Kind.VIEW])) == known
    fold()
    assert told(read_history(1, [Kind.VIEW])) == known


def test_what_is_imported_of_long_ago_is_counted_before_it_goes():
    did(1, Kind.VIEW, 5, at=days_ago(200))

    assert retention.delete_old(beat=lambda: None) == 1

    assert not Event.objects.exists()
    assert told(read_history(1, [Kind.VIEW])) == {
        (1, 5, Kind.VIEW, 1, days_ago(200) // DAY_SECONDS)
    }


def test_a_week_goes_when_its_first_day_is_too_old():
    did(1, Kind.VIEW, 5, at=begins(3))
    fold()

    for seconds, left in ((-HOUR, 1), (HOUR, 0)):
        with time_machine.travel(begins(3) + 390 * DAY_SECONDS + seconds, tick=False):
            retention.delete_old(beat=lambda: None)
            assert not [age for age in retention.ages() if age.is_overdue]
        assert WeekEvidence.objects.count() == left


def test_what_comes_late_is_in_the_next_count_and_counting_again_changes_nothing():
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    did(1, Kind.VIEW, 6, at=begins(3) + HOUR)

    assert {item for _, item, *_ in told(read_history(1, [Kind.VIEW]))} == {5}
    assert fold() > 0
    assert {item for _, item, *_ in told(read_history(1, [Kind.VIEW]))} == {5, 6}

    before = list(WeekEvidence.objects.values_list("week", "part", "parts", "low", "high", "data"))
    fold()
    after = list(WeekEvidence.objects.values_list("week", "part", "parts", "low", "high", "data"))
    assert after == before


def test_a_week_that_ends_is_counted_though_its_events_were_seen_before():
    did(1, Kind.VIEW, 5, at=begins(0) - HOUR)
    fold(now=begins(0) - 60)
    assert not WeekEvidence.objects.exists()

    fold(now=begins(0) + 2 * DAY_SECONDS)

    assert [row.week for row in WeekEvidence.objects.all()] == [week_of(begins(1))]


def test_of_a_week_whose_events_have_begun_to_go_nothing_is_lost():
    """It is added to, never counted anew from what is left of it."""
    first, second = begins(13) + HOUR, begins(13) + 6 * DAY_SECONDS
    for shopper, at in ((1, first), (2, second)):
        did(shopper, Kind.VIEW, 5, at=at)
    fold(now=begins(10))
    folding.note_gone(first + 1)
    Event.objects.filter(shopper=1).delete()
    did(3, Kind.VIEW, 5, at=second)

    fold(now=begins(13) + 89 * DAY_SECONDS)

    ((_, counts),) = weeks.read(1)
    assert counts.shopper.tolist() == [1, 2, 3]


@pytest.mark.parametrize("is_late", [False, True])
def test_events_deleted_by_mistake_stay_counted(settings, is_late):
    """What was deleted says what is gone, and not what settings or clocks say later."""
    did(1, Kind.VIEW, 5, at=days_ago(50))
    fold()
    settings.PERSONA = {**settings.PERSONA, "EVENTS_KEPT": timedelta(days=30)}
    retention.delete_old(beat=lambda: None)
    assert not Event.objects.exists()
    settings.PERSONA = {**settings.PERSONA, "EVENTS_KEPT": timedelta(days=90)}

    if is_late:
        did(2, Kind.VIEW, 5, at=days_ago(50))
    for day in range(40):
        fold(now=NOW + day * DAY_SECONDS)

    counted = {shopper for shopper, *_ in told(read_history(1, [Kind.VIEW]))}
    assert counted == {1, 2} if is_late else {1}


def test_the_last_count_knows_what_was_taken_back_since():
    """Derived events may be found to be wrong; while all events are there, the count follows."""
    did(1, Kind.REVISIT, 5, at=begins(5) + HOUR)
    did(2, Kind.VIEW, 5, at=begins(5) + HOUR)
    for day in range(4):
        fold(now=begins(3) + day * DAY_SECONDS, at_once=False)
    Event.objects.filter(kind=Kind.REVISIT).delete()
    fold(now=begins(3) + 5 * DAY_SECONDS, at_once=False)
    assert [counts.kind.tolist() for _, counts in weeks.read(1)] == [[Kind.REVISIT, Kind.VIEW]]

    for day in range(5, 90):
        fold(now=begins(3) + day * DAY_SECONDS, at_once=False)

    assert [counts.kind.tolist() for _, counts in weeks.read(1)] == [[Kind.VIEW]]


def test_stopped_between_two_weeks_it_goes_on_and_nothing_uncounted_is_deleted():
    for number in range(4):
        did(1, Kind.VIEW, 5, at=begins(20 + number) + HOUR)

    for counted in (1, 2):
        # As long as a chunk of the job is: one week.
        assert not retention.delete_some(seconds=0, beat=lambda: None)
        assert WeekEvidence.objects.count() == counted
        assert Event.objects.count() == 4
        assert folding.folded(1) is None
    while not retention.delete_some(seconds=0, beat=lambda: None):
        pass

    assert not Event.objects.exists()
    assert len(told(read_history(1, [Kind.VIEW]))) == 4


def test_killed_while_it_writes_the_week_stays_as_it_was_until_it_is_written_whole(monkeypatch):
    monkeypatch.setattr(weeks, "PART_ROWS", 2)
    for shopper in range(1, 6):
        did(shopper, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    did(6, Kind.VIEW, 5, at=begins(3) + HOUR)
    known = told(read_history(1, [Kind.VIEW]))

    def killed_after(parts: int) -> None:
        def beat() -> None:
            if WeekEvidence.objects.filter(generation=2).count() == parts:
                raise SystemExit

        with pytest.raises(SystemExit):
            folding.fold(1, beat=beat, at_once=True)

    for parts in (1, 2):
        killed_after(parts)
        assert WeekEvidence.objects.filter(generation=2).count() == parts
        assert told(read_history(1, [Kind.VIEW])) == known
        WeekEvidence.objects.filter(generation=2).delete()
    killed_after(1)
    fold()

    assert {shopper for shopper, *_ in told(read_history(1, [Kind.VIEW]))} == {1, 2, 3, 4, 5, 6}
    assert {(row.generation, row.parts) for row in WeekEvidence.objects.all()} == {(3, 3)}


def test_the_new_parts_count_as_soon_as_they_are_whole_though_the_old_ones_are_still_there(
    monkeypatch,
):
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    did(2, Kind.VIEW, 5, at=begins(3) + HOUR)

    def killed(*args, **options):
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(weeks, "_delete", killed)
        with pytest.raises(SystemExit):
            fold()

    assert {shopper for shopper, *_ in told(read_history(1, [Kind.VIEW]))} == {1, 2}
    assert WeekEvidence.objects.count() == 2
    fold()
    assert WeekEvidence.objects.count() == 1


def test_what_is_counted_of_who_withdraws_goes_with_the_next_count():
    """Their events go after their time, and it would stay for longer."""
    for key in (1, 2):
        Visitor.objects.create(key=key, purposes="measure", standing=Standing.QUALIFIED)
        did(key, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold(at_once=False)
    # Wherever they said so: the row tells of the last store alone.
    Visitor.objects.filter(key=2).update(purposes="", agreed_at=NOW, store=2)

    fold(at_once=False)

    assert [counts.shopper.tolist() for _, counts in weeks.read(1)] == [[1]]
    did(2, Kind.VIEW, 6, at=begins(3) + HOUR)
    fold()
    assert [counts.shopper.tolist() for _, counts in weeks.read(1)] == [[1]]


def test_of_whom_nothing_is_learnt_nothing_is_kept_once_their_events_go():
    """Until then a robot may turn out to be a person."""
    agreed = {"purposes": "measure", "standing": Standing.QUALIFIED}
    for key, fields in ((1, {}), (2, {"standing": Standing.ROBOT}), (3, {"rank": 201})):
        Visitor.objects.create(key=key, **{**agreed, **fields})
        did(key, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    assert [counts.shopper.tolist() for _, counts in weeks.read(1)] == [[1, 2, 3]]

    for day in range(80):
        fold(now=NOW + day * DAY_SECONDS, at_once=False)

    assert [counts.shopper.tolist() for _, counts in weeks.read(1)] == [[1]]


def test_what_comes_late_waits_a_day_for_others():
    """Phones report late, and a week is not counted anew for each of them."""
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    did(2, Kind.VIEW, 5, at=begins(3) + HOUR)

    for hours, known in ((1, {1}), (20, {1}), (26, {1, 2})):
        fold(now=NOW + hours * HOUR, at_once=False)
        assert {shopper for shopper, *_ in told(read_history(1, [Kind.VIEW]))} == known


def test_a_key_that_is_committed_late_is_looked_at():
    """Beside a transaction with higher keys: for some minutes all is looked at once more."""
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    late = Event.objects.get()
    for _ in range(2):
        did(1, Kind.VIEW, 6, at=begins(4) + HOUR)
    Event.objects.filter(pk=late.pk).delete()
    fold()
    fold()
    late.save(force_insert=True)

    fold(now=NOW + 300)

    assert {item for _, item, *_ in told(read_history(1, [Kind.VIEW]))} == {5, 6}


def test_a_kind_that_is_worth_a_count_now_is_counted_and_read_meanwhile(settings):
    def own(half_life):
        kinds = {"glance": {"number": 70, "weight": 1.0, "half_life": half_life}}
        settings.PERSONA = {**settings.PERSONA, "EVENT_KINDS": kinds}

    own(timedelta(hours=6))
    did(1, 70, 5, at=begins(3) + HOUR)
    did(1, Kind.VIEW, 6, at=begins(3) + HOUR)
    fold()
    own(timedelta(days=30))

    assert read_history(1, [70]).kind.tolist() == [70]
    fold(at_once=False)

    assert [counts.kind.tolist() for _, counts in weeks.read(1)] == [[70, Kind.VIEW]]
    assert read_history(1, [70]).kind.tolist() == [70]


def test_who_has_lost_the_job_writes_nothing():
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)

    def lost():
        raise LostLease

    with pytest.raises(LostLease):
        fold(surely=lost)

    assert not WeekEvidence.objects.exists()


def test_of_two_who_count_the_same_week_the_second_is_refused():
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)

    def overtaken():
        folding.fold(1, beat=lambda: None)

    with pytest.raises(IntegrityError), transaction.atomic(using=router.db_for_write(Event)):
        fold(surely=overtaken)


def test_over_a_damaged_part_nothing_is_written(caplog):
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    row = WeekEvidence.objects.get()
    damaged = bytes(row.data)[:-1] + b"x"
    WeekEvidence.objects.update(data=damaged)
    folding.note_gone(NOW)
    did(2, Kind.VIEW, 5, at=begins(3) + HOUR)

    fold()

    assert bytes(WeekEvidence.objects.get().data) == damaged
    assert "is not counted" in caplog.text


def test_where_events_are_kept_for_days_only_nothing_is_counted_and_nothing_stays(settings):
    did(1, Kind.VIEW, 5, at=begins(3) + HOUR)
    fold()
    settings.PERSONA = {**settings.PERSONA, "EVENTS_KEPT": timedelta(days=14)}
    did(1, Kind.VIEW, 6, at=days_ago(12))

    assert len(read_history(1, [Kind.VIEW])) == 2
    retention.delete_old(beat=lambda: None)

    assert not WeekEvidence.objects.exists()
    assert read_history(1, [Kind.VIEW]).item.tolist() == [6]
