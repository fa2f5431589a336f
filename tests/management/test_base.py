"""Whatever a command of ours meets that has a known remedy, it says in one line."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, load_command_class

import persona_django.management
from persona_django.identity.keys import keyed
from persona_django.management.base import PersonaCommand
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind
from tests.catalogue.tables import without_tables

NAMES = sorted(
    path.stem
    for path in (Path(persona_django.management.__file__).parent / "commands").glob("persona_*.py")
)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_ours_is_one(name):
    assert isinstance(load_command_class("persona_django", name), PersonaCommand)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        ("persona_export", "--customer", "1"),
        ("persona_export", "--guest", "a@shop.example"),
        ("persona_erase", "--customer", "1", "--anyway", "--no-input"),
        ("persona_erase", "--tombstones"),
        ("persona_erase", "--replay"),
        ("persona_pause", "--customer", "1", "--anyway"),
        ("persona_robots",),
        ("persona_robots", "--person", "1"),
        ("persona_derive",),
        ("persona_run",),
        ("persona_run", "--again", "retention/1"),
        ("persona_rebuild",),
        ("persona_sync",),
        ("persona_remap", "shop.product", "shop.product"),
    ],
    ids=" ".join,
)
def test_before_migrate_each_command_says_what_to_run_first(command):
    out = io.StringIO()

    with every_table_hidden(), pytest.raises(CommandError, match="Run migrate first") as said:
        call_command(*command, stdout=out)

    assert len(str(said.value).splitlines()) == 1
    assert "missing" not in out.getvalue() and "no such table" not in out.getvalue()


@pytest.mark.parametrize(
    "command",
    [
        ("persona_sync",),
        ("persona_remap", "shop.product", "shop.product"),
        ("persona_import", "orders.csv"),
        ("persona_derive",),
        ("persona_rebuild",),
        ("persona_robots",),
        ("persona_robots", "--person", "1"),
        ("persona_run", "--again", "retention/1"),
    ],
    ids=" ".join,
)
def test_switched_off_what_learns_or_writes_says_so_and_asks_nothing(command, settings):
    """No database may be asked here: this test has none."""
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    with pytest.raises(CommandError) as said:
        call_command(*command)

    assert str(said.value) == "PERSONA['ENABLED'] is False: nothing is done."


@pytest.mark.django_db
def test_switched_off_what_people_are_owed_goes_on(settings):
    key = keyed("customer", "1")
    Event.objects.create(shopper=key, uid=1, kind=Kind.VIEW, item_id=1, at=int(time.time()))
    settings.PERSONA = {**settings.PERSONA, "ENABLED": False}

    said = {
        name: told(f"persona_{name}", "--customer", "1", "--anyway", *more)
        for name, more in {"export": (), "pause": (), "erase": ("--no-input",)}.items()
    }

    assert '"view"' in said["export"]
    assert "Left alone from now on" in said["pause"]
    assert "1 deleted" in said["erase"]
    assert not Event.objects.exists()
    assert "events" in told("persona_data_map")


def told(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_before_migrate_an_import_says_what_to_run_first(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("item,time,order\n1,2010-12-01,A\n", "utf-8")

    with every_table_hidden(), pytest.raises(CommandError, match="Run migrate first"):
        call_command("persona_import", str(path), "--model=shop.product")


def every_table_hidden():
    return without_tables(*apps.get_app_config("persona").get_models())
