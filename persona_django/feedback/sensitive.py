"""What the log and the slates hold of items that became sensitive after it was written.

Both tables are passed along their keys, each row in two passes at least, and all of them again
whenever other items are sensitive: a process that had not heard of it yet may have written behind
the first pass. How far a pass has come is kept, so that any process can go on.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db import connections, router, transaction
from django.db.models import F
from numpy.typing import NDArray

from persona_django.artefacts import notes
from persona_django.artefacts.store import READ_ONCE
from persona_django.catalogue import state
from persona_django.columns import ageing
from persona_django.columns.read import read_queryset
from persona_django.columns.write import give_way
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.served import bits
from persona_django.feedback.slates import ITEM, slots_of
from persona_django.tracking.items import every_sensitive
from persona_django.tracking.models import Event

Beat = Callable[[], None]
IntArray = NDArray[np.int64]
EVENTS_AT_A_TIME, SLATES_AT_A_TIME = 20_000, 2_000
"""Rows of a page; a pass can stop after each."""
SLATES_AT_ONCE = 50
"""Written in one transaction: on SQLite the shop waits for it."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How far a table has been passed, in its keys."""

    at: int = 0
    """How far the pass under way has come."""
    before: int = 0
    """How far the pass before it came."""

    def ended(self) -> _Way:
        """Where the next pass begins once this one is through."""
        return _Way(at=self.before, before=self.at)


def forget_marked(*, beat: Beat, on_page: Beat | None = None) -> int:
    """Delete events of items that are sensitive now, empty their slots in the slates that were
    served, and delete slates of which nothing is left; how many rows went.

    `on_page` is called after each page that was looked through, `beat` after each chunk that was
    written as well. What either raises stops it, and the next call goes on there.
    """
    return sum(_forget(store, beat, on_page) for store in state.stores())


def _forget(store: int, beat: Beat, on_page: Beat | None) -> int:
    items = np.array(sorted(every_sensitive(store)), dtype=np.int64)
    name = f"{READ_ONCE}sensitive/{store}"
    if not len(items):
        notes.discard(name)
        return 0
    begun = _recall(name, items)
    ways, gone = list(begun), 0
    try:
        for table, pages in enumerate((_events, _slates)):
            for at, went in pages(store, items, ways[table].at, beat):
                gone += went
                ways[table] = replace(ways[table], at=at)
                beat()
                if on_page is not None:
                    on_page()
        ways = [way.ended() for way in ways]
    finally:
        if ways != begun:
            _keep(name, items, ways)
    return gone


def _events(store: int, items: IntArray, above: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """Deletes events page by page: the last key of each page, and how many of it went."""
    alias = router.db_for_write(Event)
    rows = (
        Event.objects.using(alias).filter(store=store).order_by("pk").values_list("pk", "item_id")
    )
    while True:
        keys, item = read_queryset(rows.filter(pk__gt=above)[:EVENTS_AT_A_TIME], "ii")
        if not len(keys):
            return
        above = int(keys[-1])
        marked = keys[np.isin(item, items)].tolist()
        yield above, ageing.delete_listed(alias, Event, marked, on_chunk=beat)


def _slates(store: int, items: IntArray, above: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """The same of slates, whose slots are emptied first."""
    rows = ServedSlate.objects.using(router.db_for_write(ServedSlate)).filter(store=store)
    ordered = rows.order_by("pk").values_list("pk", "items")
    while page := list(ordered.filter(pk__gt=above)[:SLATES_AT_A_TIME]):
        above = page[-1][0]
        slots = [slots_of(packed) for _, packed in page]
        slate = np.repeat(np.arange(len(page)), [len(one) for one in slots])
        marked = np.unique(slate[np.isin(np.concatenate(slots), items)])
        yield above, _take_out([page[place][0] for place in marked.tolist()], items, beat)


def _take_out(keys: Sequence[int], items: IntArray, beat: Beat) -> int:
    """Empty the slots of these items in these slates; how many slates went altogether."""
    alias = router.db_for_write(ServedSlate)
    rows = ServedSlate.objects.using(alias)
    left, gone = deque(keys), 0
    while left:
        some = [left.popleft() for _ in range(min(len(left), SLATES_AT_ONCE))]
        found = list(rows.filter(pk__in=some).values_list("pk", "items"))
        began = time.monotonic()
        # Read before it begins: SQLite refuses the first write of a transaction that has read
        # what somebody else has changed since.
        with transaction.atomic(using=alias):
            for pk, packed in found:
                # An open page may have reported more of its slate meanwhile.
                unchanged = rows.filter(pk=pk, items=packed)
                slots = slots_of(packed)
                kept = np.where(np.isin(slots, items), 0, slots)
                if not kept.any():
                    went = unchanged.delete()[0]
                    gone += went
                else:
                    known = bits((np.flatnonzero(kept) + 1).tolist())
                    went = unchanged.update(
                        items=np.trim_zeros(kept, "b").astype(ITEM).tobytes(),
                        seen=F("seen").bitand(known),
                        clicked=F("clicked").bitand(known),
                        dismissed=F("dismissed").bitand(known),
                    )
                if not went:
                    left.append(pk)
        give_way(connections[alias], time.monotonic() - began)
        beat()
    return gone


def _recall(name: str, items: IntArray) -> list[_Way]:
    kept = notes.recall(name)
    if kept.get("items", np.empty(0)).tolist() != _named(items).tolist():
        return [_Way(), _Way()]
    return [_Way(at=at, before=before) for at, before in kept["ways"].tolist()]


def _keep(name: str, items: IntArray, ways: Sequence[_Way]) -> None:
    rows = [(way.at, way.before) for way in ways]
    notes.keep(name, {"items": _named(items), "ways": np.array(rows, dtype=np.int64)})


def _named(items: IntArray) -> IntArray:
    """A number that changes whenever the items do."""
    digest = hashlib.blake2b(items.tobytes(), digest_size=ITEM.itemsize).digest()
    return np.frombuffer(digest, dtype=ITEM).astype(np.int64)
