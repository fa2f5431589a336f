"""python manage.py persona_derive: works out now what silence and coming back say."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from persona_django.management.base import PersonaCommand


class Command(PersonaCommand):
    """What the jobs do by themselves; a worker that is at it is left alone."""

    works_switched_off = False
    help = (
        "Works out of the log who came back to something, what was passed over or left in a "
        "cart, and what was a present. --from-scratch looks at everybody again, with the same "
        "result."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from-scratch", action="store_true", help="Look at everybody, not at what is new."
        )
        parser.add_argument(
            "--store", type=int, default=1, help="Number of the store. Default: 1."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from persona_django.training.visitor_jobs import derive_again

        said = derive_again(options["store"], from_scratch=options["from_scratch"])
        if not said:
            raise CommandError(
                "A worker is at it right now; wait for it, or for its lease to run out."
            )
        self.stdout.write(said)
