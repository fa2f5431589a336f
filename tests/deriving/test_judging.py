"""Who came to stay, who passed by, and who is a program."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.db import connections
from django.test.utils import CaptureQueriesContext

from persona_django import counters
from persona_django.deriving import judging
from persona_django.deriving.judging import Judged, judge
from persona_django.identity import standing
from persona_django.identity.models import Standing, Visitor
from persona_django.tracking.context import Sender
from persona_django.tracking.events import read_events
from persona_django.tracking.schema import Kind
from tests.deriving.doings import DAY, HOUR, ago, did, now, saw, searched, visitor

pytestmark = pytest.mark.django_db


def look() -> Judged:
    return judge(beat=lambda: None)


def stands(key: int) -> Standing:
    return Standing(Visitor.objects.get(key=key).standing)


def newcomer(key: int) -> None:
    visitor(key, standing=Standing.NEW)


def pages(key: int, n: int, *, every: int, sender: Sender = Sender.PAGE) -> None:
    for number in range(n):
        did(key, Kind.VIEW, 5, at=ago(2 * HOUR) + number * every, sender=sender)


def others_report(n: int = 6, *, of: int = 6) -> None:
    for key in range(900, 900 + of):
        visitor(key)
        pages(key, 2, every=60)
        if key < 900 + n:
            did(key, Kind.DWELL, 5, at=ago(HOUR), value=9)


def test_one_page_is_not_enough_and_the_second_is():
    newcomer(1)
    did(1, Kind.VIEW, 5, at=ago(HOUR))
    did(1, Kind.DWELL, 5, at=ago(HOUR), value=20)
    assert look() == Judged(qualified=0, robots=0)
    assert len(read_events(kinds=[Kind.VIEW])) == 0

    did(1, Kind.VIEW, 6, at=ago(HOUR) + 30)
    look()

    assert stands(1) == Standing.QUALIFIED
    assert len(read_events(kinds=[Kind.VIEW])) == 2


def test_a_page_of_results_is_a_page_too():
    newcomer(1)
    searched(1, "tea", at=ago(HOUR))
    did(1, Kind.VIEW, 5, at=ago(HOUR))

    look()

    assert stands(1) == Standing.QUALIFIED


@pytest.mark.parametrize("later", [{"value": 61}, {"after": 61}])
def test_who_stays_for_a_minute_counts(later):
    newcomer(1)
    did(1, Kind.VIEW, 5, at=ago(HOUR))
    did(1, Kind.DWELL, 5, at=ago(HOUR) + later.get("after", 0), value=later.get("value", 9))

    look()

    assert stands(1) == Standing.QUALIFIED


def test_who_buys_counts_if_the_shop_says_so():
    newcomer(1)
    newcomer(2)
    did(1, Kind.ORDERED, at=ago(HOUR), sender=Sender.SHOP)
    did(2, Kind.ORDERED, at=ago(HOUR), sender=Sender.SCRIPT)

    look()

    assert (stands(1), stands(2)) == (Standing.QUALIFIED, Standing.NEW)


def test_forty_pages_in_a_minute_are_a_program_and_the_reason_says_so():
    visitor(1)
    pages(1, 40, every=1)
    visitor(2)
    pages(2, 39, every=1)
    pages(2, 39, every=1, sender=Sender.SCRIPT)
    visitor(3)
    pages(3, 39, every=1)

    assert look().robots == 2

    assert stands(1) == stands(2) == Standing.ROBOT
    assert stands(3) == Standing.QUALIFIED
    assert Visitor.objects.get(key=1).reason.startswith("40 pages within one minute, from 20")
    assert counters.counts()["visitor_taken_for_robot"] == 2
    assert set(read_events(kinds=[Kind.VIEW]).shopper.tolist()) == {3}


def test_pages_without_a_word_of_the_script_are_a_program_where_others_scripts_report():
    others_report()
    visitor(1)
    pages(1, 41, every=120)

    assert look().robots == 1

    reason = Visitor.objects.get(key=1).reason
    assert reason == (
        "41 pages in a day without a word of the script, which reported of 100 % of the others."
    )


def test_however_busy_the_shop_a_sample_of_the_others_is_asked(monkeypatch):
    monkeypatch.setattr(judging, "MOST_OTHERS", 8)
    monkeypatch.setattr(judging, "VIEWS_AT_ONCE", 50)
    others_report(20, of=20)
    visitor(1)
    # A robot fills whatever is looked at first.
    pages(1, 120, every=50)

    with CaptureQueriesContext(connections["default"]) as asked:
        assert look().robots == 1

    bounds = re.compile(r"LIMIT|shopper\W? IN \(|id\W? > ")
    read = [one["sql"] for one in asked if "persona_event" in one["sql"]]
    assert [sql for sql in read if not bounds.search(sql)] == []


@pytest.mark.parametrize(("reporting", "of"), [(0, 6), (2, 6), (3, 3)])
def test_where_few_scripts_report_their_silence_says_nothing(reporting, of):
    others_report(reporting, of=of)
    visitor(1)
    pages(1, 60, every=120)

    assert look().robots == 0


@pytest.mark.parametrize("word", ["event", "slate", "search"])
def test_one_word_of_the_script_is_enough(word):
    others_report()
    visitor(1)
    pages(1, 41, every=120)
    if word == "event":
        did(1, Kind.DWELL, 5, at=ago(HOUR), value=3)
    elif word == "slate":
        saw(1, [5], at=ago(HOUR), seen=[0])
    else:
        searched(1, "tea", at=ago(HOUR))

    assert look().robots == 0


def test_whoever_a_person_cleared_is_never_judged_again():
    visitor(1)
    pages(1, 50, every=1)
    look()
    assert standing.clear([1]) == 1
    pages(1, 50, every=1)

    look()

    assert stands(1) == Standing.CLEARED
    assert Visitor.objects.get(key=1).reason == ""
    assert set(read_events(kinds=[Kind.VIEW]).shopper.tolist()) == {1}


def test_who_withdrew_is_not_judged():
    visitor(1, purposes="", standing=Standing.NEW)
    pages(1, 50, every=1)

    assert look() == Judged(qualified=0, robots=0)


def test_only_who_did_something_since_is_looked_at_and_repeating_changes_nothing():
    with time_machine.travel(now(), tick=False) as clock:
        newcomer(1)
        did(1, Kind.VIEW, 5, at=now())
        assert look().qualified == 0
        clock.shift(3 * DAY)
        did(1, Kind.VIEW, 6, at=now())

        assert look().qualified == 1
        assert look() == Judged(qualified=0, robots=0)


def test_a_burst_of_long_ago_is_no_matter_any_more():
    with time_machine.travel(now(), tick=False) as clock:
        visitor(1)
        look()
        clock.shift(10 * DAY)
        look()
        for number in range(50):
            did(1, Kind.VIEW, 5, at=now() - 9 * DAY + number)

        assert look().robots == 0
