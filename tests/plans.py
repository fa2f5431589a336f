"""How a database means to carry out a statement: by an index, or through the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections, models, router

from persona_django.tracking.models import Event


def analyse(*tables: type[models.Model]) -> None:
    """Have the database know how much there is, as it does of a table that has grown."""
    connection = connections[router.db_for_write(Event)]
    if connection.vendor == "mysql":
        # It looks into its indexes instead, and to be told would end the transaction.
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table._meta.db_table)}")


def plan_of(statement: str) -> str:
    """The steps of a statement in the database's own words."""
    connection = connections[router.db_for_write(Event)]
    with connection.cursor() as cursor:
        cursor.execute(f"{EXPLAIN[connection.vendor]} {statement}")
        return str(cursor.fetchall())


def walks_through_all(statement: str) -> bool:
    """Whether a statement reads a table, or an index, from one end to the other."""
    connection = connections[router.db_for_write(Event)]
    with connection.cursor() as cursor:
        cursor.execute(f"{EXPLAIN[connection.vendor]} {statement}")
        names = [column[0] for column in cursor.description]
        plan = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if connection.vendor == "sqlite":
        return any(_walks_on_sqlite(statement, step["detail"]) for step in plan)
    if connection.vendor == "postgresql":
        (found,) = plan
        return any(map(_is_a_walk, _steps_of(found["QUERY PLAN"][0]["Plan"])))
    return any(step["type"] in ("ALL", "index") for step in plan)


def _walks_on_sqlite(statement: str, step: str) -> bool:
    # A search by no index is for the lowest or the highest key of all, which is one step; with a
    # condition it goes from row to row until one fits.
    if step.startswith("SEARCH persona_") and " USING " not in step:
        return "WHERE" in statement
    return step.startswith("SCAN persona_")


EXPLAIN = {
    "sqlite": "EXPLAIN QUERY PLAN",
    "postgresql": "EXPLAIN (FORMAT JSON)",
    "mysql": "EXPLAIN",
}


def _steps_of(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for inner in step.get("Plans", ()):
        yield from _steps_of(inner)


def _is_a_walk(step: dict[str, Any]) -> bool:
    scans = step["Node Type"].endswith("Scan") and step["Node Type"] != "Bitmap Heap Scan"
    return scans and "Index Cond" not in step
