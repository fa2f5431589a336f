"""The INSERT that all rows of ours go in by: what is there already is left out and stays as it is.

Each is put together once for each number of rows, because pages wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django.db import connections, models
from django.db.models.constants import OnConflict

ROWS_OF_A_STATEMENT = 50


def of_rows(
    alias: str,
    model: type[models.Model],
    names: tuple[str, ...],
    rows: int,
    *,
    returns: bool = False,
    hurried: bool = False,
) -> str:
    """The statement for a number of rows, a value for each of the named fields, row by row.

    Where it `returns`, it tells the first two columns of those that were new. `hurried` makes the
    transaction it is in not wait for PostgreSQL's disk; elsewhere it does nothing.
    """
    return _of_rows(alias, model, model._meta.db_table, names, rows, returns, hurried)


@lru_cache(maxsize=512)
def _of_rows(
    alias: str,
    model: type[models.Model],
    table: str,
    names: tuple[str, ...],
    rows: int,
    returns: bool,
    hurried: bool,
) -> str:
    columns = ", ".join(["%s"] * len(names))
    values = f"VALUES {', '.join([f'({columns})'] * rows)}"
    if hurried and connections[alias].vendor == "postgresql":
        # Here nothing tells PostgreSQL what a value is to become, so each is of a type.
        typed = ", ".join(f"%s::{type_}" for type_ in _types(alias, model, names))
        values = f"VALUES {', '.join([f'({typed})'] * rows)}"
        given = ", ".join(f"c{at}" for at in range(len(names)))
        values = (
            f"SELECT {given} FROM ({values}) AS given ({given}), "  # noqa: S608 - ours
            "(SELECT set_config('synchronous_commit', 'off', true)) AS hurry"
        )
    return _insert(alias, model, table, names, values, returns)


def of_arrays(
    alias: str, model: type[models.Model], names: tuple[str, ...], *, returns: bool = False
) -> str:
    """PostgreSQL's statement for any number of rows, given as one array for each column: the
    driver and the parser go through a dozen values then, and not through hundreds."""
    return _of_arrays(alias, model, model._meta.db_table, names, returns)


@lru_cache(maxsize=32)
def _of_arrays(
    alias: str, model: type[models.Model], table: str, names: tuple[str, ...], returns: bool
) -> str:
    arrays = ", ".join(f"%s::{type_}[]" for type_ in _types(alias, model, names))
    source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - ours
    return _insert(alias, model, table, names, source, returns)


def _types(alias: str, model: type[models.Model], names: Sequence[str]) -> list[str]:
    """PostgreSQL's types of some columns, without a length: a cast to one cuts in silence, where
    the column itself refuses."""
    fields = (model._meta.get_field(name) for name in names)
    return [str(field.db_type(connections[alias])).partition("(")[0] for field in fields]


def _insert(
    alias: str,
    model: type[models.Model],
    table: str,
    names: Sequence[str],
    source: str,
    returns: bool,
) -> str:
    operations = connections[alias].ops
    quote = operations.quote_name
    fields = [model._meta.get_field(name) for name in names]
    columns = [quote(str(field.column)) for field in fields]  # type: ignore[union-attr]
    parts = [
        operations.insert_statement(on_conflict=OnConflict.IGNORE),
        f"{quote(table)} ({', '.join(columns)})",
        source,
        operations.on_conflict_suffix_sql(fields, OnConflict.IGNORE, [], []),
    ]
    if returns:
        parts.append(f"RETURNING {columns[0]}, {columns[1]}")
    return " ".join(parts)
