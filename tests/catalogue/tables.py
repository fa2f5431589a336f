"""A database in which `migrate` was not run, for as long as a test needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, models, router

from persona_django.catalogue.models import Item, State


@contextmanager
def without_tables(*chosen: type[models.Model]) -> Iterator[None]:
    """Hide tables of ours by another name, and bring them back."""
    connection = connections[router.db_for_write(Item)]
    tables = [model._meta.db_table for model in chosen or (Item, State)]

    def rename(old: str, new: str) -> None:
        quote = connection.ops.quote_name
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}")

    for table in tables:
        rename(table, f"hidden_{table}")
    try:
        yield
    finally:
        for table in tables:
            rename(f"hidden_{table}", table)
