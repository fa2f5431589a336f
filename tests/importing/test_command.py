"""The command that imports a file."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from persona_django.catalogue.sync import sync
from persona_django.importing.models import ImportRun
from persona_django.tracking.models import Event
from tests.shop.models import Product
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


@pytest.mark.parametrize("place", ["no/such/folder/r.csv", "orders.csv/r.csv", "."])
def test_refused_lines_that_can_be_written_nowhere_are_said_before_anything_is_stored(file, place):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,2010-12-01,1,1,A", "1,POST,purchase,2010-12-01,1,1,A")
    rejects = str(path.parent / place)
    arguments = [str(path), "--model=shop.product"]

    with pytest.raises(CommandError, match=r"cannot be written: .*; give --rejects PATH") as said:
        call_command("persona_import", *arguments, "--rejects", rejects)

    assert rejects.removesuffix("/.") in str(said.value)
    assert not Event.objects.exists() and not ImportRun.objects.exists()


def test_a_file_of_which_no_line_is_refused_leaves_none_of_refused_lines(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,2010-12-01,1,1,A")
    said = io.StringIO()

    call_command("persona_import", str(path), "--model=shop.product", stdout=said)

    assert "1 stored" in said.getvalue()
    assert [one.name for one in path.parent.iterdir()] == ["orders.csv"]


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


def test_a_file_of_which_every_line_is_refused_fails_and_names_the_field_of_the_items(file):
    stocked("85123A")
    path = file("1,85123A,purchase,2010-12-01,1,1,A", "2,85123A,purchase,2010-12-01,1,1,B")
    said = io.StringIO()

    with pytest.raises(CommandError, match="Nothing came in") as failed:
        call_command("persona_import", str(path), "--model=shop.product", stdout=said)

    assert "looked for in shop.product.id." in str(failed.value)
    assert "--item-field sku" in str(failed.value)
    assert "2  unknown item" in said.getvalue()


def test_a_dry_run_of_which_every_line_is_refused_fails_as_well(file):
    stocked()
    path = file("1,POST,purchase,2010-12-01,1,1,A")

    with pytest.raises(CommandError, match=r"looked for in shop\.product\.name"):
        arguments = ["--model=shop.product", "--item-field=name", "--dry-run"]
        call_command("persona_import", str(path), *arguments)


def test_a_file_that_was_refused_for_another_reason_does_not_speak_of_items(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,yesterday,1,1,A")

    with pytest.raises(CommandError, match="Nothing came in") as failed:
        call_command("persona_import", str(path), "--model=shop.product")

    assert "--item-field" not in str(failed.value)


def test_where_some_items_are_unknown_it_says_where_they_are_looked_for(file):
    tea, _ = stocked()
    path = file(f"1,{tea.pk},purchase,2010-12-01,1,1,A", "1,POST,purchase,2010-12-01,1,1,A")
    said = io.StringIO()

    call_command("persona_import", str(path), "--model=shop.product", stdout=said)

    assert "Items are looked for in shop.product.id." in said.getvalue()


def test_what_was_refused_as_a_whole_is_read_again_once_its_products_are_known(file):
    stocked()
    new = Product.objects.create(name="New", price=4)
    path = file(f"1,{new.pk},purchase,2010-12-01,1,1,A")
    with pytest.raises(CommandError, match="Nothing came in"):
        call_command("persona_import", str(path), "--model=shop.product")
    sync()
    said = io.StringIO()

    call_command("persona_import", str(path), "--model=shop.product", stdout=said)

    assert "1 line, 1 stored" in said.getvalue()
    assert ImportRun.objects.get().finished_at is not None
