"""Keys of rows that are found by something else."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, BigIntegerField, F, Max, Min, QuerySet


def lowest_key(rows: QuerySet[Any]) -> int | None:
    """The lowest whole-number key of the rows that a condition leaves, found by the condition's
    own index; None where there are none.

    The lowest of a bare key is looked for by walking up the key from the first row, through all
    that the condition leaves out: of what happened lately that is nearly the whole table. A sum
    has no index, so only the condition's own is left.
    """
    return _one(rows, Min)


def highest_key(rows: QuerySet[Any]) -> int | None:
    """The highest one, found in the same way."""
    return _one(rows, Max)


def _one(rows: QuerySet[Any], which: type[Aggregate]) -> int | None:
    key = which(F("pk") + 0, output_field=BigIntegerField())
    found: int | None = rows.order_by().aggregate(key=key)["key"]
    return found
