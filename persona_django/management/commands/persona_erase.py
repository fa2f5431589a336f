"""python manage.py persona_erase --customer 31: delete everything held about one person."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from persona_django.identity import erasure
from persona_django.identity.erasure import Erased
from persona_django.management.base import PersonaCommand
from persona_django.management.subject_arguments import add_arguments, subject_in
from persona_django.training.jobs import SWEPT_BACK

WAYS = ("customer", "visitor", "guest")
_KEPT = {
    False: "Left out of all learning from now on; the shop's own orders stay.",
    True: "Nothing more is recorded about this visitor, nor learnt from them.",
}
"""What a tombstone does where there was nothing to delete, too; the second for visitors."""


def _moment(text: str) -> int:
    """Seconds since 1970; a time of no zone is the shop's."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is no moment: write it as 2026-03-01T04:00.")
    return int((moment if moment.tzinfo else timezone.make_aware(moment)).timestamp())


class Command(PersonaCommand):
    """Harmless when repeated; killed half-way, run it again."""

    help = (
        "Deletes everything that is held about one person, for good, and takes in nothing more "
        "under their numbers. The shop's own orders are the shop's: they stay, and teach nothing "
        "any more. After a backup was restored: persona_erase --replay --since MOMENT."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser, required=False)
        parser.add_argument(
            "--no-input", action="store_true", help="Do not ask first: for scripts."
        )
        parser.add_argument(
            "--replay",
            nargs="?",
            const="",
            metavar="FILE",
            help="Erase again everybody who ever was; FILE holds tombstones kept beside a backup.",
        )
        parser.add_argument(
            "--since",
            type=_moment,
            metavar="MOMENT",
            help="With --replay: when the backup was begun, as 2026-03-01T04:00. Only those who "
            "were erased since, or shortly before, are erased again: no others are in it.",
        )
        parser.add_argument(
            "--tombstones",
            action="store_true",
            help="Print the tombstones, a line each, to be kept beside backups. They name nobody.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["since"] is not None and options["replay"] is None:
            raise CommandError("--since says how far back to --replay; name both.")
        if options["tombstones"]:
            for key, at in erasure.tombstones():
                self.stdout.write(json.dumps({"key": key, "at": at}))
        elif options["replay"] is not None:
            if options["replay"]:
                self._put_up(Path(options["replay"]))
            since = (options["since"] or 0) - int(SWEPT_BACK.total_seconds())
            self._report(erasure.replay(since=max(since, 0)))
        elif all(options[way] is None for way in WAYS):
            raise CommandError("Say whose data: --customer, --visitor or --guest; or --replay.")
        else:
            subject = subject_in(options)
            if not options["no_input"]:
                self._ask()
            self._report(erasure.erase(subject), kept=_KEPT[options["visitor"] is not None])

    def _ask(self) -> None:
        self.stdout.write("Everything about this person is deleted for good. Type yes to go on: ")
        answer = sys.stdin.readline()
        if not answer:
            raise CommandError("Nothing was deleted: nobody answered. A script adds --no-input.")
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was deleted.")

    def _put_up(self, path: Path) -> None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            found = [json.loads(line) for line in lines if line.strip()]
            stones = {int(one["key"]): int(one["at"]) for one in found}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{path} holds no tombstones: {error}") from error
        erasure.bury(stones)

    def _report(self, done: Erased, *, kept: str = "") -> None:
        deleted = {name: rows for name, rows in done.rows.items() if rows}
        for name, rows in deleted.items():
            self.stdout.write(f"{name}: {rows:,} deleted")
        if not deleted:
            self.stdout.write("There was nothing to delete.")
        if kept:
            self.stdout.write(kept)
        if done.failed:
            raise CommandError(
                f"Not erased: {', '.join(done.failed)}, which this shop registered. The log says "
                "why. Correct it and erase again."
            )
