"""What cron does in a shop without a worker, and what a person sees who learns by hand."""

from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import state, walking
from persona_django.catalogue.models import Item, State
from persona_django.catalogue.sync import sync
from persona_django.exceptions import LostLease, Resting
from persona_django.identity.models import Visitor
from persona_django.model_registry.leases import Held, hold
from persona_django.model_registry.models import Lease, ModelVersion
from persona_django.tracking.models import Intent, SearchTerm
from persona_django.training.jobs import run_due, run_reconcile, run_snapshot, step_reconcile
from persona_django.training.recipes import KINDS
from tests.catalogue.tables import without_tables
from tests.factories import products, read_catalogue
from tests.shop.models import Product
from tests.training.history import live, teach_every_kind

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    """A stream that draws where it is told to."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shop(settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 3, "MIN_LOG_LIKELIHOOD": 0}
    made = products(4)
    read_catalogue()
    teach_every_kind(made)
    return made


def told(*args: str, out: io.StringIO | None = None, **options: object) -> str:
    out = out or io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def test_a_shop_without_a_worker_learns_from_one_command(shop):
    said = told("persona_run")

    assert all(live(kind) for kind in KINDS)
    assert "rebuild/similar/1: version" in said


def test_what_is_left_alone_for_a_moment_is_done_with_the_next_run(shop, monkeypatch):
    def resting(*args: object, **kwargs: object) -> None:
        raise Resting("database_default failed a moment ago and is left alone.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("persona_django.training.stages.gather", resting)
        said = told("persona_run")
    assert "rebuild/similar/1: later: database_default failed a moment ago" in said

    told("persona_run")

    assert all(live(kind) for kind in KINDS)


def test_the_second_run_finds_nothing_to_do(shop):
    told("persona_run")

    again = {done.name: done.said for done in run_due()}

    assert set(again.values()) == {"nothing to do"}
    assert ModelVersion.objects.count() == len(KINDS)


def test_whatever_is_done_for_one_store_is_done_for_all(shop):
    """Of store 2, too, a search whose visit is over is counted, and its words are forgotten."""
    sync(store=2)
    for store in (1, 2):
        Visitor.objects.create(key=store, store=store, purposes="measure", standing=1)
        Intent.objects.create(
            store=store, shopper=store, uid=1, kind=1, at=time.time() - 7_200, words="kettle"
        )

    told("persona_run")

    assert set(Intent.objects.values_list("words", flat=True)) == {""}
    # In store 1 others searched for something else.
    once = SearchTerm.objects.filter(asked=1)
    assert sorted(once.values_list("store", "asked")) == [(1, 1), (2, 1)]
    done = set(Lease.objects.filter(done_at__gt=0).values_list("name", flat=True))
    assert {name.replace("/1", "/2") for name in done} <= done | {"erasures/2", "retention/2"}


def test_cron_and_a_worker_side_by_side_do_everything_once(shop):
    with hold("rebuild/similar/1"):
        told("persona_run")

    assert live("similar") is None
    assert live("bought-together") is not None


def test_a_job_that_fails_is_named_and_the_others_go_on(shop, monkeypatch, settings):
    settings.PERSONA = {**settings.PERSONA, "SIMILARITY_BACKEND": "scipy"}

    def broken(*args: object, **kwargs: object) -> None:
        from persona_django.exceptions import BrokenMap

        raise BrokenMap("shop.OrderLine has no field named 'custommer'.")

    monkeypatch.setattr("persona_django.training.evidence.read_orders", broken)
    out = io.StringIO()

    with pytest.raises(CommandError, match="Failed: rebuild/similar/1"):
        call_command("persona_run", stdout=out)

    assert "no field named 'custommer'" in out.getvalue()
    assert "clean/1: 0 old versions deleted" in out.getvalue()
    assert "custommer" in Lease.objects.get(name="rebuild/similar/1").note


def test_an_inert_app_does_nothing(shop, settings):
    settings.PERSONA = {"ENABLED": False}

    assert "nothing is done" in told("persona_run")
    with pytest.raises(CommandError, match="ENABLED"):
        told("persona_rebuild")
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rebuilding_before_migrating_says_what_to_run_first():
    with without_tables(Lease, State, Item), pytest.raises(CommandError, match="migrate"):
        told("persona_rebuild")


def test_rebuilding_by_hand_says_what_was_learnt(shop, tmp_path):
    file = tmp_path / "figures.json"

    said = told("persona_rebuild", "--json", str(file))

    assert "similar: version" in said and "is live" in said
    assert "rows read" in said and "pairs" in said
    figures = json.loads(file.read_text())
    assert [row["kind"] for row in figures] == list(KINDS)
    assert figures[0]["figures"]["seconds"]["kernel"] >= 0


def test_a_crowd_that_nothing_reaches_takes_down_what_was_learnt_and_both_commands_say_so(
    shop, settings
):
    told("persona_rebuild", "--kind", "bought-together", "--force")
    settings.PERSONA = {**settings.PERSONA, "MIN_BUYERS": 100}

    said = told("persona_rebuild", "--kind", "bought-together")
    status = told("persona_status")

    assert "is live. 18 rows read, 6 shoppers, 0 items, 0 pairs. It is empty: Nothing" in said
    assert "100 distinct buyers that a pair of items needs (MIN_BUYERS)" in said
    (learnt,) = [line for line in status.splitlines() if "bought-together: Version" in line]
    assert learnt.startswith("todo") and "MIN_BUYERS" in learnt and "6 shoppers" in learnt
    assert "bought-together: The version that was learnt for it is empty, so it shows" in status


def test_cron_says_so_too_when_a_version_goes_live_empty(shop, settings):
    told("persona_run")
    settings.PERSONA = {**settings.PERSONA, "MIN_BUYERS": 100}

    said = told("persona_run", "--again", "rebuild/bought-together/1")

    assert "is live, and empty. Nothing reached the 100 distinct buyers" in said


def test_only_the_kinds_asked_for_are_rebuilt(shop):
    told("persona_rebuild", "--kind", "popular", "--kind", "similar")

    assert live("bought-together") is None
    assert live("similar") and live("popular")


def test_one_kind_reads_only_what_teaches_it(shop):
    told("persona_rebuild", "--kind", "bought-together")

    assert live("bought-together").figures["rows_read"] == 18


def test_a_version_that_stays_staged_says_why(shop, settings):
    settings.PERSONA = {**settings.PERSONA, "MIN_TRAINING_SHOPPERS": 25}

    said = told("persona_rebuild", "--kind", "similar")

    assert "similar: not live. Only" in said and "25" in said
    assert "is live" in told("persona_rebuild", "--kind", "similar", "--force")


def test_on_a_terminal_progress_is_drawn_elsewhere_it_is_lines(shop):
    drawn = told("persona_rebuild", out=Terminal())
    lines = told("persona_rebuild")

    assert "\r" in drawn and "100%" in drawn
    assert "\r" not in lines and "writing similar …" in lines
    assert "…" not in told("persona_rebuild", verbosity=0)


def test_what_speaks_against_learning_is_an_error_of_the_command(shop, monkeypatch):
    def broken(*args: object, **kwargs: object) -> None:
        from persona_django.exceptions import BrokenMap

        raise BrokenMap("Fix the map.")

    monkeypatch.setattr("persona_django.training.evidence.read_orders", broken)

    with pytest.raises(CommandError, match="Fix the map"):
        told("persona_rebuild")


def test_a_catalogue_without_any_item_is_no_error():
    assert not Product.objects.exists()

    said = told("persona_run")

    assert "rebuild/similar/1: Only 0 shoppers" in said


@pytest.mark.parametrize("job", [run_reconcile, run_snapshot, step_reconcile])
def test_a_job_keeps_its_lease_while_it_reads_the_catalogue(shop, monkeypatch, job):
    renewed: list[str] = []
    monkeypatch.setattr(Held, "renew", lambda self: renewed.append(self.name))
    state.bump("catalogue")

    assert job() != ""

    assert renewed


def test_a_chunk_that_lost_its_lease_keeps_nothing_of_where_it_stood(shop, monkeypatch, settings):
    settings.PERSONA = {**settings.PERSONA, "CHUNK_FOR": timedelta(0)}
    advance = walking.Walk.advance

    def overtaken(self: walking.Walk, **options: Any) -> bool:
        over = advance(self, **options)
        # It slept for so long that the next tick thought it dead, and is done by now.
        Lease.objects.update(expires_at=1)
        monkeypatch.setattr(walking.Walk, "advance", advance)
        assert run_reconcile()
        return over

    monkeypatch.setattr(walking.Walk, "advance", overtaken)

    with pytest.raises(LostLease):
        step_reconcile()

    assert artefacts.newest("work/reconcile/1") is None
