"""The data map knows every column there is, and says what the shop's own settings say."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command

from persona_django.measurement import data_map, processing_record
from persona_django.measurement.data_entries import TABLES, Table
from persona_django.measurement.data_map import MISSING, spelled


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("persona_data_map", *arguments, stdout=out)
    return out.getvalue()


def test_every_column_of_every_table_has_an_entry_and_every_entry_a_column():
    assert data_map.without_entry() == []


def test_a_new_column_or_table_without_an_entry_is_noticed(monkeypatch):
    visitor = TABLES["Visitor"]
    fewer = {name: text for name, text in visitor.purposes.items() if name != "reason"}
    extra = Table(about="", lifetime="", purposes={"moon": "nothing"})
    monkeypatch.setattr(
        data_map,
        "TABLES",
        {**TABLES, "Visitor": Table(**{**vars(visitor), "purposes": fewer}), "Gone": extra},
    )
    without = [name for name in data_map.TABLES if name != "Lease"]
    monkeypatch.setattr(data_map, "TABLES", {name: data_map.TABLES[name] for name in without})

    lost = data_map.without_entry()

    assert "Visitor.reason" in lost
    assert "Lease.holder" in lost
    assert "Gone.moon does not exist" in lost
    assert MISSING in data_map.as_text() and MISSING in data_map.as_markdown()


def test_every_model_of_ours_is_in_it_with_purpose_basis_lifetime_and_end():
    there = {column.table for column in data_map.columns()}

    assert there == {model.__name__ for model in apps.get_app_config("persona").get_models()}
    for column in data_map.columns():
        assert all((column.purpose, column.basis, column.lifetime, column.erased)), column


def test_what_is_about_people_stands_first():
    personal = [column.personal for column in data_map.columns()]

    assert personal == sorted(personal, reverse=True)
    assert {one.table for one in data_map.columns() if one.personal} >= {
        "Visitor", "Event", "Intent", "ServedSlate", "Restriction",
    }  # fmt: skip


@pytest.mark.parametrize("form", [(), ("--markdown",), ("--json",), ("--record",)])
def test_lifetimes_are_those_of_the_shop_and_not_the_defaults(settings, form):
    settings.PERSONA = {**settings.PERSONA, "EVENTS_KEPT": timedelta(days=17), "MIN_ASKERS": 23}

    text = printed(*form)

    assert "17 days" in text
    assert "23" in text
    assert "{" not in text or form == ("--json",)


def test_a_machine_reads_the_same():
    columns = json.loads(printed("--json"))

    assert {"table", "column", "purpose", "basis", "lifetime", "erased"} <= set(columns[0])
    words = next(one for one in columns if (one["table"], one["column"]) == ("Intent", "words"))
    assert words["lifetime"].startswith("the visit")


def test_people_read_a_paragraph_for_each_table():
    text = printed()

    for table, entry in TABLES.items():
        assert f"{table}: {entry.about}" in text
    assert "(kept: the visit" in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=90), "90 days"),
        (timedelta(days=1_095), "1,095 days"),
        (timedelta(hours=1.5), "90 minutes"),
        (timedelta(milliseconds=20), "0.02 seconds"),
        (5, "5"),
    ],
)
def test_a_setting_is_said_as_people_say_it(value, words):
    assert spelled(value) == words


def test_the_record_of_processing_names_what_the_shop_chose_and_leaves_open_what_only_it_knows(
    settings,
):
    settings.PERSONA = {
        "CONSENT_POLICY": {"BACKEND": "persona_django.identity.banners.Cookiebot"},
        "SENSITIVE_CATEGORIES": ("Health > Tests",),
        "LEARN_FROM_ORDERS": False,
    }

    text = processing_record.as_markdown()

    assert "as Cookiebot reports it" in text
    assert "Health > Tests" in text
    assert "| Orders | not used |" in text
    assert "[name and address of the shop" in text


def test_the_page_of_the_documentation_is_up_to_date():
    from docs.data_map import PAGE, page

    assert PAGE.read_text("utf-8") == page(), "run: python -m docs.data_map"
