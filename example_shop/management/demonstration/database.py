"""Makes the database ready, and remembers what the shop in it was filled with."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from example_shop.loaders.filling import is_empty
from example_shop.loaders.sources import REAL, Wanted
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
        for memory in (state, snapshot, lookup):
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


def note(wanted: Wanted) -> None:
    """Write down what the shop in this database was filled with."""
    choice = {**asdict(wanted), "today": wanted.today.isoformat()}
    _note_file().write_text(json.dumps(choice), encoding="utf-8")


def _noted() -> Wanted | None:
    try:
        choice: dict[str, Any] = json.loads(_note_file().read_text(encoding="utf-8"))
        return Wanted(**{**choice, "today": date.fromisoformat(choice["today"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _words(held: Wanted) -> str:
    invented = f", {held.shoppers:,} shoppers, seed {held.seed}" if held.data not in REAL else ""
    return f"a shop ({held.data}{invented}, filled on {held.today})"


def _note_file() -> Path:
    """One note for each database, so that several shops may stand side by side."""
    name = f"{connection.vendor}:{connection.settings_dict['NAME']}"
    return Path(settings.VAR_DIR) / f"demo-{zlib.crc32(name.encode()):08x}.json"


def _remove_sqlite_file() -> None:
    """A new file is quicker than emptying tables, and leaves nothing of older versions behind."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)
