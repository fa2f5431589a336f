"""What is learnt after an erasure is what would have been learnt had the person never been there.

And nothing that was learnt before comes back: not by a roll-back, not by a version that waited.
"""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from persona_django.artefacts import store as artefacts
from persona_django.exceptions import GateFailed
from persona_django.identity.erasure import erase, replay
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.subjects import pause, subject_of_customer, subject_of_keys
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.publish import publish, roll_back
from persona_django.similarity.models import NeighbourRow
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from persona_django.training.jobs import run_due, run_erasures
from persona_django.training.rebuild import UNTIL_FIRST, due_every, rebuild, rebuild_all, step
from tests.factories import products, read_catalogue
from tests.identity.held import hold_everything, rows_of
from tests.shop.models import Order
from tests.training.history import buy, customers, live, look, rows_of_live

pytestmark = pytest.mark.django_db

HERS, ELSEWHERE = 4_711, 4_712


@pytest.fixture
def shop(settings: Any, monkeypatch: Any) -> list[Any]:
    settings.PERSONA = {
        **settings.PERSONA, "MIN_TRAINING_SHOPPERS": 1, "MIN_LOG_LIKELIHOOD": 0,
    }  # fmt: skip
    # Two rebuilds at the same moment: what fades with time tells nothing about people.
    clock = SimpleNamespace(time=lambda: 1_900_000_000, perf_counter=time.perf_counter)
    monkeypatch.setattr("persona_django.training.evidence.time", clock)
    made = products(8)
    read_catalogue()
    look(range(1, 11), made[0:4])
    look(range(20, 24), made[3:6])
    buy(customers(6), made[1:4])
    buy(customers(4), made[4:6])
    return made


def everything_learnt() -> dict[str, Any]:
    """Every byte that pages read of what was learnt."""
    rebuild_all(force=True)
    popular = artefacts.load(live_artefact("popular"), schema=POPULAR_SCHEMA)
    return {
        "similar": rows_of_live("similar"),
        "bought-together": rows_of_live("bought-together"),
        "popular": {name: column.tolist() for name, column in popular.items()},
    }


def do_everything(shop: list[Any]) -> Any:
    """Somebody whose doings decide: the last of the crowd behind several pairs."""
    anna = get_user_model().objects.create(username="anna")
    customer = keyed("customer", str(anna.pk))
    look([HERS], shop[3:8])
    look([ELSEWHERE], shop[0:6])
    Visitor.objects.create(key=ELSEWHERE, account=customer, purposes="measure")
    Visitor.objects.create(key=HERS, account=customer, purposes="measure")
    look([customer], shop[4:6], kind=Kind.SAVE)
    buy([anna], shop[4:7])
    return anna


@pytest.mark.parametrize("away", ["erased", "erased, orders deleted", "paused"])
def test_what_is_learnt_without_them_is_what_was_learnt_before_they_came(shop, away):
    never = everything_learnt()
    anna = do_everything(shop)
    assert everything_learnt() != never

    if away == "paused":
        pause(subject_of_customer(anna.pk))
    else:
        erase(subject_of_customer(anna.pk))
    if away == "erased, orders deleted":
        Order.objects.filter(user=anna).delete()

    assert everything_learnt() == never


def test_no_version_of_before_goes_live_by_itself_by_hand_or_by_force(shop):
    do_everything(shop)
    for _ in range(2):
        rebuild_all(force=True)
    staged = ModelVersion.objects.create(
        kind="similar", relation=1, status=ModelVersion.Status.STAGED, fence=1
    )
    erase(subject_of_keys([HERS, ELSEWHERE]))

    with pytest.raises(GateFailed, match="persona_rebuild"):
        roll_back("similar")
    for force in (False, True):
        with pytest.raises(GateFailed, match="before somebody was erased"):
            publish(staged, force=force)

    before = live("similar")
    assert before is not None
    outcome = rebuild("similar", force=True)
    assert outcome.live and live("similar").pk == outcome.version_id != before.pk
    with pytest.raises(GateFailed):
        roll_back("similar")
    rebuild("similar", force=True)
    assert roll_back("similar").pk == outcome.version_id


def test_the_live_version_stays_until_the_next_is_there_and_that_is_due_within_a_day(
    shop, settings
):
    settings.PERSONA = {**settings.PERSONA, "REBUILD_EVERY": timedelta(days=30)}
    assert due_every("similar") == UNTIL_FIRST
    rebuild_all(force=True)
    assert due_every("similar") == timedelta(days=30)

    erase(subject_of_keys([HERS]))

    assert live("similar") is not None
    assert due_every("similar") == timedelta(days=1)
    rebuild_all(force=True)
    assert due_every("similar") == timedelta(days=30)


def test_what_was_learnt_beside_rows_that_a_backup_brought_back_does_not_stay(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "REBUILD_EVERY": timedelta(days=30)}
    erase(subject_of_keys([HERS]))
    for _ in range(2):
        rebuild_all(force=True)
    replay()
    assert due_every("similar") == timedelta(days=30)

    look([HERS], shop[3:8])
    replay()

    assert rows_of(HERS) == 0
    assert due_every("similar") == timedelta(days=1)
    with pytest.raises(GateFailed, match="before somebody was erased"):
        roll_back("similar")


def test_somebody_erased_while_a_rebuild_runs_does_not_keep_it_from_ever_ending(shop):
    rebuild_all(force=True)
    fence = step_first("similar")

    erase(subject_of_keys([HERS]))
    while fence is not None:
        fence = step("similar", fence=fence).fence

    newest = ModelVersion.objects.filter(kind="similar").order_by("-id").first()
    assert newest is not None and newest.status == ModelVersion.Status.LIVE
    assert due_every("similar") == timedelta(hours=24)
    rebuild_all(force=True)
    assert live("similar").figures["erasures"] == 1


def step_first(kind: str) -> int | None:
    """Begin a rebuild as a worker does, a stage a message, though none is due."""
    from persona_django.model_registry.models import Lease

    Lease.objects.all().update(done_at=0)
    return step(kind).fence


def test_rows_that_came_in_late_are_swept_away_and_said(shop):
    erase(subject_of_keys([HERS]))
    hold_everything(HERS)

    assert run_erasures() == "8 late rows of erased people deleted"
    assert rows_of(HERS) == 0
    assert run_erasures() == ""


def test_cron_and_workers_sweep_with_all_other_jobs(shop):
    erase(subject_of_keys([HERS]))
    hold_everything(HERS)

    done = {one.name: one for one in run_due()}

    assert not done["erasures/1"].failed
    assert not Event.objects.filter(shopper=HERS).exists()


def test_a_paused_person_is_back_in_what_is_learnt_when_they_resume(shop):
    from persona_django.identity.subjects import resume

    anna = do_everything(shop)
    with_her = everything_learnt()
    pause(subject_of_customer(anna.pk))
    assert everything_learnt() != with_her

    resume(subject_of_customer(anna.pk))

    assert everything_learnt() == with_her
    assert NeighbourRow.objects.exists()
