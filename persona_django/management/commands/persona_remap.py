"""Tell the catalogue that the shop's keys or its product model changed.

`manage.py persona_remap shop.Product shop.Article keys.csv --dry-run`
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.catalogue.remap import Move, remap
from persona_django.catalogue.snapshot import build_snapshot
from persona_django.management.base import PersonaCommand
from persona_django.plurals import counted


class Command(PersonaCommand):
    """Moves items to a new model label or to new keys, keeping what was learnt about them."""

    works_switched_off = False
    help = (
        "Moves items to a new model or to new primary keys, so that what was learnt about them "
        "stays. Without a file every item keeps its key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old_model", help="The label that items have now, as app.Model.")
        parser.add_argument("new_model", help="The registered model that they belong to.")
        parser.add_argument("file", nargs="?", help="CSV of old key, new key; no header.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would move.")

    def handle(self, *args: Any, **options: Any) -> None:
        keys = _read(Path(options["file"])) if options["file"] else None
        move = remap(options["old_model"], options["new_model"], keys, dry_run=options["dry_run"])
        self.stdout.write(_words(move, is_dry=options["dry_run"]))
        if not options["dry_run"]:
            build_snapshot()


def _words(move: Move, *, is_dry: bool) -> str:
    verb = "would move" if is_dry else "moved"
    stay = counted(move.unnamed, "is not in the file and stays", "are not in the file and stay")
    lines = [f"{counted(move.moved, 'item')} {verb}; {stay}."]
    if move.unknown:
        lines.append(
            f"{counted(move.unknown, 'key of the file belongs', 'keys of the file belong')} to no "
            "item. If a sync ran after the keys had changed, it took those items for deleted, and "
            "what was learnt of them cannot move."
        )
    if move.replaced:
        lines.append(
            f"{counted(move.replaced, 'item')} that a sync had made under the new keys {verb[:5]} "
            "out of the way; what was learnt before stays with the moved ones."
        )
    return "\n".join(lines)


def _read(path: Path) -> dict[str, str]:
    """Old key to new key. A line that is not two keys, or repeats one, stops the command."""
    keys: dict[str, str] = {}
    taken: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(csv.reader(file), start=1):
                if not line:
                    continue
                if len(line) != 2 or not all(line):
                    raise CommandError(f"Line {number} of {path} is not: old key, new key.")
                old, new = line
                if old in keys or new in taken:
                    raise CommandError(f"Line {number} of {path} names a key a second time.")
                keys[old] = new
                taken[new] = number
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    return keys
