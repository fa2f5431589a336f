"""Reads the shop's products page by page, as the map declares them.

A map of plain field paths is read in columns, without building one object. A map with a method, a
property or a relation to many rows is read as objects, with their relations fetched beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from django.db.models import QuerySet

from persona_django.catalogue.cleaning import file_address
from persona_django.catalogue.maps import ItemMap, is_currency_code
from persona_django.catalogue.paths import Route, explore, follow, is_file, settled
from persona_django.exceptions import BrokenMap

PAGE_ROWS = 2_000
"""Products read at a time."""

MIRRORED = (
    "title",
    "category",
    "brand",
    "price",
    "compare_at_price",
    "currency",
    "available",
    "stock",
    "margin",
    "published_at",
    "images",
    "group",
    "text",
    "sensitive",
)
"""The declared values that the mirror keeps, in the order in which a row carries them."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One product as the shop has it: key, then a value for each name of the plan.

    `fault` says why it could not be read; `values` is empty then.
    """

    pk: Any
    values: tuple[Any, ...]
    fault: str = ""


class Plan:
    """How one map is read: `names` of the values, and whether columns are enough.

    All that the mirror keeps, or `only` the declared values of these names.
    """

    def __init__(self, item_map: ItemMap, *, only: Collection[str] | None = None) -> None:
        self.item_map = item_map
        declared = [name for name in only or MIRRORED if _is_read(item_map, name)]
        attributes = item_map.attributes if only is None else ()
        self.names = (*declared, *(f"attributes.{name}" for name in attributes))
        annotations = self.queryset().query.annotations
        self._routes = {name: self._route(name, annotations) for name in self.names}
        self.in_columns = all(route and route.is_column for route in self._routes.values())
        self._readers = [self._reader(name) for name in self.names]
        self.groups_by_parent = self._groups_by_parent()

    def pages(
        self, *, keys: Collection[Any] | None = None, using: str = "", after: Any = None
    ) -> Iterator[list[RawRow]]:
        """All products of the map's queryset, or those with these primary keys, in pages.

        `after` begins behind this primary key, where the queryset can be paged.
        """
        queryset = self.queryset(using)
        if keys is not None:
            yield self._rows(queryset.filter(pk__in=list(keys)))
        elif _can_be_paged(queryset):
            yield from self._paged(queryset, after)
        else:
            rows = self._rows(queryset)
            for start in range(0, len(rows), PAGE_ROWS):
                yield rows[start : start + PAGE_ROWS]

    def can_be_paged(self) -> bool:
        """False where the queryset is sliced or combined and so can only be read whole."""
        return _can_be_paged(self.queryset())

    def keys(self) -> list[Any]:
        """Primary keys of all products of the map's queryset."""
        return list(self.queryset().values_list("pk", flat=True))

    def queryset(self, using: str = "") -> QuerySet[Any]:
        """The map's queryset; BrokenMap when it raises or returns something else.

        `using` names the database to ask unless the map itself has chosen one.
        """
        try:
            queryset = self.item_map.queryset()
        except Exception as error:  # the shop's own code may raise anything
            raise BrokenMap(
                f"{type(self.item_map).__name__}.queryset() failed: {error!r}. "
                "Correct it in persona.py; until then its items stay as they are."
            ) from error
        if not isinstance(queryset, QuerySet):
            raise BrokenMap(
                f"{type(self.item_map).__name__}.queryset() returned "
                f"{type(queryset).__name__}. Return a queryset of {self.item_map.label}."
            )
        is_free = using and getattr(queryset, "_db", None) is None
        return queryset.using(using) if is_free else queryset

    def _paged(self, queryset: QuerySet[Any], last: Any) -> Iterator[list[RawRow]]:
        # Page by key rather than with one open cursor: on SQLite a reader left open would keep
        # our own writes between the pages from ever getting the lock.
        ordered = queryset.order_by("pk")
        while True:
            page = ordered if last is None else ordered.filter(pk__gt=last)
            rows = self._rows(page[:PAGE_ROWS])
            if rows:
                yield rows
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1].pk

    def _rows(self, queryset: QuerySet[Any]) -> list[RawRow]:
        if self.in_columns:
            return self._rows_from_columns(queryset)
        return [self._row_from_object(obj) for obj in self._with_relations(queryset)]

    def _rows_from_columns(self, queryset: QuerySet[Any]) -> list[RawRow]:
        paths = [route.path for route in self._routes.values() if route]
        storages = [
            (at, route.field.storage)
            for at, route in enumerate(self._routes.values())
            if route and is_file(route)
        ]
        rows = queryset.values_list("pk", *paths)
        if not storages:
            return [RawRow(row[0], row[1:]) for row in rows]
        return [_with_addresses(row, storages) for row in rows]

    def _row_from_object(self, obj: Any) -> RawRow:
        values = []
        for name, reader in zip(self.names, self._readers, strict=True):
            try:
                values.append(settled(reader(obj)))
            except Exception as error:  # noqa: BLE001  (one product must not stop the others)
                return RawRow(obj.pk, (), f"{name} failed with {type(error).__name__}: {error}")
        return RawRow(obj.pk, tuple(values))

    def _with_relations(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        routes = [route for route in self._routes.values() if route]
        joins = {route.joins for route in routes if route.joins and not route.fetches}
        fetches = {route.fetches for route in routes if route.fetches}
        # Columns the shop deferred cannot be joined through; its own choice stands.
        if joins and not queryset.query.deferred_loading[0]:
            queryset = queryset.select_related(*sorted(joins))
        return queryset.prefetch_related(*sorted(fetches)) if fetches else queryset

    def _route(self, name: str, annotations: Collection[str]) -> Route | None:
        """Where a name leads; None when a method of the map answers it."""
        path = self._path(name)
        if path is None:
            return None
        return explore(self.item_map.model, path, annotations=annotations)

    def _path(self, name: str) -> str | None:
        prefix, dot, attribute = name.partition(".")
        if dot:
            return None if self.item_map.own_method(attribute) else attribute
        return self.item_map.path(prefix) or None

    def _reader(self, name: str) -> Callable[[Any], Any]:
        _, dot, attribute = name.partition(".")
        if not dot:
            return partial(_read, self.item_map, name)
        return self.item_map.own_method(attribute) or partial(_follow, attribute)

    def _groups_by_parent(self) -> bool:
        """True when variants name their parent, a row of the same model, which names none."""
        path = self.item_map.path("group")
        if not path or "__" in path:
            return False
        for related in self.item_map.model._meta.concrete_fields:
            if path in (related.name, related.attname) and related.is_relation:
                return related.related_model in (self.item_map.model, "self")
        return False


def _with_addresses(row: tuple[Any, ...], storages: list[tuple[int, Any]]) -> RawRow:
    """A row of columns in which names of files have become their addresses."""
    values = list(row[1:])
    try:
        for at, storage in storages:
            values[at] = file_address(storage.url(values[at])) if values[at] else None
    except Exception as error:  # noqa: BLE001  (one lost file must not stop the others)
        return RawRow(row[0], (), f"its file has no address: {type(error).__name__}: {error}")
    return RawRow(row[0], tuple(values))


@lru_cache(maxsize=64)
def plan_of(item_map: ItemMap) -> Plan:
    """The plan of a map, made once a process: a saved product needs it after each commit."""
    return Plan(item_map)


def _read(item_map: ItemMap, name: str, obj: Any) -> Any:
    return item_map.value(obj, name)


def _follow(path: str, obj: Any) -> Any:
    return follow(obj, path)


def _is_read(item_map: ItemMap, name: str) -> bool:
    declared = item_map.declared(name)
    return declared is not None and not (name == "currency" and is_currency_code(declared))


def _can_be_paged(queryset: QuerySet[Any]) -> bool:
    query = queryset.query
    return not (query.is_sliced or query.combinator or query.distinct_fields)
