"""Celery's door: thin, polite, and harmless whatever is sent."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from celery import Celery, current_app
from celery.exceptions import SoftTimeLimitExceeded
from kombu.exceptions import OperationalError

from persona_django import tasks
from persona_django.artefacts import store as artefacts
from persona_django.catalogue import registry, state
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import snapshot_is_stale
from persona_django.exceptions import Resting
from persona_django.model_registry.leases import hold
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.similarity.store import stored_versions
from persona_django.training.jobs import run_reconcile
from persona_django.training.rebuild import Step
from persona_django.training.recipes import KINDS, RECIPES
from tests.factories import product, products, read_catalogue
from tests.shop.models import Product
from tests.training.history import live, teach_every_kind

OURS = (
    tasks.rebuild,
    tasks.snapshot,
    tasks.reconcile,
    tasks.prune,
    tasks.judge,
    tasks.derive,
    tasks.gifts,
    tasks.retention,
    tasks.orders,
    tasks.erasures,
)


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
    teach_every_kind(made)
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


def test_switched_off_no_task_asks_or_changes_anything(shop, settings, django_assert_num_queries):
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    # So it is in a process that starts switched off: it has read no persona.py.
    with registry.isolated(), django_assert_num_queries(0):
        for entry in tasks.BEAT_SCHEDULE.values():
            current_app.tasks[entry["task"]].delay()

    assert Item.objects.filter(retired_at=None).count() == len(shop)
    assert not ModelVersion.objects.exists()


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
    # A stage less where nothing is learnt beyond counting, and one that finds nothing due.
    assert messages == sum(3 if recipe.learn else 2 for recipe in RECIPES.values()) + 1


def test_piled_up_ticks_give_one_run(shop, sent, settings):
    """One more or fewer makes no difference; `tests.worker` piles up hundreds on a broker."""
    # However slow the machine, the lease outlives the queue.
    settings.PERSONA = {**settings.PERSONA, "LEASE_FOR": timedelta(hours=1)}
    queue = [{} for _ in range(60)]

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


@contextmanager
def no_broker():
    """Nothing can be sent meanwhile."""

    def refuse(self, *args, **options):
        raise OperationalError("connection refused")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tasks.PersonaTask, "apply_async", refuse)
        yield


def test_without_a_broker_the_next_stage_waits_for_a_tick(shop, caplog):
    with no_broker():
        tasks.rebuild.run()
    assert any("later tick" in message for message in caplog.messages)
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


def test_what_is_left_alone_for_a_moment_is_no_failed_task(shop, monkeypatch, caplog):
    def resting(store):
        raise Resting("database_default failed a moment ago and is left alone.")

    monkeypatch.setattr("persona_django.training.jobs.snapshot_is_stale", resting)

    tasks.snapshot.delay()

    assert "persona.snapshot goes on with a later tick: database_default" in caplog.text


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


@pytest.fixture
def missed(db, settings, monkeypatch):
    """Several pages of products that no signal told of, and no time for more than one page."""
    monkeypatch.setattr("persona_django.catalogue.reading.PAGE_ROWS", 3)
    settings.PERSONA = {
        **settings.PERSONA, "CHUNK_FOR": timedelta(0), "LEASE_FOR": timedelta(hours=1)
    }  # fmt: skip
    Product.objects.bulk_create(Product(name=f"Missed {n}", price=1) for n in range(10))
    return 10


def all_sent(task, sent):
    """Take messages from the queue until it is empty; how many there were."""
    messages = 0
    while sent:
        task.run(**sent.pop(0))
        messages += 1
    return messages


def test_a_reconcile_of_several_pages_takes_several_messages(missed, sent):
    sent.append({})

    messages = all_sent(tasks.reconcile, sent)

    assert messages >= 4
    assert Item.objects.filter(retired_at=None).count() == missed
    assert Lease.objects.get(name="reconcile/1").done_at


def test_a_reconcile_goes_through_every_store_each_at_its_own_pace(missed, sent):
    state.bump("catalogue", 2)
    sent.append({})

    all_sent(tasks.reconcile, sent)

    for store in (1, 2):
        assert Item.objects.filter(retired_at=None, store=store).count() == missed


OF_A_STORE = tuple(task for task in OURS if task not in (tasks.retention, tasks.erasures))


@pytest.fixture
def faults(monkeypatch):
    """What each store raises, whatever job is done for it, and the stores that were come to."""
    raised: dict[int, BaseException] = {}
    done: list[int] = []

    def job(*args, **kwargs):
        numbers = (*args, kwargs.get("store"))
        (store,) = (number for number in numbers if isinstance(number, int))
        done.append(store)
        if store in raised:
            raise raised[store]

    def step(kind, *, store, fence):
        job(store)
        return Step(done=False)

    for name in ("snapshot", "orders"):
        monkeypatch.setattr(f"persona_django.training.jobs.run_{name}", job)
    monkeypatch.setattr("persona_django.training.visitor_jobs.run_judge", job)
    for name in ("jobs.step_reconcile", "jobs.step_clean"):
        monkeypatch.setattr(f"persona_django.training.{name}", job)
    for name in ("derive", "gifts"):
        monkeypatch.setattr(f"persona_django.training.visitor_jobs.step_{name}", job)
    monkeypatch.setattr("persona_django.training.rebuild.step", step)
    return raised, done


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [Resting("left alone"), RuntimeError("no"), SoftTimeLimitExceeded()],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("task", OF_A_STORE, ids=lambda task: task.name)
def test_what_one_store_raises_keeps_no_other_from_its_turn(task, error, faults, sent):
    raised, done = faults
    for store in (2, 3):
        state.bump("catalogue", store)
    raised |= {1: error, 2: error}
    sent.append({})

    while sent:
        with suppress(type(error)):
            task.run(**sent.pop(0))

    assert set(done) == {1, 2, 3}


@pytest.mark.django_db
@pytest.mark.parametrize("task", OF_A_STORE, ids=lambda task: task.name)
def test_each_store_has_a_message_and_with_it_a_time_limit_of_its_own(task, faults, sent):
    _, done = faults
    for store in (2, 3):
        state.bump("catalogue", store)

    task.run()

    assert set(done) == {1}
    assert sent == [{"store": 2}, {"store": 3}]

    done.clear()
    task.run(**sent.pop())

    assert set(done) == {3}
    assert sent == [{"store": 2}], "a message for one store sends none for the others"


@pytest.mark.django_db
def test_a_message_for_one_store_expires_as_a_tick_does(faults, monkeypatch):
    kept = []
    monkeypatch.setattr(
        tasks.PersonaTask, "apply_async", lambda self, **options: kept.append(options)
    )
    state.bump("catalogue", 2)

    tasks.snapshot.run()

    assert kept == [{"kwargs": {"store": 2}, "expires": tasks.EXPIRES_SECONDS}]


@pytest.mark.django_db
def test_a_kind_that_is_asked_for_is_rebuilt_in_every_store(faults, sent):
    state.bump("catalogue", 2)

    tasks.rebuild.run(kind="similar")

    assert sent == [{"kind": "similar", "store": 2}]


@pytest.mark.django_db
def test_without_a_broker_the_first_store_has_its_turn_all_the_same(faults, caplog):
    _, done = faults
    state.bump("catalogue", 2)

    with no_broker():
        tasks.snapshot.run()

    assert done == [1]
    assert any("later tick" in message for message in caplog.messages)


def test_a_shops_own_task_waits_for_one_page_of_a_reconcile(missed, sent):
    tasks.reconcile.run()

    assert len(sent) == 1
    assert Item.objects.count() == 3


def test_a_second_reconcile_while_one_is_on_its_way_does_nothing(missed, sent):
    tasks.reconcile.run()
    (following,) = sent

    tasks.reconcile.run()
    assert run_reconcile() == ""
    assert len(sent) == 1
    tasks.reconcile.run(**following)
    tasks.reconcile.run(**following)

    assert len(sent) == 2
    assert Item.objects.count() == 6


@pytest.mark.parametrize("chunks", range(1, 6))
def test_a_reconcile_whose_message_was_lost_goes_on_with_the_next_tick(missed, sent, chunks):
    sent.append({})
    for _ in range(chunks):
        tasks.reconcile.run(**sent.pop(0))
    sent.clear()
    before = Item.objects.count()
    Lease.objects.update(expires_at=1)
    Product.objects.filter(name="Missed 0").update(name="Changed since")

    tasks.reconcile.run()
    assert Item.objects.count() == min(before + 3, missed)
    all_sent(tasks.reconcile, sent)

    assert Item.objects.filter(retired_at=None).count() == missed
    assert not Item.objects.filter(title="Changed since").exists(), "it did not begin again"


def test_in_process_celery_reconciles_everything_from_one_message(missed):
    tasks.reconcile.delay()

    assert Item.objects.count() == missed


def test_without_a_broker_the_rest_of_a_reconcile_waits_for_a_tick(missed, caplog):
    with no_broker():
        tasks.reconcile.run()
    assert any("later tick" in message for message in caplog.messages)
    Lease.objects.update(expires_at=1)

    tasks.reconcile.delay()

    assert Item.objects.count() == missed


def test_cron_does_the_whole_of_a_reconcile_that_a_worker_left(missed, sent):
    tasks.reconcile.run()
    Lease.objects.update(expires_at=1)

    assert run_reconcile() == "7 added, 0 changed, 0 retired"

    assert artefacts.newest("work/reconcile/1") is None


def test_what_a_killed_reconcile_wrote_gets_its_snapshot(missed):
    read_catalogue()
    assert not snapshot_is_stale()

    class Killed(BaseException):
        """Nothing of ours catches it."""

    # It died after writing to the mirror and before saying so.
    with pytest.raises(Killed), hold("reconcile/1"):
        raise Killed
    Lease.objects.update(expires_at=1)
    tasks.reconcile.delay()

    assert snapshot_is_stale()


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


def test_deleting_old_versions_hands_the_worker_back_after_a_chunk(shop, sent, settings):
    from persona_django.training.rebuild import rebuild

    settings.PERSONA = {
        **settings.PERSONA, "BASES_KEPT": 2, "CHUNK_FOR": timedelta(0), "WRITE_CHUNK_ROWS": 1
    }  # fmt: skip
    for _ in range(5):
        rebuild("similar")
    lost = ModelVersion.objects.filter(kind="similar").order_by("pk").first()
    stored = stored_versions()

    tasks.prune.run()
    assert ModelVersion.objects.filter(kind="similar").count() > 2
    tasks.prune.run()
    assert len(sent) == 1, "a second one while the first is on its way does nothing"
    sent.clear()
    Lease.objects.update(expires_at=1)
    sent.append({})
    messages = all_sent(tasks.prune, sent)

    assert messages >= 2
    kept = set(ModelVersion.objects.filter(kind="similar").values_list("pk", flat=True))
    assert len(kept) == 2 and lost.pk not in kept
    assert stored_versions() == kept < stored
    assert Lease.objects.get(name="clean/1").done_at
