"""The visits of shoppers: where each begins and ends, on what device, and how it was come to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db import router
from django.db.models import Model
from numpy.typing import NDArray

from persona_django import conf
from persona_django.columns.read import read_queryset
from persona_django.numeric.visits import Visits, visits_of
from persona_django.tracking import context
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import DERIVED, Basis, Kind

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class VisitColumns:
    """Visits as aligned columns, those of one shopper together and in order."""

    shopper: IntArray
    start: IntArray
    """Seconds since 1970, UTC, of the first event."""
    end: IntArray
    """Of the last one."""
    events: IntArray
    """Events and searches in it, 1 or more."""
    views: IntArray
    """Pages of items among them."""
    device: IntArray
    """See context.Device: of the first event that knows it."""
    entry: IntArray
    """See context.Entry: of the first event."""
    hour: IntArray
    """Local hour of the shopper, of the first event that knows it; UNKNOWN_HOUR if none does."""
    weekday: IntArray

    def __len__(self) -> int:
        return len(self.start)


def read_visits(shoppers: Collection[int], *, since: int = 0, store: int = 1) -> VisitColumns:
    """The visits of these shoppers, from what they did at `since` or later."""
    both = (_read(model, shoppers, since, store) for model in (Event, Intent))
    shopper, uid, at, kind, packed = map(np.concatenate, zip(*both, strict=True))
    visits = visits_of(shopper, at, gap_seconds=gap_seconds(), tie=uid)
    first, n = packed[visits.first], len(visits)
    knows_day = _first_known(visits, at, uid, context.hour_of(packed) != context.UNKNOWN_HOUR)
    knows_device = _first_known(visits, at, uid, context.device_of(packed) != 0)
    return VisitColumns(
        shopper=visits.shopper,
        start=visits.start,
        end=visits.end,
        events=np.bincount(visits.number, minlength=n).astype(np.int64),
        views=np.bincount(visits.number[kind == Kind.VIEW], minlength=n).astype(np.int64),
        device=context.device_of(packed[knows_device]),
        entry=context.entry_of(first),
        hour=context.hour_of(packed[knows_day]),
        weekday=context.weekday_of(packed[knows_day]),
    )


def gap_seconds() -> int:
    """The silence that ends a visit, in whole seconds."""
    return max(int(conf.current().visit_gap.total_seconds()), 1)


def _read(
    model: type[Model], shoppers: Collection[int], since: int, store: int
) -> tuple[NDArray[np.int64], ...]:
    """Shopper, name, time, kind and circumstances of what the shoppers did and asked for."""
    rows = model._base_manager.using(router.db_for_read(model)).filter(
        store=store, shopper__in=sorted(shoppers), at__gte=since
    )
    if model is Event:
        # What nobody did is no part of a visit, and what names nobody is nobody's visit.
        rows = rows.exclude(kind__in=DERIVED).exclude(basis=Basis.AGGREGATE)
    columns = ("shopper", "uid", "at", "kind", "context")
    found = read_queryset(rows.order_by("shopper", "uid").values_list(*columns), "iiiii")
    if model is Intent:
        found[3] = np.zeros_like(found[3])
    return tuple(found)


def _first_known(
    visits: Visits, at: IntArray, uid: IntArray, is_known: NDArray[np.bool_]
) -> IntArray:
    """Position of the first event of each visit that knows something; of its first if none."""
    order = np.lexsort((uid, at, ~is_known, visits.number))
    return order[np.searchsorted(visits.number[order], np.arange(len(visits)))]
