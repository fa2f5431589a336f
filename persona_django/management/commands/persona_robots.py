"""python manage.py persona_robots: who is taken for a robot, and why; --person takes it back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.identity import standing
from persona_django.identity.models import Standing
from persona_django.management.base import PersonaCommand
from persona_django.plurals import counted

MOST_SHOWN = 100


class Command(PersonaCommand):
    """Visitors are named by the number in the table, which is a pseudonym."""

    works_switched_off = False
    help = (
        "Lists visitors whose behaviour is a program's, newest first, each with its reason. "
        "--person NUMBER says that one is a person, and no task says otherwise again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--person",
            type=int,
            action="append",
            metavar="NUMBER",
            help="This visitor is a person; may be given several times.",
        )
        parser.add_argument(
            "--store", type=int, default=1, help="Number of the store. Default: 1."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["person"]:
            cleared = standing.clear(options["person"])
            if not cleared:
                raise CommandError("No visitor has that number, or it was said before.")
            people = counted(cleared, "counts as a person", "count as people")
            self.stdout.write(f"{people} from the next learning on.")
            return
        found = standing.numbers(options["store"])
        for key, reason in standing.robots(options["store"], most=MOST_SHOWN):
            self.stdout.write(f"{key}: {reason}")
        over = standing.over_budget(options["store"])
        self.stdout.write(
            f"{counted(found[Standing.ROBOT], 'robot')}, "
            f"{found[Standing.NEW]:,} of one page only, "
            f"{over:,} beyond what one network may send, "
            f"{counted(found[Standing.QUALIFIED], 'who counts', 'who count')}, "
            f"{found[Standing.CLEARED]:,} said to be people."
        )
