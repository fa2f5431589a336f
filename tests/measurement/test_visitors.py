"""What operators are told of visitors and of what was refused."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from persona_django.identity.models import Standing, Visitor
from persona_django.measurement.readiness import report
from persona_django.measurement.visitors import refused, who_counts
from persona_django.model_registry.models import Lease
from persona_django.tracking.models import DropCount
from tests.deriving.doings import visitor

pytestmark = pytest.mark.django_db
TODAY = int(time.time()) // 86_400


def test_who_counts_and_why_the_others_do_not():
    visitor(1)
    visitor(2, standing=Standing.CLEARED)
    visitor(3, standing=Standing.ROBOT)
    visitor(4, standing=Standing.NEW)
    visitor(5, standing=Standing.NEW, rank=500)

    assert who_counts() == (
        "2 count, 2 are too new to tell, 1 behaves like a robot (persona_robots says why), "
        "1 is more than one network may send in an hour."
    )
    assert who_counts() in [one.text for one in report().findings]


def test_what_was_refused_is_told_most_of_it_first_and_the_rest_as_one_number():
    assert refused() == ""
    for n in range(1, 11):
        DropCount.objects.create(day=TODAY, reason=f"reason_{n}", n=n)
    DropCount.objects.create(day=TODAY - 3, reason="reason_9", n=100)
    DropCount.objects.create(day=TODAY - 9, reason="reason_1", n=1_000)

    said = refused()

    assert said.startswith("In 7 days: 109 reason_9, 10 reason_10, 8 reason_8, ")
    assert said.endswith(", 3 for other reasons.")
    assert said in [one.text for one in report().findings if one.about == "refused"]


def test_where_nobody_runs_the_jobs_that_is_said_and_what_to_run():
    def said() -> list[str]:
        return [one.text for one in report().findings if "persona_run from cron" in one.text]

    visitor(1, standing=Standing.NEW)
    Visitor.objects.update(created_at=timezone.now())
    assert said() == []

    Visitor.objects.update(created_at=timezone.now() - timedelta(minutes=12))
    assert len(said()) == 1
    assert not report().ok

    Lease.objects.create(name="judge/1", done_at=int(time.time()) - 60)
    assert said() == []
