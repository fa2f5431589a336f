"""What somebody looked at in the visit that they are in."""

from __future__ import annotations

import pytest
from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from persona_django.tracking.models import Event
from persona_django.tracking.recent import recent_of
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.visits import read_visits
from tests.deriving.doings import did

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000
MINUTE = 60


def looked_at() -> tuple[int, ...]:
    return recent_of(1, now=NOW, looks=True).looked_at


def test_a_film_that_is_still_played_keeps_the_visit_open():
    did(1, Kind.VIEW, 5, at=NOW - 56 * MINUTE)
    did(1, Kind.PLAY, 6, at=NOW - 55 * MINUTE)
    for minutes in (40, 25, 10):
        did(1, Kind.PROGRESS, 6, at=NOW - minutes * MINUTE)

    assert looked_at() == (5, 6)
    assert len(read_visits([1])) == 1


def test_silence_between_two_things_done_ends_the_visit_whatever_they_are():
    did(1, Kind.VIEW, 5, at=NOW - 80 * MINUTE)
    did(1, Kind.CART_ADD, 5, at=NOW - 75 * MINUTE)
    did(1, Kind.ENGAGE, 6, at=NOW - 45 * MINUTE)
    did(1, Kind.VIEW, 6, at=NOW - 20 * MINUTE)

    assert looked_at() == (6,)
    assert len(read_visits([1])) == 2


@pytest.mark.parametrize(
    "done", [{"kind": Kind.SKIP}, {"kind": Kind.DWELL, "basis": Basis.AGGREGATE}, {"shopper": 2}]
)
def test_what_they_did_not_do_themselves_keeps_no_visit_open(done):
    did(1, Kind.VIEW, 5, at=NOW - 40 * MINUTE)
    did(**{"shopper": 1, "kind": Kind.DWELL, "item": 5, "at": NOW - 20 * MINUTE, **done})

    assert looked_at() == ()


def test_however_much_else_is_done_the_things_looked_at_are_told():
    for item in range(1, 71):
        did(1, Kind.VIEW, item, at=NOW - 20 * MINUTE + item)
    for second in range(1_500):
        did(1, Kind.PROGRESS, 70, at=NOW - second)

    assert looked_at() == tuple(range(11, 71))


def test_all_of_it_is_one_question():
    did(1, Kind.DISMISS, 4, at=NOW - 9 * MINUTE)
    did(1, Kind.VIEW, 5, at=NOW - 8 * MINUTE)

    with CaptureQueriesContext(connections[router.db_for_read(Event)]) as asked:
        recent = recent_of(1, now=NOW, looks=True)

    assert len(asked) == 1
    assert (recent.looked_at, [one.item_id for one in recent.said]) == ((5,), [4])
