"""What is evaluated or tuned, as a command's arguments say, and where that is written."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.evaluation.run import PROTOCOLS
from persona_django.evaluation.task import Options


def add_arguments(parser: CommandParser) -> None:
    """Add the protocol, its files, and what they leave open."""
    parser.add_argument("protocol", choices=list(PROTOCOLS), metavar="PROTOCOL")
    parser.add_argument(
        "file", type=Path, metavar="FILE", nargs="?", help="CSV or CSV.gz; none for temporal."
    )
    parser.add_argument(
        "--items", type=Path, metavar="FILE", help="The items; FILE.items.csv.gz by default."
    )
    parser.add_argument(
        "--split", type=Path, metavar="FILE", help="JSON with the ids of train, val and test."
    )
    parser.add_argument("--min-prefix", type=int, default=1, metavar="N")
    parser.add_argument("--labels", choices=["users", "own"], default="own")
    parser.add_argument("--fit-validation", action="store_true")


def task_options(options: Mapping[str, Any]) -> Options:
    """What the command was told beyond the protocol and its files."""
    return Options(
        min_prefix=options["min_prefix"],
        labels=options["labels"],
        fit_validation=options["fit_validation"],
    )


def refuse_unwritable(*paths: Path | None) -> None:
    """Say so before anything is read, where one of the files cannot be written. None is made, and
    none that exists is changed."""
    for path in filter(None, paths):
        try:
            if path.is_dir() or not path.parent.is_dir():
                raise CommandError(f"{path} cannot be written; name a file in an existing folder.")
            _try_to_open(path)
        except OSError as error:
            raise _cannot_be_written(path, error) from error


def write(path: Path, text: str) -> None:
    """Write what a long run found; CommandError where that fails now, as on a full disk."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def _try_to_open(path: Path) -> None:
    # Permissions alone do not say it: some folders take no file, and some names are too long.
    if not path.exists():
        # A link to nothing yet is to stay: what is made for a moment is what it points to.
        made = Path(os.path.realpath(path))
        made.open("xb").close()
        made.unlink()
    elif path.is_file():
        path.open("ab").close()
    elif not os.access(path, os.W_OK):
        # A pipe is not opened: whoever reads from it would take that for all there is.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _cannot_be_written(path: Path, error: OSError) -> CommandError:
    return CommandError(f"{path} cannot be written: {error}")
