"""python manage.py persona_export --customer 31: everything held about one person, as JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.identity.erasure import export
from persona_django.management.base import PersonaCommand
from persona_django.management.subject_arguments import add_arguments, subject_in


class Command(PersonaCommand):
    """The file is readable by its owner only: it is about a person."""

    help = (
        "Writes everything that is held about one person as JSON, with the meaning of each value."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.add_argument("--out", metavar="FILE", help="Write it there, not to the terminal.")

    def handle(self, *args: Any, **options: Any) -> None:
        told = export(subject_in(options))
        self._write(json.dumps(told, indent=2, ensure_ascii=False), options["out"])
        if told["failed"]:
            raise CommandError(
                f"Not told: {', '.join(told['failed'])}; all else was. The log says why. Correct "
                "it and export again."
            )

    def _write(self, text: str, path: str | None) -> None:
        if not path:
            self.stdout.write(text)
            return
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
