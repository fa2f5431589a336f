"""The command that imports a file."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from persona_django.importing.models import ImportRun
from persona_django.tracking.models import Event
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db


def test_the_command_tells_what_became_of_the_file(file, capsys):
    tea, _ = stocked()
    path = file(
        f"1,{tea.pk},purchase,2010-12-01,1,1,A",
        "1,POST,purchase,2010-12-01,1,1,A",
        header="who,what,event,when,price,quantity,basket_id",
    )
    arguments = [str(path), "--model", "shop.product", "--map", "who=customer", "what=item"]
    arguments += ["--mapping", '{"when": "time"}', "--progress"]
    said, progress = io.StringIO(), io.StringIO()

    call_command("persona_import", *arguments, stdout=said, stderr=progress)
    call_command("persona_import", *arguments, stdout=said)

    assert "2 lines, 1 stored, 0 were there already, 1 refused" in said.getvalue()
    assert "1  unknown item" in said.getvalue()
    assert str(path) + ".rejects.csv" in said.getvalue()
    assert "was imported before" in said.getvalue()
    assert "100%" in progress.getvalue()


def test_the_command_tells_what_it_took_the_lines_for(file):
    """A file without a kind column is all views, which nobody may learn from the figures alone."""
    tea, _ = stocked()
    looks = file(
        f"1,{tea.pk},2019-10-01", f"2,{tea.pk},2019-10-01", header="user_id,item_id,timestamp"
    )
    carts = file(f"1,{tea.pk},addtocart,2019-10-01,1,1,A", name="carts.csv")
    said = io.StringIO()

    for path in (looks, carts):
        arguments = [str(path), "--model=shop.product", "--kind", "event"]
        call_command("persona_import", *arguments, stdout=said)

    assert "What happened in them: 2 views." in said.getvalue()
    assert "What happened in them: 1 cart add." in said.getvalue()


def test_a_dry_run_counts_and_stores_nothing(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,2010-12-01,1,1,A", "1,POST,purchase,2010-12-01,1,1,A")
    said = io.StringIO()

    call_command("persona_import", str(path), "--model=shop.product", "--dry-run", stdout=said)

    assert "2 lines, 1 would be stored, 0 were there already, 1 refused" in said.getvalue()
    assert not Event.objects.exists()
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize(
    "arguments", [["--map", "item"], ["--mapping", "[1]"], ["--mapping", "{"]]
)
def test_a_mapping_that_is_none_is_said_so(file, arguments):
    with pytest.raises(CommandError, match="--map"):
        call_command("persona_import", str(file()), *arguments)


def test_a_file_that_cannot_be_imported_ends_the_command_with_the_reason():
    with pytest.raises(CommandError, match="There is no file"):
        call_command("persona_import", "nowhere.csv")
