"""How far a job has read: kept, so that any process can go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from django.db import router
from django.db.models import Model, QuerySet
from numpy.typing import NDArray

from persona_django.feedback.models import ServedSlate
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import DERIVED, Basis

IntArray = NDArray[np.int64]
TABLES: tuple[type[Model], ...] = (Event, Intent, ServedSlate)
"""What is reported of shoppers, each table with ids that grow as it comes in."""
OVERLAP_SECONDS = 240
"""Rows that came in since a moment this long before the last look are looked at again: a
transaction may be committed after one whose ids are higher."""

FEW_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How far a job has read, in ids of each of `TABLES` and in time."""

    read: tuple[int, ...] = (0,) * len(TABLES)
    """From these ids on it reads again."""
    seen: tuple[int, ...] = (0,) * len(TABLES)
    """The highest ids there were at the last look."""
    until: int = 0
    """Seconds since 1970, UTC, of the last look; 0: never."""
    taken: int = 0
    """Seconds since 1970, UTC, when `seen` was read; looks that follow closely keep it."""

    def moved(self, now: int) -> Marks:
        """The marks of a look that begins now."""
        if self.until and 0 <= now - self.taken < OVERLAP_SECONDS:
            return replace(self, until=now)
        highest = tuple(_highest(model) for model in TABLES)
        # After the first look, at everything, a few rows stand for what came in meanwhile.
        read = self.seen if self.until else tuple(max(top - FEW_ROWS, 0) for top in highest)
        return Marks(read=read, seen=highest, until=now, taken=now)


def _highest(model: type[Model]) -> int:
    rows = model._base_manager.using(router.db_for_read(model)).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def reported(model: type[Model], store: int) -> QuerySet[Model]:
    """Rows of one of `TABLES` that somebody reported of a shopper."""
    rows = model._base_manager.using(router.db_for_read(model)).filter(store=store)
    if model is Event:
        rows = rows.exclude(kind__in=DERIVED).exclude(basis=Basis.AGGREGATE)
    return rows.order_by()


def shoppers_of(rows: QuerySet[Model]) -> IntArray:
    """The shoppers of some rows, each once."""
    found = rows.values_list("shopper", flat=True).distinct()
    return np.fromiter(found.iterator(chunk_size=10_000), dtype=np.int64)


def came_in(marks: Marks, store: int) -> Iterator[tuple[type[Model], QuerySet[Model]]]:
    """What came in since the marks, table by table."""
    for model, above in zip(TABLES, marks.read, strict=True):
        yield model, reported(model, store).filter(pk__gt=above)


def packed(marks: Marks) -> IntArray:
    """Marks as one array."""
    return np.array([*marks.read, *marks.seen, marks.until, marks.taken], dtype=np.int64)


def unpacked(array: IntArray | None) -> Marks:
    """Marks of such an array; the beginning where there is none."""
    n = len(TABLES)
    if array is None or len(array) != 2 * n + 2:
        return Marks()
    numbers = [int(number) for number in array]
    until, taken = numbers[2 * n :]
    return Marks(read=tuple(numbers[:n]), seen=tuple(numbers[n : 2 * n]), until=until, taken=taken)
