"""`manage.py persona_import FILE`: orders or events from elsewhere."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from persona_django.importing.fields import FIELDS, NEEDED
from persona_django.importing.runs import ImportReport, Options, import_file
from persona_django.management.base import PersonaCommand
from persona_django.plurals import counted
from persona_django.tracking.schema import Basis

UNKNOWN = "unknown item"


class Command(PersonaCommand):
    works_switched_off = False
    help = (
        "Import orders or events from a CSV, CSV.gz or Parquet file. Killed, it goes on where it "
        "stopped when it is started again; importing a file twice changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument(
            "--map",
            nargs="+",
            default=[],
            metavar="COLUMN=FIELD",
            help=f"What columns mean, where their names do not say. Fields: {', '.join(FIELDS)}.",
        )
        parser.add_argument("--mapping", metavar="JSON", help="The same as one JSON object.")
        parser.add_argument("--kind", choices=sorted(NEEDED), default="order")
        parser.add_argument(
            "--basis",
            choices=[basis.name.lower() for basis in Basis],
            default="aggregate",
            help="What the data may be used for. aggregate (the default): only what goes with "
            "what, behind a crowd. customer, consent: also for the customers themselves.",
        )
        parser.add_argument("--model", default="", help="The items' model, as shop.product.")
        parser.add_argument(
            "--item-field",
            default="",
            help="Field of that model which the item column holds, such as sku.",
        )
        parser.add_argument("--currency", default="", help="ISO code, as EUR.")
        parser.add_argument("--time-format", default="", help="As %%d.%%m.%%Y %%H:%%M.")
        parser.add_argument("--time-zone", default="", help="Zone of times that name none.")
        parser.add_argument("--encoding", default="utf-8-sig")
        parser.add_argument("--delimiter", default="", help="Default: as in the header.")
        parser.add_argument("--decimal", choices=[".", ","], default=".")
        parser.add_argument("--rejects", help="Default: FILE.rejects.csv.")
        parser.add_argument("--dry-run", action="store_true", help="Check, store nothing.")
        parser.add_argument("--restart", action="store_true", help="Read it from its start.")
        parser.add_argument(
            "--progress", action="store_true", help="Show progress even where nobody watches."
        )

    def handle(self, *args: Any, **given: Any) -> None:
        options = Options(
            kind=given["kind"],
            basis=given["basis"],
            mapping=_mapping(given["map"], given["mapping"]),
            model=given["model"],
            item_field=given["item_field"],
            currency=given["currency"].upper(),
            time_format=given["time_format"],
            time_zone=given["time_zone"],
            encoding=given["encoding"],
            # A tab is hard to type in a shell.
            delimiter=given["delimiter"].replace("\\t", "\t"),
            decimal=given["decimal"],
        )
        try:
            report = import_file(
                given["file"],
                options,
                rejects=given["rejects"],
                dry_run=given["dry_run"],
                restart=given["restart"],
                progress=self._progress(forced=given["progress"]),
            )
        except KeyboardInterrupt:
            raise CommandError("Stopped. Start it again, and it goes on here.") from None
        self._tell(report, Path(given["file"]).name, is_dry=given["dry_run"])

    def _progress(self, *, forced: bool) -> Any:
        watched = getattr(self.stderr, "isatty", lambda: False)()
        if not (forced or watched):
            return None
        shown_at = 0.0

        def show(done: int, total: int) -> None:
            nonlocal shown_at
            now = time.monotonic()
            if done < total and now - shown_at < 0.2:
                return
            shown_at = now
            share = done / max(total, 1)
            bar = "#" * int(share * 30)
            end = "\r" if watched and done < total else "\n"
            self.stderr.write(f"[{bar:<30}] {share:4.0%}", ending=end)

        return show

    def _tell(self, report: ImportReport, name: str, *, is_dry: bool) -> None:
        if report.was_done:
            self.stdout.write(
                f"{name} was imported before with these options: {counted(report.lines, 'line')}, "
                f"{report.rejected:,} refused. Nothing was done; --restart reads it again."
            )
            return
        if report.went_on_at:
            before = counted(report.went_on_at, "line")
            self.stdout.write(f"Went on after {before} that had been done before.")
        stored = "would be stored" if is_dry else "stored"
        repeated = counted(report.repeated, "was there", "were there")
        self.stdout.write(
            f"{name}: {counted(report.lines, 'line')}, {report.stored:,} {stored}, "
            f"{repeated} already, {report.rejected:,} refused, in {report.seconds:.1f} s."
        )
        if report.kinds:
            self.stdout.write(f"What happened in them: {_counted(report.kinds)}.")
        for reason, lines in report.reasons.items():
            self.stdout.write(f"  {lines:>9,}  {reason}")
        where = _where_items_are(report) if UNKNOWN in report.reasons else ""
        if where and not report.nothing_came_in:
            self.stdout.write(where)
        if report.rejects:
            self.stdout.write(f"Refused lines and their reasons: {report.rejects}")
        if report.nothing_came_in:
            raise CommandError(f"Nothing came in: every line was refused. {where}".rstrip())


def _where_items_are(report: ImportReport) -> str:
    return (
        f"Items are looked for in {report.items_in}. Where the file names them by another field "
        "of the product, say which, as in --item-field sku; where products are new, run "
        "persona_sync first."
    )


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(counted(lines, kind.replace("_", " ")) for kind, lines in kinds.items())


def _mapping(pairs: list[str], text: str | None) -> dict[str, str]:
    try:
        mapping = dict(json.loads(text)) if text else {}
    except (ValueError, TypeError) as error:
        raise CommandError(f"--mapping is no JSON object: {error}") from error
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not equals or not column:
            raise CommandError(f"--map wants COLUMN=FIELD, got {pair!r}.")
        mapping[column] = field
    return {str(column): str(field) for column, field in mapping.items()}
