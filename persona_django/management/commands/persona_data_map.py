"""python manage.py persona_data_map: every stored column, its purpose, basis and lifetime."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from persona_django.management.base import PersonaCommand
from persona_django.measurement import data_map, processing_record


class Command(PersonaCommand):
    """From the models and the settings in force, so that it cannot fall behind."""

    help = (
        "Lists every column that is stored, what it is for, on what basis, for how long, and what "
        "becomes of it when somebody is erased."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--json", action="store_true", help="The same for a machine.")
        group.add_argument("--markdown", action="store_true", help="The same for a page.")
        group.add_argument(
            "--record", action="store_true", help="A record of processing to fill in, in Markdown."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(data_map.as_data(), indent=2))
        elif options["markdown"]:
            self.stdout.write(data_map.as_markdown())
        elif options["record"]:
            self.stdout.write(processing_record.as_markdown())
        else:
            self.stdout.write(data_map.as_text())
