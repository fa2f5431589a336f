"""What is too old goes by itself, and nothing that is newer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connections, router
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from persona_django.columns import ageing
from persona_django.feedback import retention
from persona_django.feedback.models import ServedSlate
from persona_django.identity import restrictions
from persona_django.identity.models import Restriction, Visitor
from persona_django.measurement.readiness import report
from persona_django.model_registry.leases import Held
from persona_django.numeric.week_counts import WEEK_SECONDS, no_counts
from persona_django.tracking import folding
from persona_django.tracking.models import (
    DropCount,
    Event,
    Folding,
    Intent,
    SearchFind,
    SearchTerm,
    UsedNonce,
    WeekEvidence,
)
from persona_django.tracking.schema import Kind
from persona_django.tracking.weeks import packed
from persona_django.training.visitor_jobs import run_retention, step_retention
from tests.deriving.doings import DAY, HOUR, did, saw, searched, visitor
from tests.plans import analyse, walks_through_all

pytestmark = pytest.mark.django_db
NOON = 1_800_000_000
KEPT = {
    "EVENTS_KEPT": timedelta(days=90),
    "PURCHASES_KEPT": timedelta(days=1_095),
    "VISITORS_KEPT": timedelta(days=390),
}


@pytest.fixture(autouse=True)
def _noon(settings):
    settings.PERSONA = {**settings.PERSONA, **KEPT}
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def test_of_every_table_only_what_is_within_its_time_is_left_after_two_runs():
    for seconds in (1, -1):
        at = NOON - 90 * DAY - seconds
        did(1, Kind.VIEW, 5, at=at)
        did(1, Kind.SKIP, 5, at=at)
        did(1, Kind.ORDERED, at=at)
        saw(1, [5], at=at)
        searched(1, "tea", at=at)
        for kind in (Kind.PURCHASE, Kind.REFUND, Kind.ONE_OFF):
            did(1, kind, 5, at=at)
            did(1, kind, 5, at=NOON - 1_095 * DAY - seconds)
        UsedNonce.objects.create(key=100 + seconds, at=NOON - 1_200 - seconds)
        DropCount.objects.create(day=(NOON - 365 * DAY) // DAY - seconds, reason="x", n=1)
        SearchTerm.objects.create(term=100 + seconds, last_at=at, marks=b"ab", visitors=1)
        SearchTerm.objects.create(term=200 + seconds, last_at=at, words="tea", visitors=9)
        SearchFind.objects.create(find=100 + seconds, last_at=at, visitors=9, what=1)
        old = NOON - 390 * DAY - seconds
        SearchTerm.objects.create(term=300 + seconds, last_at=old, words="tea", visitors=9)

    assert retention.delete_old(beat=lambda: None) == 3 + 1 + 1 + 3 + 1 + 1 + 1 + 1 + 1
    assert retention.delete_old(beat=lambda: None) == 0

    kinds = sorted(Event.objects.values_list("kind", flat=True))
    assert kinds == sorted([3, 16, 19, *[1, 2, 18] * 3])
    assert ServedSlate.objects.get().at == Intent.objects.get().at == NOON - 90 * DAY + 1
    assert list(UsedNonce.objects.values_list("key", flat=True)) == [99]
    assert DropCount.objects.get().day == (NOON - 365 * DAY) // DAY + 1
    assert sorted(SearchTerm.objects.values_list("term", flat=True)) == [99, 199, 201, 299]
    assert SearchFind.objects.get().find == 99


def test_with_a_visitor_whose_time_is_over_goes_what_is_left_of_their_doings():
    visitor(1)
    visitor(2)
    Visitor.objects.filter(key=1).update(created_at=timezone.now() - timedelta(days=391))
    Visitor.objects.filter(key=2).update(created_at=timezone.now() - timedelta(days=389))
    for key in (1, 2, 3):
        did(key, Kind.VIEW, 5, at=NOON - DAY)
        saw(key, [5], at=NOON - DAY)
        Intent.objects.create(shopper=key, uid=key, kind=Intent.Kind.FILTER, at=NOON - DAY)

    retention.delete_old(beat=lambda: None)

    assert Visitor.objects.get().key == 2
    for model in (Event, ServedSlate, Intent):
        assert sorted(model.objects.values_list("shopper", flat=True)) == [2, 3]


def test_what_a_stranger_wished_goes_with_the_last_cookie_and_what_others_did_never(_noon):
    restrictions.restrict([1, 2], restrictions.Kind.PAUSED)
    restrictions.restrict([3], restrictions.Kind.PAUSED, until=restrictions.end_of_strangers())
    restrictions.restrict([4], restrictions.Kind.ERASED, until=restrictions.end_of_strangers())

    for days, left in ((394, 4), (2, 2), (2_000, 2)):
        _noon.shift(timedelta(days=days))
        retention.delete_old(beat=lambda: None)
        assert Restriction.objects.count() == left


def test_words_that_nobody_counted_are_forgotten_after_three_days():
    searched(1, "tea", at=NOON - 4 * DAY)
    searched(1, "mug", at=NOON - 2 * DAY)

    retention.delete_old(beat=lambda: None)

    assert sorted(Intent.objects.values_list("words", flat=True)) == ["", "mug"]


def test_few_rows_of_a_transaction_whatever_the_table(settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 10}
    monkeypatch.setattr(ageing, "MOST_ROWS", 10)
    for _ in range(35):
        did(1, Kind.VIEW, 5, at=NOON - 100 * DAY)
    chunks: list[int] = []

    retention.delete_old(beat=lambda: None, on_chunk=lambda: chunks.append(Event.objects.count()))

    assert chunks[:4] == [25, 15, 5, 0]


def test_a_chunk_of_the_task_hands_over_and_the_next_one_goes_on(settings, monkeypatch):
    settings.PERSONA = {
        **settings.PERSONA, "WRITE_CHUNK_ROWS": 10, "CHUNK_FOR": timedelta(microseconds=1)
    }  # fmt: skip
    monkeypatch.setattr(ageing, "MOST_ROWS", 10)
    for _ in range(25):
        did(1, Kind.VIEW, 5, at=NOON - 100 * DAY)
    left = []

    fence = step_retention()
    while fence is not None and len(left) < 20:
        left.append(Event.objects.count())
        fence = step_retention(fence=fence)

    assert left[:3] == [15, 5, 0]
    assert fence is None


def test_killed_half_way_it_goes_on_where_it_was_and_a_second_run_beside_it_does_nothing(
    monkeypatch, settings, _noon
):
    settings.PERSONA = {**settings.PERSONA, "WRITE_CHUNK_ROWS": 10}
    monkeypatch.setattr(ageing, "MOST_ROWS", 10)
    for _ in range(25):
        did(1, Kind.VIEW, 5, at=NOON - 100 * DAY)

    def killed(held: Held, **options: object) -> None:
        if Event.objects.count() == 25:
            return
        assert run_retention() == ""
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Held, "renew", killed)
        with pytest.raises(KeyboardInterrupt):
            run_retention()
    assert Event.objects.count() == 15

    assert run_retention() == "15 old rows deleted"
    assert run_retention() == ""
    _noon.shift(2 * HOUR)
    assert run_retention() == "0 old rows deleted"


def overdue() -> list[str]:
    return [one.text for one in report().findings if one.about == "retention" and not one.ok]


def test_the_status_says_how_old_the_oldest_is_and_calls_when_nothing_is_deleted():
    did(1, Kind.VIEW, 5, at=NOON - 91 * DAY)
    did(1, Kind.PURCHASE, 5, at=NOON - 200 * DAY)
    assert overdue() == []
    told = [one.text for one in report().findings if one.about == "retention"]
    assert told == ["Days that the oldest rows have: events of visitors 91, purchases 200."]

    did(1, Kind.VIEW, 5, at=NOON - 93 * DAY)

    assert overdue() == [
        "The oldest of the events of visitors are 93 days old, but are kept for 90. "
        "Run the task persona.retention, or persona_run."
    ]


def test_no_statement_walks_through_a_whole_table(settings):
    """Many rows that stay, and a few that go: every one of these is found by an index."""
    settings.PERSONA = {**settings.PERSONA, "MIN_ASKERS": 4}
    many = range(3_000)
    for at, numbers in ((NOON - DAY, many), (NOON - 100 * DAY, range(-3, 0))):
        Event.objects.bulk_create(
            Event(shopper=n // 3, uid=n, kind=Kind.VIEW, item_id=1, at=at - abs(n))
            for n in numbers
        )
        ServedSlate.objects.bulk_create(
            ServedSlate(shopper=n // 3, uid=n, at=at - abs(n), items=b"") for n in numbers
        )
        Intent.objects.bulk_create(
            Intent(
                shopper=n // 3, uid=n, kind=1 + n % 2, at=at - 3 * DAY - abs(n),
                words="tea" if n % 2 or n < 9 else "",
            )
            for n in numbers
        )  # fmt: skip
        SearchTerm.objects.bulk_create(
            SearchTerm(term=n, last_at=at - abs(n), words="mug" if 0 <= n < 9 else "", visitors=3)
            for n in numbers
        )
        SearchFind.objects.bulk_create(
            SearchFind(find=n, last_at=at - abs(n), what=int(0 <= n < 9), visitors=2)
            for n in numbers
        )
        UsedNonce.objects.bulk_create(UsedNonce(key=n, at=at + 2 * DAY) for n in numbers)
        WeekEvidence.objects.bulk_create(
            WeekEvidence(
                week=(at - 280 * DAY) // WEEK_SECONDS, generation=1, part=abs(n), parts=3_000,
                low=10 * n, high=10 * n + 9, data=packed(no_counts()),
            )
            for n in numbers
        )  # fmt: skip
        DropCount.objects.bulk_create(
            DropCount(day=(at - 300 * DAY) // DAY, reason=str(n)) for n in numbers
        )
    Visitor.objects.bulk_create(Visitor(key=n, purposes="measure") for n in range(1_000))
    Visitor.objects.filter(key__lt=3).update(created_at=timezone.now() - timedelta(days=391))
    analyse(
        Event, ServedSlate, Intent, SearchTerm, SearchFind, UsedNonce, DropCount, Visitor,
        WeekEvidence,
    )  # fmt: skip

    # The first count is of everything there is, and so may be the next one.
    folding.fold(1, beat=lambda: None)
    Folding.objects.update(again=F("seen"))

    with CaptureQueriesContext(connections[router.db_for_write(Event)]) as asked:
        retention.delete_old(beat=lambda: None)

    statements = [one["sql"] for one in asked if one["sql"].startswith(("SELECT", "DEL", "UPD"))]
    assert len(statements) > 15
    # Which stores there are, and how far they are counted, say tables of some dozen rows; the
    # first or the last key of all is one step, no row is none; and a week has some parts.
    small = ("persona_state", "persona_folding", "SELECT DISTINCT")
    few = re.compile(r"FROM \S+ ORDER BY 1 (ASC|DESC) LIMIT 1$|LIMIT 0$")
    grown = [
        one for one in statements if not any(name in one for name in small) and not few.search(one)
    ]
    assert [one for one in grown if walks_through_all(one)] == []
