"""python manage.py persona_rebuild: learns now, and says what came of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.management.base import PersonaCommand
from persona_django.management.progress import Progress
from persona_django.model_registry.live import POPULAR, SEARCH_FINDS, TRENDING, VISIT_NEXT
from persona_django.plurals import counted
from persona_django.similarity.relations import RELATIONS


class Command(PersonaCommand):
    """Builds each kind of version in one go, whether it is due or not."""

    works_switched_off = False
    help = (
        "Learns from the shop's history now. Each kind goes live if nothing speaks against it; "
        "--force publishes all the same. Also lets a job go on that waits for a person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--kind",
            action="append",
            choices=[*RELATIONS, VISIT_NEXT, SEARCH_FINDS, TRENDING, POPULAR],
            help="Only this kind; may be given several times.",
        )
        parser.add_argument(
            "--force", action="store_true", help="Publish in spite of what speaks against it."
        )
        parser.add_argument("--json", metavar="FILE", help="Write the figures into this file.")

    def handle(self, *args: Any, **options: Any) -> None:
        from persona_django.training.rebuild import rebuild_all
        from persona_django.training.recipes import KINDS
        from persona_django.training.visitor_jobs import run_judge

        figures_file = Path(options["json"]) if options["json"] else None
        if figures_file:
            # Learning may take hours, after which it would be too late to say so.
            _try_to_write(figures_file)
        started = time.perf_counter()
        with Progress(self.stdout, shown=options["verbosity"] > 0) as progress:
            # Who came since counts, too.
            run_judge(by_person=True)
            outcomes = rebuild_all(
                kinds=options["kind"] or KINDS, force=options["force"], progress=progress
            )
        for outcome in outcomes:
            self.stdout.write(_told(outcome))
        self.stdout.write(f"{time.perf_counter() - started:.1f} s in all.")
        if figures_file:
            figures = [vars(outcome) for outcome in outcomes]
            figures_file.write_text(json.dumps(figures, indent=2), encoding="utf-8")


def _try_to_write(path: Path) -> None:
    """Refuse a place where nothing can be written; what is there stays as it is."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise CommandError(
            f"--json: {path} cannot be written ({error.strerror}), so nothing was learnt. Name "
            "another file."
        ) from error


def _told(outcome: Any) -> str:
    figures = outcome.figures
    counts = ", ".join(
        counted(figures[key], *words)
        for key, words in (
            ("rows_read", ("row read", "rows read")),
            ("shoppers", ("shopper",)),
            ("items", ("item",)),
            ("pairs", ("pair",)),
        )
        if key in figures
    )
    if outcome.live:
        said = f"{outcome.kind}: version {outcome.version_id} is live. {counts}."
        return f"{said} It is empty: {outcome.reason}" if outcome.is_empty else said
    return f"{outcome.kind}: not live. {outcome.reason} {counts}".rstrip()
