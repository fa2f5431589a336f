"""python manage.py persona_pause --customer 31: leave one person alone, or no longer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from persona_django.identity.subjects import pause, resume
from persona_django.management.base import PersonaCommand
from persona_django.management.subject_arguments import add_arguments, subject_in


class Command(PersonaCommand):
    """Holds in every process within a second."""

    help = (
        "Keeps what is there about one person, but records nothing more, learns nothing from it "
        "and shows nothing by it, until --resume."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.add_argument("--resume", action="store_true", help="Take it back.")

    def handle(self, *args: Any, **options: Any) -> None:
        subject = subject_in(options)
        if options["resume"]:
            resume(subject)
            self.stdout.write("Recognised again, wherever they agreed to it.")
        else:
            pause(subject)
            self.stdout.write("Left alone from now on.")
