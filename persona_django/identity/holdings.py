"""What is held about people: each table says how its rows are found, told and deleted.

Rooms that keep such rows declare them here when the app is loaded, and so may a shop for models
of its own, in its `persona.py`. Export and erasure go through all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from django.db import models, router
from django.db.models import QuerySet

from persona_django.identity.subjects import Subject

Row = Mapping[str, Any]

CHUNK_ROWS = 500
"""Rows of one transaction: on SQLite nobody else may write meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Rows about people in one place."""

    name: str
    """Names its section of an export."""
    about: str
    """What these rows are, in a sentence for the person they are about."""
    fields: Mapping[str, str]
    """What each exported value means."""
    tell: Callable[[Subject], Iterator[Row]]
    """Everything of a subject, in words and numbers that JSON can hold."""
    erase: Callable[[Subject, int], int]
    """Delete at most so many rows of a subject, in a transaction of its own, and return how many;
    called again as long as it returns as many. Harmless when repeated."""
    is_of_shop: bool = True
    """Whether the shop registered it; one of ours that fails stops the erasure with an error."""
    goes_through_all: bool = False
    """Whether erasing anybody goes through everybody's rows. Where a person waits for the answer
    that is left to the next sweep over the tombstones, which does it for all of them at once."""


_holdings: dict[str, Holding] = {}


def register(holding: Holding) -> Holding:
    """Have these rows told and erased with all others. The same name replaces."""
    _holdings[holding.name] = holding
    return holding


def unregister(name: str) -> None:
    """Forget one; for tests."""
    _holdings.pop(name, None)


def holdings() -> list[Holding]:
    """All that are registered, in the order in which they were."""
    return list(_holdings.values())


def of_table(
    model: type[models.Model],
    *,
    name: str,
    about: str,
    by: str,
    holds: str = "keys",
    fields: Mapping[str, str] | None = None,
    tell: Callable[[QuerySet[Any]], Iterator[Row]] | None = None,
    is_of_shop: bool = True,
) -> Holding:
    """The rows of a model that belong to a subject by one of its columns.

    The column `by` holds our `keys`, or with `holds="customer"` the shop's own key of a customer,
    such as `user_id`. Without `tell` every column is told as it is, but for that one.
    """

    def rows(subject: Subject) -> QuerySet[Any]:
        found = model._base_manager.using(router.db_for_write(model))
        if holds == "customer":
            return found.filter(**{by: subject.customer}) if subject.customer else found.none()
        return found.filter(**{f"{by}__in": sorted(subject.keys)})

    shown = [
        field for field in model._meta.concrete_fields if by not in (field.name, field.attname)
    ]
    return Holding(
        name=name,
        about=about,
        fields=fields or {f.name: str(f.help_text or f.verbose_name) for f in shown},
        tell=lambda subject: (tell or _as_it_is(shown))(rows(subject).order_by("pk")),
        erase=lambda subject, most: delete_some(rows(subject), most),
        is_of_shop=is_of_shop,
    )


def _as_it_is(fields: list[Any]) -> Callable[[QuerySet[Any]], Iterator[Row]]:
    def tell(rows: QuerySet[Any]) -> Iterator[Row]:
        for row in rows.iterator(chunk_size=CHUNK_ROWS):
            yield {field.name: plain(field.value_from_object(row)) for field in fields}

    return tell


def delete_some(rows: QuerySet[Any], most: int) -> int:
    """Delete at most so many rows, in a transaction of its own, and return how many."""
    # By primary key, in order, so that two that delete cannot wait for each other in a circle.
    found = list(rows.order_by("pk").values_list("pk", flat=True)[:most])
    if found:
        # The transaction is Django's own, which begins once it has read what goes with them:
        # SQLite refuses the first write of one that began by reading, where another one wrote in
        # between.
        rows.model._base_manager.using(rows.db).filter(pk__in=found).delete()
    return len(found)


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)


def moment(seconds: int) -> str | None:
    """Seconds since 1970 as people and machines write times; None for never."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat()
