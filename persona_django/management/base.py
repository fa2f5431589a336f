"""What all commands of ours share: an error that we know ends them in one line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from persona_django import conf
from persona_django.catalogue import tables
from persona_django.exceptions import PersonaError

IS_OFF = "PERSONA['ENABLED'] is False: nothing is done."


class PersonaCommand(BaseCommand):
    """A command that says in a sentence what is wrong and what to do, before `migrate`, too."""

    works_switched_off = True
    """False for what learns or writes; what people are owed goes on."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if not (self.works_switched_off or conf.current().enabled):
            raise CommandError(IS_OFF)
        try:
            return super().execute(*args, **options)
        except PersonaError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            if tables.is_missing_table(error):
                # PostgreSQL shows the statement on further lines.
                said = str(error).partition("\n")[0]
                raise CommandError(f"A table is missing: {said}. Run migrate first.") from error
            raise
