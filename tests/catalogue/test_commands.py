"""`persona_sync` says what it did, to people and to machines."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models import QuerySet
from django.test import override_settings

from persona_django.catalogue.snapshot import current_snapshot
from tests.catalogue.tables import without_tables
from tests.shop.models import Gift, Product

pytestmark = pytest.mark.django_db


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*args: str, out: io.StringIO | None = None, **options: Any) -> str:
    stream = out or io.StringIO()
    call_command("persona_sync", *args, stdout=stream, **options)
    return stream.getvalue()


def test_it_reports_and_leaves_a_snapshot_to_serve_from():
    Product.objects.create(name="Sencha", price=4)
    Gift.objects.create(label="Voucher", cents=-100)

    said = run()

    assert "1 added, 0 changed, 0 unchanged, 0 retired, 1 rejected" in said
    assert "1 left out: its price is negative" in said
    assert "shop.gift:" in said
    snapshot = current_snapshot()
    assert snapshot is not None
    assert len(snapshot) == 1


def test_it_can_be_asked_for_one_model_and_for_json():
    Product.objects.create(name="Sencha", price=4)
    Gift.objects.create(label="Voucher", cents=100)

    figures = json.loads(run("shop.Gift", "--json"))

    assert figures["added"] == 1
    assert figures["snapshot_seconds"] > 0


def test_on_a_terminal_it_shows_how_far_it_is():
    Product.objects.create(name="Sencha", price=4)

    assert "1 of 1 product" in run(out=Terminal())
    assert "of 1 product" not in run(out=Terminal(), verbosity=0)


def test_a_model_that_is_not_registered_is_said():
    with pytest.raises(CommandError, match=r"persona\.py"):
        run("shop.Order")


@pytest.mark.django_db(transaction=True)
def test_without_tables_it_says_what_to_run_first():
    with without_tables(), pytest.raises(CommandError, match="migrate"):
        run()


def test_a_database_error_of_another_kind_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch):
    def down(self: Any, **values: Any) -> Any:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(QuerySet, "filter", down)

    with pytest.raises(OperationalError):
        run()


@override_settings(PERSONA={"ENABLED": False})
def test_an_app_that_is_switched_off_is_not_synced():
    with pytest.raises(CommandError, match="ENABLED"):
        run()
