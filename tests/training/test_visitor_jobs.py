"""Jobs about visitors: due, leased, killed at any point, sent twice, and run by hand."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from persona_django import tasks
from persona_django.deriving import derive, gifts, judging
from persona_django.exceptions import BrokenMap
from persona_django.model_registry.leases import hold
from persona_django.model_registry.models import Lease
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import DERIVED, Kind
from persona_django.training import visitor_jobs
from tests.catalogue.tables import without_tables
from tests.deriving.conftest import items  # noqa: F401 - a fixture
from tests.deriving.doings import DAY, HOUR, ago, did, rows_of_derived, searched, visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(items: list[int]) -> None:  # noqa: F811
    for shopper in range(1, 6):
        visitor(shopper, standing=0)
        did(shopper, Kind.VIEW, items[0], at=ago(5 * HOUR))
        did(shopper, Kind.VIEW, items[0], at=ago(2 * HOUR))
        did(shopper, Kind.PURCHASE, items[4], at=ago(40 * DAY), order=shopper)
        searched(shopper, "tea", at=ago(5 * HOUR))


def again() -> None:
    Lease.objects.update(done_at=0, expires_at=0)


def test_each_job_says_what_it_did_and_does_nothing_until_it_is_due(log):
    jobs = (
        visitor_jobs.run_judge,
        visitor_jobs.run_derive,
        visitor_jobs.run_gifts,
        visitor_jobs.run_retention,
    )

    assert [job() for job in jobs] == [
        "5 visitors count from now on, 0 are robots",
        "5 derived events added, 0 taken back",
        "5 derived events added, 0 taken back",
        "0 old rows deleted",
    ]
    assert [job() for job in jobs] == [""] * 4


def test_before_the_first_snapshot_they_wait(db):
    did(1, Kind.VIEW, 5, at=ago(5 * HOUR))

    assert "waits for the first snapshot" in visitor_jobs.run_derive()
    assert "waits for the first snapshot" in visitor_jobs.run_gifts()


@pytest.mark.parametrize("name", ["judge", "derive", "gifts", "retention"])
def test_while_one_worker_is_at_it_another_does_nothing(log, name):
    with hold(f"{name}/1"):
        assert getattr(visitor_jobs, f"run_{name}")() == ""
        if name != "judge":
            assert getattr(visitor_jobs, f"step_{name}")() is None


def test_killed_between_any_two_steps_of_any_job_the_next_run_comes_to_the_same_rows(
    log, monkeypatch
):
    """Every call that a job makes is its last one once."""
    monkeypatch.setattr(derive, "PERSONS_AT_A_TIME", 2)
    monkeypatch.setattr(gifts, "PERSONS_AT_A_TIME", 2)
    visitor_jobs.derive_again(from_scratch=True)
    visitor_jobs.run_judge()
    expected = rows_of_derived()
    assert {row[3] for row in expected} == {Kind.REVISIT, Kind.ONE_OFF}
    for module, name in [
        (derive, "read_log"),
        (derive, "replace"),
        (derive, "finish"),
        (derive.notes, "keep"),
        (derive.notes, "discard"),
        (gifts, "replace"),
        (gifts, "read_purchases"),
        (derive.searches, "count_over"),
    ]:
        for survived in range(3):
            Event.objects.filter(kind__in=DERIVED).delete()
            derive.notes.discard("work/derived/1")
            with monkeypatch.context() as dying:
                _die_in(dying, module, name, survived)
                with pytest.raises(SystemExit):
                    while True:
                        again()
                        fence = visitor_jobs.step_derive()
                        while fence is not None:
                            fence = visitor_jobs.step_derive(fence=fence)
                        fence = visitor_jobs.step_gifts()
                        while fence is not None:
                            fence = visitor_jobs.step_gifts(fence=fence)
            again()

            visitor_jobs.run_derive()
            visitor_jobs.run_gifts()

            assert rows_of_derived() == expected, (module.__name__, name, survived)


def _die_in(monkeypatch: pytest.MonkeyPatch, module: object, name: str, survived: int) -> None:
    inner, calls = getattr(module, name), []

    def dying(*args: object, **kwargs: object) -> object:
        calls.append(name)
        if len(calls) > survived:
            raise SystemExit
        return inner(*args, **kwargs)

    monkeypatch.setattr(module, name, dying)


def test_messages_delivered_twice_do_their_chunk_once(log, monkeypatch, settings):
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(microseconds=1)}
    monkeypatch.setattr(derive, "PERSONS_AT_A_TIME", 1)
    fence = visitor_jobs.step_derive()

    following = visitor_jobs.step_derive(fence=fence)

    assert visitor_jobs.step_derive(fence=fence) is None
    assert following is not None
    assert Event.objects.filter(kind=Kind.REVISIT).count() == 2


def test_ticks_of_the_tasks_do_all_of_it(log, monkeypatch):
    for task in (tasks.judge, tasks.derive, tasks.gifts, tasks.retention):
        task.run()

    assert Event.objects.filter(kind__in=DERIVED).count() == 10
    assert set(Intent.objects.values_list("words", flat=True)) == {""}


def told(*args: str) -> str:
    out = io.StringIO()
    call_command("persona_derive", *args, stdout=out)
    return out.getvalue()


def test_by_hand_it_is_done_at_once_and_from_scratch_with_the_same_result(log):
    assert told().startswith("5 derived events added, 0 taken back; presents: 5 ")
    before = rows_of_derived()

    assert told("--from-scratch").startswith("0 derived events added, 0 taken back")
    assert rows_of_derived() == before


def test_by_hand_it_says_what_keeps_it_from_being_done(log, settings):
    for name in ("derive/1", "gifts/1"):
        with hold(name), pytest.raises(CommandError, match="worker is at it"):
            told()
    settings.PERSONA = {"ENABLED": False}
    with pytest.raises(CommandError, match="ENABLED"):
        told()


@pytest.mark.django_db(transaction=True)
def test_by_hand_before_migrating_it_says_what_to_run_first():
    with without_tables(Lease), pytest.raises(CommandError, match="migrate"):
        told()


def test_a_map_that_cannot_be_read_is_the_commands_error(log, monkeypatch):
    def broken(*args: object, **kwargs: object) -> None:
        raise BrokenMap("Fix the map.")

    monkeypatch.setattr("persona_django.deriving.purchases.read_orders", broken)

    with pytest.raises(CommandError, match="Fix the map"):
        told()


def test_rebuilding_by_hand_counts_who_came_since(log):
    call_command("persona_rebuild", "--kind", "popular", stdout=io.StringIO())

    assert judging.judge(beat=lambda: None).qualified == 0
