"""One order map's lines as columns, as its paths and its database give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
from django.conf import settings
from django.core.exceptions import EmptyResultSet, FieldError
from django.db import DatabaseError
from django.db.models import Field, QuerySet
from django.utils.timezone import get_default_timezone, is_naive, make_aware
from numpy.typing import NDArray

from persona_django.catalogue.maps import OrderMap
from persona_django.columns.read import read_queryset
from persona_django.exceptions import BrokenMap, Resting
from persona_django.tracking.codes import factorise

NO_NUMBER = -(2**63)
"""Stands for NULL in a column of whole-number keys."""
DAY = "y"
"""How a column of days is read, see columns.kinds."""
OPTIONAL = ("customer", "guest_key", "quantity", "refunded_quantity")
KEYS = ("item", "order", "customer", "guest_key")


@dataclass(frozen=True, kw_only=True)
class KeyColumn:
    """A column of keys: its distinct values as text, None for NULL, and their places."""

    distinct: list[str | None]
    at: NDArray[np.int64]

    @property
    def given(self) -> NDArray[np.bool_]:
        """Where there is a key at all."""
        return np.array([bool(value) for value in self.distinct], dtype=bool)[self.at]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """The lines of one map. Columns that the map leaves out are None, or ones and zeros."""

    item: KeyColumn
    order: KeyColumn
    at: NDArray[np.int64]
    """Seconds since 1970, UTC; of a day when it began in the shop's zone."""
    only_days: bool
    """The shop keeps the day of an order, and not the time."""
    customer: KeyColumn | None
    guest_key: KeyColumn | None
    quantity: NDArray[np.int64]
    """Refunds taken off; 0 or less for what was all given back."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def latest(self) -> NDArray[np.int64]:
        """The latest moment at which each may have been placed."""
        return ends_of_days(self.at) if self.only_days else self.at


def read_lines(
    order_map: OrderMap,
    *,
    since: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Lines:
    """Read every line that is a purchase. Raises BrokenMap where the map cannot be read."""
    names = ["item", "order", "placed_at", *(name for name in OPTIONAL if order_map.path(name))]
    with readable(order_map):
        queryset = since_then(order_map, order_map.lines().order_by(), since)
        selected = queryset.values_list(*(order_map.path(name) for name in names))
        columns = _read(selected, names, progress)
    n = len(columns["placed_at"])
    bought = _or_else(1, columns.get("quantity", np.ones(n)))
    returned = _or_else(0, columns.get("refunded_quantity", np.zeros(n)))
    return Lines(
        item=columns["item"],
        order=columns["order"],
        at=columns["placed_at"],
        only_days=columns["only_days"],
        customer=columns.get("customer"),
        guest_key=columns.get("guest_key"),
        quantity=whole_pieces(bought - returned),
    )


def _or_else(usual: int, pieces: NDArray[Any]) -> NDArray[Any]:
    """NULL comes as no number from a decimal column: a line without a quantity is one piece."""
    return np.where(np.isnan(pieces), usual, pieces)


def whole_pieces(quantity: NDArray[Any]) -> NDArray[np.int64]:
    """Quantities as whole pieces: half a kilo is one, and what is unknown is none."""
    known = np.nan_to_num(np.asarray(quantity, dtype=np.float64), posinf=0.0, neginf=0.0)
    pieces = np.clip(np.rint(known), -(2**31) + 1, 2**31 - 1).astype(np.int64)
    pieces[(known > 0) & (pieces == 0)] = 1
    return pieces


@contextmanager
def readable(order_map: OrderMap) -> Iterator[None]:
    """Turn what a wrong map raises into what its author should do."""
    try:
        yield
    except (DatabaseError, BrokenMap, Resting):
        # The database's own trouble is not the map's.
        raise
    except Exception as error:
        kind = type(order_map).__name__
        advice = "Correct it in persona.py; `manage.py check` says what is wrong with it."
        if not isinstance(error, (FieldError, ValueError, TypeError, AttributeError)):
            advice = "See the error it raised."
        raise BrokenMap(
            f"{kind} of {order_map.label} cannot be read: {error}. {advice}"
        ) from error


def since_then(order_map: OrderMap, queryset: QuerySet[Any], since: int | None) -> QuerySet[Any]:
    """The lines placed at `since` (seconds since 1970) or later."""
    if since is None:
        return queryset
    path = order_map.path("placed_at")
    try:
        field = _output_fields(queryset.values_list(path))[0]
    except EmptyResultSet:
        # Nothing can meet its condition at any time: own() gave this user none().
        return queryset
    return queryset.filter(**{f"{path}__gte": _seconds_as_stored(since, field)})


def _seconds_as_stored(seconds: int, field: Field[Any, Any]) -> int | date | datetime:
    kind = field.get_internal_type()
    if "Integer" in kind:
        return seconds
    local = datetime.fromtimestamp(seconds, tz=get_default_timezone())
    return local.date() if kind == "DateField" else as_stored(local)


def as_stored(moment: datetime) -> datetime:
    """A moment as Django stores it: in UTC, or by the shop's clock where it keeps no time zones.
    One without a zone is the shop's. Raises OverflowError for one that either never shows.
    """
    zone = get_default_timezone()
    local = make_aware(moment, zone) if is_naive(moment) else moment.astimezone(zone)
    return local.astimezone(timezone.utc) if settings.USE_TZ else local.replace(tzinfo=None)


def ends_of_days(began: NDArray[np.int64]) -> NDArray[np.int64]:
    """The last second of each day of the shop's zone, which may have 23 or 25 hours."""
    distinct, at = np.unique(began, return_inverse=True)
    zone, ends = get_default_timezone(), []
    for moment in distinct.tolist():
        day = datetime.fromtimestamp(moment, tz=zone).date() + timedelta(days=1)
        ends.append(seconds_of(day) - 1)
    return np.array(ends, dtype=np.int64)[at]


