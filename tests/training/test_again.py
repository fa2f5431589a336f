"""A job that died again and again: ticks say that it waits, and one command lets it go on."""

from __future__ import annotations

import io
import time
from datetime import timedelta

import pytest
import time_machine
from celery import Celery, current_app
from django.core.management import CommandError, call_command

from persona_django import tasks
from persona_django.catalogue import state
from persona_django.catalogue.snapshot import snapshot_is_stale
from persona_django.catalogue.sync import sync
from persona_django.exceptions import Resting, WaitsForPerson
from persona_django.identity.erasure import bury
from persona_django.model_registry.leases import hold
from persona_django.model_registry.models import Lease
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training import jobs
from persona_django.training.jobs import every_job
from persona_django.training.recipes import KINDS
from tests.factories import products, read_catalogue
from tests.training.history import live, look

pytestmark = pytest.mark.django_db

NAMES = [
    "erasures/1", "reconcile/1", "orders/1", "snapshot/1", "judge/1", "derive/1", "gifts/1",
    "rebuild/similar/1", "rebuild/bought-together/1", "rebuild/bought-after/1",
    "rebuild/viewed-next/1", "rebuild/viewed-then-bought/1", "rebuild/content/1",
    "rebuild/visit-next/1", "rebuild/search-finds/1",
    "rebuild/trending/1", "rebuild/popular/1", "clean/1", "retention/1",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _a_catalogue():
    products(4)
    read_catalogue()


def ran(*args: str) -> tuple[str, str]:
    """What the command said, and the error it ended with; "" when there was none."""
    out = io.StringIO()
    try:
        call_command("persona_run", *args, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def died(*names: str, ago: timedelta = timedelta(minutes=1)) -> None:
    """As three killed workers leave a job."""
    for name in names:
        last = time.time() - ago.total_seconds()
        Lease.objects.create(name=name, attempts=3, expires_at=last, holder="killed")


def old_event() -> None:
    long_ago = int(time.time() - timedelta(days=4000).total_seconds())
    Event.objects.create(shopper=1, uid=1, kind=Kind.VIEW, item_id=1, at=long_ago)


def test_the_jobs_are_named_as_their_leases():
    ran()

    assert [job.name for job in every_job()] == NAMES
    assert set(Lease.objects.values_list("name", flat=True)) == {*NAMES} - {"snapshot/1"}


@pytest.mark.parametrize("name", NAMES)
def test_cron_fails_while_a_job_waits_for_a_person_and_does_the_others(name):
    died(name)
    state.bump("catalogue")

    said, error = ran()

    assert error == f"Failed: {name}. What to do stands above."
    assert f"{name}: Waits for a person. Died 3 times" in said
    assert f"python manage.py persona_run --again {name}." in said
    waiting = Lease.objects.filter(done_at=0).values_list("name", flat=True)
    assert list(waiting) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_by_hand_it_is_done_at_once_and_the_schedule_goes_on(name):
    died(*NAMES)

    _, error = ran("--again", name)

    assert error == ""
    done = Lease.objects.get(name=name)
    assert done.attempts == 0 and done.done_at and not done.note
    others = Lease.objects.exclude(name=name)
    assert set(others.values_list("done_at", flat=True)) == {0}


def test_several_jobs_are_done_by_one_command():
    died("retention/1", "erasures/1", "gifts/1")
    old_event()

    said, error = ran("--again", "retention/1", "erasures/1", "retention/1")

    assert error == ""
    assert said.splitlines() == [
        "retention/1: 1 old row deleted",
        "erasures/1: 0 late rows of erased people deleted",
    ]
    assert Lease.objects.get(name="gifts/1").attempts == 3


def test_a_job_of_another_store_has_its_number():
    sync(store=2)
    died("rebuild/popular/2")

    assert "rebuild/popular/2: Waits for a person" in ran()[0]

    said, error = ran("--again", "rebuild/popular/2")
    assert error == "" and said.startswith("rebuild/popular/2: ")


def test_of_a_name_that_no_job_has_it_lists_those_there_are():
    died("retention/1")

    said, error = ran("--again", "retention/1", "retension/1", "clean/7")

    assert said == ""
    assert error.startswith("There is no job retension/1, clean/7. The jobs: erasures/1, ")
    assert all(name in error for name in NAMES)
    assert Lease.objects.get(name="retention/1").attempts == 3


def test_a_worker_that_is_at_it_is_left_alone():
    with hold("retention/1"):
        said, error = ran("--again", "retention/1")

    assert said.startswith("retention/1: A worker is at it right now")
    assert error.startswith("Failed: retention/1.")


def test_what_could_not_be_done_for_a_moment_is_a_failure_to_who_asked(monkeypatch):
    def resting(*args: object, **kwargs: object) -> None:
        raise Resting("The database failed a moment ago.")

    monkeypatch.setattr("persona_django.training.jobs.clean", resting)

    assert ran("--again", "clean/1") == (
        "clean/1: later: The database failed a moment ago.\n",
        "Failed: clean/1. What to do stands above.",
    )


def test_an_inert_app_does_nothing_again(settings):
    settings.PERSONA = {"ENABLED": False}

    assert "nothing is done" in ran("--again", "retention/1")[1]


def test_what_a_killed_reconcile_wrote_gets_its_snapshot_though_a_person_went_on():
    died("reconcile/1")
    assert not snapshot_is_stale()

    ran("--again", "reconcile/1")

    assert snapshot_is_stale()


def test_what_deletes_for_privacy_is_tried_by_itself_a_day_later():
    died("retention/1", "erasures/1")
    old_event()
    key = 77
    Event.objects.create(shopper=key, uid=2, kind=Kind.VIEW, item_id=1, at=int(time.time()))
    bury([key])

    assert ran()[1] == "Failed: erasures/1, retention/1. What to do stands above."
    assert Event.objects.count() == 2

    with time_machine.travel(timedelta(days=1, minutes=1)):
        assert ran()[1] == ""
        assert ran()[1] == ""
    assert Event.objects.count() == 0


# -- with a worker --------------------------------------------------------------------------------


@pytest.fixture
def _the_shops_app():
    before = current_app._get_current_object()
    with Celery("shop", set_as_current=True) as app:
        app.config_from_object("django.conf:settings", namespace="CELERY")
        yield app
    before.set_current()


@pytest.mark.usefixtures("_the_shops_app")
@pytest.mark.parametrize("task", [tasks.retention, tasks.erasures], ids=lambda task: task.name)
def test_a_task_fails_with_every_tick_too_and_is_tried_once_a_day(task):
    name = f"{task.name.removeprefix('persona.')}/1"
    died(name)

    states = [task.apply(throw=False).state for _ in range(2)]

    assert states == ["FAILURE", "FAILURE"]
    assert f"persona_run --again {name}" in Lease.objects.get(name=name).note
    with time_machine.travel(timedelta(days=1, minutes=1)):
        assert task.apply(throw=False).state == "SUCCESS"
    assert Lease.objects.get(name=name).attempts == 0


def test_a_worker_notes_such_a_failure_without_a_traceback_each_minute():
    assert isinstance(WaitsForPerson(), tasks.retention.throws)


def test_a_kind_that_waits_keeps_no_other_from_being_learnt_by_a_worker(settings, monkeypatch):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_SUPPORT": 1}
    made = products(2)
    read_catalogue()
    look(range(1, 11), made)
    died("rebuild/similar/1")
    sent: list[dict[str, object]] = [{}]
    monkeypatch.setattr(
        tasks.PersonaTask, "apply_async", lambda self, kwargs, **options: sent.append(kwargs)
    )

    with pytest.raises(WaitsForPerson, match="--again rebuild/similar/1"):
        while sent:
            tasks.rebuild.run(**sent.pop(0))

    assert live("similar") is None and live("popular")
    tried = Lease.objects.filter(name__startswith="rebuild/", done_at__gt=0)
    assert tried.count() == len(KINDS) - 1


@pytest.mark.parametrize("clean", [jobs.run_clean, jobs.step_clean])
def test_a_job_that_there_is_no_more_is_forgotten_after_a_week(clean):
    week = timedelta(days=7).total_seconds()
    for name, seconds in [("rebuild/old/1", week + 60), ("rebuild/new/1", week - 60)]:
        then = int(time.time() - seconds)
        Lease.objects.create(name=name, attempts=3, expires_at=then, done_at=then)
    Lease.objects.create(name="retention/1", expires_at=1, done_at=1)

    clean()

    left = set(Lease.objects.values_list("name", flat=True))
    assert left - set(NAMES) == {"rebuild/new/1"}
    assert "retention/1" in left
