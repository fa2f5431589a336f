"""python manage.py persona_run: does once what is due. For cron, in shops without a worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from persona_django import conf


class Command(BaseCommand):
    """Run it every few minutes; a second one beside it does nothing."""

    help = (
        "Does every job that is due, once: mends the catalogue's mirror, takes its snapshot, "
        "judges visitors, works out what silence says, learns, deletes what is old. For cron, in "
        "shops without a Celery worker."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        from persona_django.training.jobs import run_due

        if not conf.current().enabled:
            self.stdout.write("PERSONA['ENABLED'] is False: nothing is done.")
            return
        failed = []
        for done in run_due():
            if done.failed:
                failed.append(done.name)
            if done.failed or options["verbosity"] > 0:
                self.stdout.write(f"{done.name}: {done.said}")
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}. What to do stands above.")
