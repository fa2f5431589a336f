"""python manage.py persona_run: does once what is due. For cron, in shops without a worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import router

from persona_django import conf
from persona_django.management.base import IS_OFF, PersonaCommand
from persona_django.model_registry.models import Lease


class Command(PersonaCommand):
    """Run it every few minutes; a second one beside it does nothing."""

    help = (
        "Does every job that is due, once: mends the catalogue's mirror, takes its snapshot, "
        "judges visitors, works out what silence says, learns, deletes what is old. For cron, in "
        "shops without a Celery worker. --again JOB does these jobs now, and lets go on what "
        "waits for a person, with a worker or without."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again",
            nargs="+",
            default=[],
            metavar="JOB",
            help="Only these, now, due or not: as persona_status names them, such as retention/1.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from persona_django.training.jobs import run_again, run_due

        again = options["again"]
        if not conf.current().enabled:
            if again:
                raise CommandError(IS_OFF)
            self.stdout.write(IS_OFF)
            return
        # Without our tables every job would say so.
        Lease.objects.using(router.db_for_write(Lease)).exists()
        all_done = run_again(again) if again else run_due()
        failed = []
        for done in all_done:
            if done.failed:
                failed.append(done.name)
            if done.failed or options["verbosity"] > 0:
                self.stdout.write(f"{done.name}: {done.said}")
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}. What to do stands above.")
