"""Slates as columns: one row for each slot that was on screen or chosen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django.feedback.models import ServedSlate
from persona_django.numeric.sorting import places_within
from persona_django.tracking.report_values import LAST_POSITION

IntArray = NDArray[np.int64]
ITEM = np.dtype("<i8")
"""How an item's id stands in a slate's row."""


@dataclass(frozen=True, kw_only=True)
class Slates:
    """Slates as aligned columns, and their slots as others."""

    shopper: IntArray
    uid: IntArray
    at: IntArray
    """Seconds since 1970, UTC."""
    context: IntArray
    slate: IntArray
    """The slate of each slot, by its place in the columns above."""
    position: IntArray
    """From 0."""
    item: IntArray
    is_seen: NDArray[np.bool_]
    is_chosen: NDArray[np.bool_]
    is_dismissed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)


def slots_of(packed: bytes | memoryview) -> IntArray:
    """The items of one slate as its row holds them, in order of their positions; 0 for a slot of
    which nothing is known. Part of an item at the end is none.

    >>> slots_of((31).to_bytes(8, "little") + bytes(9)).tolist()
    [31, 0]
    """
    whole = len(packed) // ITEM.itemsize
    return np.frombuffer(packed, dtype=ITEM, count=whole).astype(np.int64, copy=False)


_NUMBERS = ("shopper", "uid", "at", "context", "seen", "clicked", "dismissed")


def read_slates(shoppers: Collection[int], *, since: int, store: int = 1) -> Slates:
    """The slates of these shoppers that were served at `since` or later."""
    rows = ServedSlate.objects.using(router.db_for_read(ServedSlate)).filter(
        store=store, shopper__in=sorted(shoppers), at__gte=since
    )
    # One query, because a slate that comes in between two would move all others.
    found = list(rows.order_by("shopper", "uid").values_list(*_NUMBERS, "items"))
    slots = [slots_of(row[-1]) for row in found]
    numbers = np.array([row[:-1] for row in found], dtype=np.int64).reshape(-1, len(_NUMBERS))
    shopper, uid, at, context, seen, clicked, dismissed = numbers.T
    sizes = np.array([len(items) for items in slots], dtype=np.int64)
    slate = np.repeat(np.arange(len(sizes)), sizes)
    position = places_within(sizes)
    bit = np.int64(1) << np.minimum(position, LAST_POSITION - 1)
    has_bit = position < LAST_POSITION
    return Slates(
        shopper=shopper,
        uid=uid,
        at=at,
        context=context,
        slate=slate,
        position=position,
        item=np.concatenate([np.empty(0, dtype=np.int64), *slots]),
        is_seen=has_bit & (seen[slate] & bit != 0),
        is_chosen=has_bit & (clicked[slate] & bit != 0),
        is_dismissed=has_bit & (dismissed[slate] & bit != 0),
    )
