"""Suggested pairs as a file: `persona_pairs --write pairs.csv` and `--read pairs.csv`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import CommandError, CommandParser

from persona_django.importing.pairs import COLUMNS, read_pairs, write_pairs
from persona_django.management.base import PersonaCommand
from persona_django.plurals import counted


class Command(PersonaCommand):
    """Takes pairs in and out of the list in the admin. Nothing is withdrawn by a file."""

    works_switched_off = False
    help = (
        "Writes the pairs that merchants suggest as a CSV file, or takes those of a file in, none "
        f"where a line is wrong: {','.join(COLUMNS)}. Lists follow with the next rebuild."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--write", metavar="FILE", help="A file to make; -: standard output.")
        way.add_argument("--read", metavar="FILE", help="A file to take in.")
        parser.add_argument(
            "--store", type=int, default=1, help="Number of the store. Default: 1."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        store = options["store"]
        if options["write"] == "-":
            write_pairs(cast(TextIO, self.stdout), store=store)
        elif options["write"]:
            written = _write(Path(options["write"]), store)
            self.stdout.write(f"{counted(written, 'suggested pair')} written.")
        else:
            taken = read_pairs(Path(options["read"]), store=store)
            self.stdout.write(
                f"{counted(taken, 'suggested pair')} taken in; lists follow with the next rebuild."
            )


def _write(path: Path, store: int) -> int:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            return write_pairs(file, store=store)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}") from error