def seconds_of(moment: Any) -> int:
    """A stored moment, as Django gives it, as seconds since 1970; 0 for none."""
    if moment is None:
        return 0
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    if isinstance(moment, datetime):
        aware = moment if not is_naive(moment) else make_aware(moment, get_default_timezone())
        return int(aware.timestamp())
    return int(moment)


def _read(
    selected: QuerySet[Any], names: list[str], progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    try:
        fields = _output_fields(selected)
    except EmptyResultSet:
        # A condition that nothing can meet, such as pk__in=[].
        nothing: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        no_keys = KeyColumn(distinct=[], at=nothing)
        none = {name: no_keys if name in KEYS else nothing for name in names}
        return {**none, "only_days": False}
    kinds = [_kind(name, field) for name, field in zip(names, fields, strict=True)]
    total = selected.count() if progress is not None else 0
    report = None if progress is None else lambda done: progress(done, total)
    arrays = read_queryset(selected, kinds, progress=report)
    columns = {
        name: key_column(values, selected, place) if name in KEYS else values
        for place, (name, values) in enumerate(zip(names, arrays, strict=True))
    }
    return {**columns, "only_days": kinds[names.index("placed_at")] == DAY}


def _kind(name: str, field: Field[Any, Any]) -> str:
    kind = field.get_internal_type()
    whole = "Integer" in kind or "AutoField" in kind
    if name == "placed_at":
        return DAY if kind == "DateField" else "i" if whole else "t"
    if name == "quantity":
        return "i:1" if whole else "d"
    if name == "refunded_quantity":
        return "i" if whole else "d"
    return f"i:{NO_NUMBER}" if whole and name in KEYS else "k"


def key_column(values: NDArray[Any], selected: QuerySet[Any], place: int) -> KeyColumn:
    """Keys as the shop's objects spell them: Django's own conversions, once a distinct value."""
    distinct, at = factorise(values)
    compiler = selected.query.get_compiler(selected.db)
    compiler.setup_query()
    expression = compiler.select[place][0]
    converters = compiler.get_converters([expression])
    steps = converters[0][0] if converters else []
    texts: list[str | None] = []
    for value in distinct:
        if value is None or value == NO_NUMBER:
            texts.append(None)
            continue
        for step in steps:
            value = step(value, expression, compiler.connection)
        texts.append(str(value))
    return KeyColumn(distinct=texts, at=at)


def _output_fields(selected: QuerySet[Any]) -> list[Field[Any, Any]]:
    compiler = selected.query.get_compiler(selected.db)
    compiler.as_sql()
    fields = [expression.output_field for expression, _, _ in compiler.select]
    return [field.target_field if field.is_relation else field for field in fields]
