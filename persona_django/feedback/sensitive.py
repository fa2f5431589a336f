"""What is sensitive now, taken out of the slates that were served before it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django.catalogue import state
from persona_django.catalogue.paced import in_chunks
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.served import bits
from persona_django.feedback.slates import ITEM
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking.items import every_sensitive
from persona_django.tracking.sensitive import days

Beat = Callable[[], None]
IntArray = NDArray[np.int64]
SLATES_AT_A_TIME = 10_000
"""In memory at once."""


def forget_marked(*, beat: Beat, on_chunk: Beat | None = None) -> int:
    """Empty the slots of items that are sensitive now, with all that is known of them, and delete
    the slates of which nothing is left; how many of those there were.

    `on_chunk` is called after each chunk that was written, `beat` now and then.
    """
    return sum(_forget(store, beat, on_chunk) for store in state.stores())


def _forget(store: int, beat: Beat, on_chunk: Beat | None) -> int:
    items = np.array(sorted(every_sensitive(store)), dtype=ITEM)
    alias, gone = router.db_for_write(ServedSlate), 0

    def empty(keys: Sequence[int]) -> None:
        nonlocal gone
        rows = ServedSlate.objects.using(alias).filter(pk__in=keys)
        over = []
        # Locked, because a page that is still open may report more of its slate.
        for slate in rows.select_for_update().order_by("pk"):
            _empty(slate, items)
            if slate.items:
                slate.save(update_fields=["items", "seen", "clicked", "dismissed"])
            else:
                over.append(slate.pk)
        if over:
            gone += rows.filter(pk__in=over).delete()[0]

    for since in days(ServedSlate) if len(items) else ():
        for keys in _holding(items, since, store):
            beat()
            in_chunks(alias, keys, empty, on_chunk=on_chunk)
    return gone


def _holding(items: IntArray, since: int, store: int) -> Iterator[list[int]]:
    """The slates of one day, some at a time, and of them those in which one of the items stood."""
    rows = ServedSlate.objects.using(router.db_for_write(ServedSlate)).order_by()
    rows = rows.filter(store=store, at__gte=since, at__lt=since + DAY_SECONDS)
    found = iter(rows.values_list("pk", "items").iterator(SLATES_AT_A_TIME))
    while some := list(islice(found, SLATES_AT_A_TIME)):
        keys = np.array([pk for pk, _ in some])
        slots = [_slots(packed) for _, packed in some]
        slate = np.repeat(np.arange(len(some)), [len(one) for one in slots])
        held = np.unique(slate[np.isin(np.concatenate(slots), items)])
        yield sorted(keys[held].tolist())


def _slots(packed: bytes | memoryview) -> IntArray:
    whole = len(packed) // ITEM.itemsize
    return np.frombuffer(packed, dtype=ITEM, count=whole)


def _empty(slate: ServedSlate, items: IntArray) -> None:
    """Without these items and the marks of their slots; without anything if nothing is left."""
    slots = _slots(slate.items)
    left = np.where(np.isin(slots, items), 0, slots)
    known = bits((np.flatnonzero(left) + 1).tolist())
    slate.items = np.trim_zeros(left, "b").astype(ITEM).tobytes()
    slate.seen &= known
    slate.clicked &= known
    slate.dismissed &= known
