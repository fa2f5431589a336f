"""Bring the shop's products into the catalogue: `manage.py persona_sync [app.Model ...]`."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import CommandParser

from persona_django.catalogue.snapshot import build_snapshot
from persona_django.catalogue.sync import sync
from persona_django.management.base import PersonaCommand
from persona_django.plurals import counted


class Command(PersonaCommand):
    """Reads every registered product, writes what differs, and makes a snapshot of it all."""

    works_switched_off = False
    help = "Brings the shop's products into the catalogue and makes a snapshot for serving."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("models", nargs="*", help="Only these, as app.Model. Default: all.")
        parser.add_argument("--json", action="store_true", help="Print the figures as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        shows_progress = options["verbosity"] > 0 and not options["json"]
        report = sync(
            models=options["models"] or None,
            progress=self._progress if shows_progress and self.stdout.isatty() else None,
        )
        started = time.perf_counter()
        build_snapshot()
        seconds = time.perf_counter() - started
        if options["json"]:
            figures = {**vars(report), "snapshot_seconds": seconds}
            self.stdout.write(json.dumps(figures, default=str))
            return
        self.stdout.write(f"Catalogue: {report.words()}. Snapshot in {seconds:.1f} s.")
        for reason, count in report.rejected.items():
            self.stdout.write(self.style.WARNING(f"  {count} left out: {reason}"))
        for example in report.examples:
            self.stdout.write(f"    {example}")

    def _progress(self, done: int, total: int) -> None:
        end = "\n" if done >= total else "\r"
        self.stdout.write(f"  {done:,} of {counted(total, 'product')}", ending=end)
        self.stdout.flush()
