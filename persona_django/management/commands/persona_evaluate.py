"""python manage.py persona_evaluate PROTOCOL FILE: how good recommendations would have been."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from persona_django.management import task_arguments
from persona_django.management.base import PersonaCommand
from persona_django.management.progress import Progress


class Command(PersonaCommand):
    """Reads a file of recommender data, learns from one part and is judged by the other."""

    help = (
        "Evaluates the whole pipeline, its sources and other methods on a file, by the rules of "
        "a protocol of the field. All items are ranked; nothing is sampled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        task_arguments.add_arguments(parser)
        parser.add_argument(
            "--method",
            nargs="+",
            default=[],
            metavar="NAME",
            help="Only these: default, a source, or the dotted path of a proposer.",
        )
        parser.add_argument("--k", type=int, nargs="+", default=[5, 10, 20], metavar="N")
        parser.add_argument("--ndcg-ideal", choices=["k", "all"], default="k")
        parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N")
        parser.add_argument(
            "--tuned", type=Path, metavar="FILE", help="Options that persona_tune has written."
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="Write the figures here.")
        parser.add_argument("--html", type=Path, metavar="FILE", help="Write a report here.")

    def handle(self, *args: Any, **options: Any) -> None:
        from persona_django.evaluation import report
        from persona_django.evaluation.lineup import read_tuned
        from persona_django.evaluation.run import evaluate

        task_arguments.refuse_unwritable(options["json"], options["html"])
        tuned = read_tuned(options["tuned"], options["protocol"]) if options["tuned"] else None
        with Progress(self.stdout, shown=options["verbosity"] > 0) as progress:
            results = evaluate(
                options["protocol"],
                options["file"],
                items=options["items"],
                split=options["split"],
                methods=options["method"],
                k=sorted(set(options["k"])),
                options=task_arguments.task_options(options),
                ideal=options["ndcg_ideal"],
                seeds=options["seeds"],
                tuned=tuned,
                progress=progress,
            )
        self.stdout.write(
            report.as_text(results, width=shutil.get_terminal_size((100, 24)).columns)
        )
        if options["json"]:
            written = json.dumps(report.as_json(results), indent=2, allow_nan=False)
            task_arguments.write(options["json"], written)
        if options["html"]:
            task_arguments.write(options["html"], report.as_html(results))
