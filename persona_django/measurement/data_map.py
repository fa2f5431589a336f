"""The data map: every stored column with its purpose, its basis, its lifetime and its end.

Written from the models and the settings in force, for people (text, Markdown) and machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps

from persona_django import conf
from persona_django.measurement.data_entries import TABLES
from persona_django.numeric.durations import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS

MISSING = "no entry"
UNITS = (
    ("day", DAY_SECONDS), ("hour", HOUR_SECONDS), ("minute", MINUTE_SECONDS), ("second", 1),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Column:
    """One stored column."""

    table: str
    column: str
    meaning: str
    """What the model says of it."""
    purpose: str
    basis: str
    lifetime: str
    erased: str
    personal: bool


def columns() -> list[Column]:
    """Every column of every table of ours, those about people first."""
    found = list(_columns())
    # A stable sort: tables stay together.
    return sorted(found, key=lambda column: not column.personal)


def _columns() -> Iterator[Column]:
    settings = {name: spelled(value) for name, value in vars(conf.current()).items()}
    for model in apps.get_app_config("persona").get_models():
        entry = TABLES.get(model.__name__)
        for field in model._meta.concrete_fields:
            purpose = entry.purposes.get(field.name) if entry else None
            if entry is None or purpose is None:
                nothing = dict.fromkeys(("purpose", "basis", "lifetime", "erased"), MISSING)
                about = entry is not None and entry.is_personal
            else:
                lifetime = entry.lifetimes.get(field.name, entry.lifetime)
                nothing = {
                    "purpose": purpose,
                    "basis": entry.basis.format(**settings),
                    "lifetime": lifetime.format(**settings),
                    "erased": entry.erased,
                }
                about = entry.is_personal
            yield Column(
                table=model.__name__,
                column=field.name,
                meaning=str(field.help_text),
                personal=about,
                **nothing,
            )


def without_entry() -> list[str]:
    """Columns that nobody said anything about, and entries for columns that do not exist."""
    lost = [f"{one.table}.{one.column}" for one in columns() if one.purpose == MISSING]
    there = {(one.table, one.column) for one in columns()}
    named = {(table, name) for table, entry in TABLES.items() for name in entry.purposes}
    return lost + [f"{table}.{name} does not exist" for table, name in sorted(named - there)]


def spelled(value: Any) -> str:
    """A setting as people say it: "90 days".

    >>> spelled(timedelta(days=1)), spelled(5)
    ('1 day', '5')
    """
    if not isinstance(value, timedelta):
        return str(value)
    seconds = value.total_seconds()
    for unit, size in UNITS:
        if seconds >= size and seconds % size == 0:
            n = int(seconds // size)
            return f"{n:,} {unit}{'' if n == 1 else 's'}"
    return f"{seconds:g} seconds"


def as_data() -> list[dict[str, Any]]:
    """For a machine."""
    return [asdict(column) for column in columns()]


def as_text() -> str:
    """For a terminal: a paragraph for each table."""
    return "\n\n".join(
        "\n".join(
            [
                f"{table}: {TABLES[table].about if table in TABLES else MISSING}",
                f"  basis: {first.basis}",
                f"  lifetime: {first.lifetime}",
                f"  on erasure: {first.erased}",
                *(f"    {one.column}: {one.purpose}{_unlike(one, first)}" for one in group),
            ]
        )
        for table, first, group in _tables()
    )


def as_markdown() -> str:
    """For a page: a table for each table."""
    return "\n".join(
        "\n".join(
            [
                f"### {table}",
                "",
                f"{TABLES[table].about if table in TABLES else MISSING}",
                "",
                f"Basis: {first.basis}. Lifetime: {first.lifetime}. On erasure: {first.erased}.",
                "",
                "| Column | For |",
                "|---|---|",
                *(f"| `{one.column}` | {one.purpose}{_unlike(one, first)} |" for one in group),
                "",
            ]
        )
        for table, first, group in _tables()
    )


def _tables() -> Iterator[tuple[str, Column, list[Column]]]:
    found = columns()
    for table in dict.fromkeys(one.table for one in found):
        group = [one for one in found if one.table == table]
        usual = next((one for one in group if one.column not in _apart(table)), group[0])
        yield table, usual, group


def _apart(table: str) -> set[str]:
    return set(TABLES[table].lifetimes) if table in TABLES else set()


def _unlike(column: Column, usual: Column) -> str:
    return f" (kept: {column.lifetime})" if column.lifetime != usual.lifetime else ""
