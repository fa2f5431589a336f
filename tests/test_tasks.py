"""Celery's door: thin, polite, and harmless whatever is sent."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from celery import Celery, current_app
from kombu.exceptions import OperationalError

from persona_django import tasks
from persona_django.catalogue.models import Item
from persona_django.model_registry.leases import hold
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.training.recipes import KINDS
from tests.factories import product, products, read_catalogue
from tests.training.history import buy, customers, live, look

OURS = (tasks.rebuild, tasks.snapshot, tasks.reconcile, tasks.prune)


@pytest.fixture(autouse=True)
def _the_shops_app():
    """In-process Celery, as the example shop runs it."""
    before = current_app._get_current_object()
    with Celery("shop", set_as_current=True) as app:
        app.config_from_object("django.conf:settings", namespace="CELERY")
        yield app
    before.set_current()


@pytest.fixture
def shop(db, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    made = products(4)
    read_catalogue()
    look(range(1, 11), made[0:2])
    buy(customers(6), made[2:4])
    return made


@pytest.fixture
def sent(monkeypatch):
    """Messages that tasks send, kept back, as a broker would."""
    kept: list[dict] = []

    def keep(self, kwargs=None, **options):
        kept.append(json.loads(json.dumps(kwargs or {})))

    monkeypatch.setattr(tasks.PersonaTask, "apply_async", keep)
    return kept


@pytest.mark.parametrize("task", OURS, ids=lambda task: task.name)
def test_every_task_is_redelivered_when_its_worker_dies_and_leaves_no_result(task):
    assert task.name.startswith("persona.")
    assert task.acks_late and task.reject_on_worker_lost and task.ignore_result
    assert task.serializer == "json"


@pytest.mark.parametrize("task", OURS, ids=lambda task: task.name)
def test_queue_and_limits_follow_the_settings(task, settings):
    assert task.queue is None

    settings.PERSONA = {"QUEUE": "slow", "TASK_TIME_LIMIT": timedelta(minutes=10)}

    assert task.queue == "slow"
    assert task.time_limit == 600
    assert task.soft_time_limit < task.time_limit


def test_the_beat_schedule_is_plain_and_every_tick_expires_before_the_next():
    entries = json.loads(json.dumps(tasks.BEAT_SCHEDULE))

    assert {entry["task"] for entry in entries.values()} == {task.name for task in OURS}
    for entry in entries.values():
        assert entry["options"]["expires"] < entry["schedule"]


def test_ticks_learn_everything_one_stage_a_message(shop, sent):
    sent.append({})
    messages = 0
    while sent:
        tasks.rebuild.run(**sent.pop(0))
        messages += 1

    assert all(live(kind) for kind in KINDS)
    # Three stages for each relation, two for what is popular, one that finds nothing due.
    assert messages == 9


def test_a_day_of_piled_up_ticks_gives_one_run(shop, sent, settings):
    # However slow the machine, the lease outlives the queue.
    settings.PERSONA = {**settings.PERSONA, "LEASE_FOR": timedelta(hours=1)}
    queue = [{} for _ in range(1440)]

    while queue:
        tasks.rebuild.run(**queue.pop(0))
        queue += sent
        sent.clear()

    assert ModelVersion.objects.count() == len(KINDS)


def test_a_message_delivered_twice_does_its_stage_once(shop, sent):
    tasks.rebuild.run()
    (next_stage,) = sent
    sent.clear()

    tasks.rebuild.run(**next_stage)
    tasks.rebuild.run(**next_stage)

    assert len(sent) == 1


def test_without_a_broker_the_next_stage_waits_for_a_tick(shop, monkeypatch, caplog):
    def refuse(self, *args, **options):
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.PersonaTask, "apply_async", refuse)
    tasks.rebuild.run()
    assert any("later tick" in message for message in caplog.messages)
    monkeypatch.undo()
    Lease.objects.update(expires_at=1)

    tasks.rebuild.delay()

    assert live("similar")


def test_in_process_celery_learns_everything_from_one_message(shop):
    tasks.rebuild.delay()

    assert all(live(kind) for kind in KINDS)


@pytest.mark.parametrize("kwargs", [{"kind": "../etc"}, {"kind": "similar", "fence": "1 OR 1"}])
def test_a_forged_message_starts_nothing_it_names(shop, sent, kwargs):
    with hold("rebuild/similar/1"):
        tasks.rebuild.run(**kwargs)

    assert not sent
    assert not ModelVersion.objects.exists()


def test_unknown_arguments_are_refused_and_change_nothing(shop):
    with pytest.raises(TypeError):
        tasks.rebuild.apply(kwargs={"callback": "os.system"})

    assert not ModelVersion.objects.exists()


def test_tasks_take_json_only():
    assert "json" in current_app.conf.accept_content
    assert "pickle" not in current_app.conf.accept_content


@pytest.mark.django_db
def test_reconcile_finds_what_signals_missed_and_snapshot_follows():
    made = product("Missed")
    Item.objects.all().delete()

    tasks.reconcile.apply()
    tasks.snapshot.apply()

    assert Item.objects.filter(key=str(made.pk)).exists()
    assert Lease.objects.get(name="snapshot/1").done_at


@pytest.mark.django_db
def test_an_unchanged_catalogue_gets_no_second_snapshot():
    product("One")
    tasks.reconcile.apply()
    tasks.snapshot.apply()
    Lease.objects.update(done_at=0)

    tasks.snapshot.apply()

    assert Lease.objects.get(name="snapshot/1").done_at == 0


def test_prune_deletes_old_versions(shop, settings):
    from persona_django.training.rebuild import rebuild

    settings.PERSONA = {**settings.PERSONA, "BASES_KEPT": 2}
    for _ in range(4):
        rebuild("similar")

    tasks.prune.apply()

    assert ModelVersion.objects.filter(kind="similar").count() == 2
