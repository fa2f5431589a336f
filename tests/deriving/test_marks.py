"""How far a job has read moves on, however often it looks."""

from __future__ import annotations

import pytest
import time_machine

from persona_django.deriving import marks
from persona_django.deriving.marks import Marks
from persona_django.tracking.schema import Kind
from tests.deriving.doings import did

pytestmark = pytest.mark.django_db
START = 1_800_000_000


@pytest.mark.parametrize("seconds", [1, 60, 239, 240, 300, 3_600])
def test_whatever_the_time_between_looks_old_rows_are_not_read_for_ever(seconds):
    with time_machine.travel(START, tick=False) as clock:
        found = Marks().moved(START)
        for look in range(1, 2 + 600 // seconds):
            did(1, Kind.VIEW, 5, at=START)
            clock.shift(seconds)
            found = found.moved(START + look * seconds)
        ((_, rows), *_) = marks.came_in(found, 1)
        read_again = rows.count()
    assert read_again <= 1 + 2 * marks.OVERLAP_SECONDS // seconds


@pytest.mark.parametrize("seconds", [60, 300])
def test_what_came_in_shortly_before_a_look_is_looked_at_again(seconds):
    found = Marks().moved(START)
    for look in range(1, 12):
        late = did(1, Kind.VIEW, 5, at=START)
        found = found.moved(START + look * seconds)
        # Its transaction may have been open still, and be seen by the next look only.
        assert found.read[0] < late.pk


def test_marks_are_kept_as_they_were():
    found = Marks(read=(1, 2, 3), seen=(4, 5, 6), until=8, taken=7)

    assert marks.unpacked(marks.packed(found)) == found
    assert marks.unpacked(None) == marks.unpacked(marks.packed(found)[:-1]) == Marks()


def test_a_clock_that_was_wrong_once_does_not_hold_the_marks():
    wrong = Marks().moved(START + 10**9)
    did(1, Kind.VIEW, 5, at=START)

    found = wrong.moved(START).moved(START + 300)

    assert found.until == START + 300
    assert found.read[0] >= wrong.seen[0]
