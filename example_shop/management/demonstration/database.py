"""Makes the database ready, and knows what the shop in it was filled with."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from example_shop import origin
from example_shop.loaders.filling import is_empty
from example_shop.loaders.shop_data import ShopData
from example_shop.loaders.sources import REAL, Wanted
from example_shop.models import Origin
from persona_django.catalogue import snapshot, state
from persona_django.similarity import lookup


class NotEmptyError(Exception):
    """The shop holds something else; the message says how to go on."""


def prepare(wanted: Wanted, *, fresh: bool) -> Wanted:
    """Migrate, and empty the shop if `fresh`; returns what the shop holds or will hold.

    A shop that was filled with the same on another day stays as it is, with that day. Raises
    NotEmptyError rather than mix two shops or throw one away unasked.
    """
    if fresh:
        _remove_sqlite_file()
    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    if fresh and not is_empty():
        call_command("flush", verbosity=0, interactive=False)
        # Numbers start again at 1, and what this process remembers by number is of the old shop.
        for memory in (state, snapshot, lookup, origin):
            memory.forget()
    if is_empty():
        return wanted
    held = _noted()
    if held is None or replace(held, today=wanted.today, folder=wanted.folder) != wanted:
        what = "another shop" if held is None else _words(held)
        raise NotEmptyError(
            f"The database already holds {what}. Add --fresh to empty it and fill it anew, "
            f"or ask for the same to go on with it."
        )
    return held


def note(wanted: Wanted, shop: ShopData) -> None:
    """Write down what the shop in this database was filled with."""
    origin.keep(
        title=shop.title,
        summary=shop.summary,
        notes=shop.notes,
        choice={**asdict(wanted), "today": wanted.today.isoformat()},
    )


def _noted() -> Wanted | None:
    row = Origin.objects.first()
    if row is None:
        return None
    choice: dict[str, Any] = row.choice
    return Wanted(**{**choice, "today": date.fromisoformat(choice["today"])})


def _words(held: Wanted) -> str:
    invented = f", {held.shoppers:,} shoppers, seed {held.seed}" if held.data not in REAL else ""
    return f"a shop ({held.data}{invented}, filled on {held.today})"


def _remove_sqlite_file() -> None:
    """A new file is quicker than emptying tables, and leaves nothing of older versions behind."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)
