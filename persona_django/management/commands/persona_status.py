"""Say what is registered, counted, learnt and missing, and why a block is empty."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from persona_django.management.base import PersonaCommand
from persona_django.measurement.readiness import report


class Command(PersonaCommand):
    """One sentence a line; with --check it exits with 1 when a person is needed."""

    help = "Says in words what works, what is missing, and what to do about it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--store", type=int, default=1, help="Number of the store. Default: 1."
        )
        parser.add_argument("--json", action="store_true", help="The same for a machine.")
        parser.add_argument(
            "--check", action="store_true", help="Exit with status 1 when something is missing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = report(options["store"])
        if options["json"]:
            self.stdout.write(json.dumps(found.as_data(), indent=2))
        else:
            for finding in found.findings:
                mark = self.style.SUCCESS("ok  ") if finding.ok else self.style.WARNING("todo")
                self.stdout.write(f"{mark} {finding.about}: {finding.text}")
        if options["check"] and not found.ok:
            raise SystemExit(1)
