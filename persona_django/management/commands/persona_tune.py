"""python manage.py persona_tune PROTOCOL FILE: which options suit this data?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.management import task_arguments
from persona_django.management.base import PersonaCommand
from persona_django.management.progress import Progress


class Command(PersonaCommand):
    """Tries options by validation, and writes down those that were better."""

    help = (
        "Chooses half-lives, shrinkage, discounts, neighbours and more by validation, within a "
        "time budget. What persona_evaluate judges by is never looked at. Give the file it writes "
        "to persona_evaluate --tuned."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        task_arguments.add_arguments(parser)
        parser.add_argument("--minutes", type=float, default=10.0, metavar="N")
        parser.add_argument(
            "--write", type=Path, required=True, metavar="FILE", help="Where the options go."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from persona_django.evaluation.run import read_task
        from persona_django.evaluation.tuning import tune

        path: Path = options["write"]
        task_arguments.refuse_unwritable(path)
        if not options["minutes"] > 0:
            raise CommandError("Give --minutes a number above 0.")
        asked = task_arguments.task_options(options)
        protocol = options["protocol"]
        with Progress(self.stdout, shown=options["verbosity"] > 0) as progress:
            task = read_task(protocol, options["file"], options["items"], options["split"], asked)
            found = tune(protocol, task, minutes=options["minutes"], progress=progress)
        for name, chosen in found.options.items():
            said = ", ".join(f"{option} {value}" for option, value in chosen.items())
            self.stdout.write(f"{name}: {said}")
        if found.options:
            self.stdout.write(f"NDCG {found.before:.4f} before, {found.after:.4f} tuned.")
        else:
            self.stdout.write(f"Of {found.tried} values tried none was better on the whole.")
        written = {
            "protocol": protocol,
            "options": found.options,
            "ndcg": {"before": found.before, "after": found.after},
        }
        task_arguments.write(path, json.dumps(written, indent=2))
