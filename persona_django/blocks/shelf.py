"""The shop's own products for one page, looked up through its own querysets.

Learning and snapshot may be minutes old. What is shown was visible to this audience, available
and in stock a moment ago, because the shop's tables said so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import QuerySet
from numpy.typing import NDArray

from persona_django.breaker import database_call
from persona_django.catalogue.declarations import why_unusable
from persona_django.catalogue.maps import Audience, ItemMap
from persona_django.catalogue.paths import explore
from persona_django.catalogue.refs import refs_of
from persona_django.catalogue.registry import item_maps
from persona_django.catalogue.snapshot import Snapshot
from persona_django.exceptions import BrokenMap, Resting, in_one_line

SHOWN = ("title", "price", "compare_at_price", "currency", "images", "url", "available", "stock")
"""Declared values that a render reads."""

MOST_PICKED = 500
"""Products of a model that the shop may name itself, the newest first."""

Fault = Callable[[str, Exception], None]
"""Called with what to do about a map that raised."""


class _Unusable(BrokenMap):
    """A method of a map returned something in which no product can be looked up."""


class Shelf:
    """Products by item id, filled with one query per product model for each `fetch`."""

    def __init__(self, snapshot: Snapshot, audience: Audience, *, on_fault: Fault) -> None:
        self._snapshot = snapshot
        self._audience = audience
        self._on_fault = on_fault
        self._asked: set[int] = set()
        self._picked: NDArray[np.int64] | None = None
        self._found: dict[int, tuple[ItemMap, Any]] = {}

    def __contains__(self, item_id: int) -> bool:
        """Whether this item was looked up and may be shown."""
        return item_id in self._found

    def __getitem__(self, item_id: int) -> tuple[ItemMap, Any]:
        """The map and the object of an item that may be shown."""
        return self._found[item_id]

    def has_asked(self, item_id: int) -> bool:
        """Whether this item was looked up, found or not."""
        return item_id in self._asked

    def fetch(self, item_ids: Iterable[int]) -> None:
        """Look up the items that were not looked up before."""
        new = [item_id for item_id in item_ids if item_id not in self._asked]
        if not new:
            return
        self._asked.update(new)
        by_label: dict[str, dict[str, int]] = {}
        rows = self._snapshot.rows_of(np.array(new, dtype=np.int64)).tolist()
        for item_id, row in zip(new, rows, strict=True):
            if row >= 0:
                label = self._snapshot.label_of(row)
                by_label.setdefault(label, {})[self._snapshot.key_of(row)] = item_id
        maps = item_maps()
        for label, wanted in by_label.items():
            if label in maps:
                self._fetch_model(maps[label], wanted)

    def picked(self) -> NDArray[np.int64]:
        """Items that the shop's own querysets name first of all they let this audience see.

        One query for each product model, once a page: for shops that show so little of what they
        have that nothing of what would be shown first remains.
        """
        if self._picked is None:
            refs = [
                refs_of(label, keys)
                for label, item_map in item_maps().items()
                if (keys := self._pick(item_map))
            ]
            known = self._snapshot.items_of_refs(np.concatenate(refs)) if refs else np.zeros(0)
            self._picked = known[known > 0].astype(np.int64)
        return self._picked

    def _pick(self, item_map: ItemMap) -> list[Any]:
        with self._heard(item_map) as asked:
            visible = self._visible(item_map, asked)
            with database_call(visible.db, may_take_long=True):
                return list(visible.order_by("-pk").values_list("pk", flat=True)[:MOST_PICKED])
        return []

    def _fetch_model(self, item_map: ItemMap, wanted: dict[str, int]) -> None:
        with self._heard(item_map) as asked:
            visible = self._visible(item_map, asked)
            found = visible.filter(pk__in=_primary_keys(item_map, wanted))
            # How long the shop's own query takes says nothing about our next one.
            with database_call(found.db, may_take_long=True):
                objs = list(_with_relations(item_map, found))
            for obj in objs:
                self._keep(item_map, obj, wanted)

    def _visible(self, item_map: ItemMap, asked: list[str]) -> QuerySet[Any]:
        """What this audience may see of a model; `asked` ends with the method that was called."""
        asked.append("queryset()")
        rows = item_map.queryset()
        asked.append("visible()")
        visible = item_map.visible(rows, self._audience)
        if unusable := why_unusable(visible, item_map):
            raise _Unusable(unusable)
        return visible

    @contextmanager
    def _heard(self, item_map: ItemMap) -> Iterator[list[str]]:
        """Report what a map's methods raise instead of passing it on, and which of them it was."""
        asked: list[str] = []
        try:
            yield asked
        except (DatabaseError, Resting):
            # The whole page's transaction may be spoilt: only the outer edge can put it right.
            raise
        except Exception as error:  # noqa: BLE001 - a broken map must cost its own items only
            told = error if isinstance(error, _Unusable) else f"raised {in_one_line(error)}"
            self._on_fault(
                f"{type(item_map).__name__}.{asked[-1]} {told}, so nothing of {item_map.label} is "
                "shown. Correct it in persona.py; `manage.py check` may say more.",
                error,
            )

    def _keep(self, item_map: ItemMap, obj: Any, wanted: dict[str, int]) -> None:
        try:
            item_id = wanted.get(item_map.key(obj))
            if item_id is not None and _is_sold(item_map, obj):
                self._found[item_id] = (item_map, obj)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - one odd product must cost its own place only
            self._on_fault(
                f"{type(item_map).__name__}.available or stock raised for {item_map.label} "
                f"{obj.pk}, so it is not shown. Correct it in persona.py.",
                error,
            )


def _with_relations(item_map: ItemMap, queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The same products with everything the map's paths lead through, instead of a query each."""
    joins, fetches = _beside(item_map)
    # Columns the shop deferred cannot be joined through; its own choice stands.
    chosen = queryset.query.deferred_loading[0] or queryset.query.select_related is True
    if joins and not chosen:
        queryset = queryset.select_related(*joins)
    return queryset.prefetch_related(*fetches) if fetches else queryset


@lru_cache(maxsize=64)
def _beside(item_map: ItemMap) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Relations to join and to fetch for what a slot shows, from the map's declared paths."""
    paths = [path for name in SHOWN if (path := item_map.path(name))]
    routes = [explore(item_map.model, path) for path in paths]
    joins = {route.joins for route in routes if route.joins and not route.fetches}
    fetches = {route.fetches for route in routes if route.fetches}
    return tuple(sorted(joins)), tuple(sorted(fetches))


def _primary_keys(item_map: ItemMap, wanted: Iterable[str]) -> list[Any]:
    """Keys as the model's own type; one that no longer fits (int became UUID) names nothing."""
    field: Any = item_map.model._meta.pk
    keys = []
    for key in wanted:
        try:
            keys.append(field.to_python(key))
        except (ValidationError, ValueError, TypeError):
            continue
    return keys


def _is_sold(item_map: ItemMap, obj: Any) -> bool:
    if item_map.declared("available") is not None and not item_map.value(obj, "available"):
        return False
    stock = item_map.value(obj, "stock")
    return stock is None or stock > 0
