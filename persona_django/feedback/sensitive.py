"""What the log, the slates and the evidence of weeks hold of items that became sensitive after it
was written.

The tables are passed along their keys, each row in two passes at least after its item became
sensitive: a process that had not heard of it yet may have written behind the first. How far a
pass has come is kept, so that any process can go on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from django.db import connections, router, transaction
from django.db.models import F, Max, Model
from numpy.typing import NDArray

from persona_django.artefacts import notes
from persona_django.artefacts.store import OF_ANOTHER_SHAPE, READ_ONCE
from persona_django.catalogue import state
from persona_django.columns import ageing
from persona_django.columns.keys import lowest_key
from persona_django.columns.write import give_way
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.served import bits
from persona_django.feedback.slates import ITEM, slots_of
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking import weeks
from persona_django.tracking.inserting import again_on_deadlock
from persona_django.tracking.items import every_sensitive
from persona_django.tracking.models import Event, WeekEvidence

Beat = Callable[[], None]
IntArray = NDArray[np.int64]
EVENTS_AT_A_TIME, SLATES_AT_A_TIME, PARTS_AT_A_TIME = 20_000, 2_000, 8
"""Keys that a page spans; a pass can stop after each."""
SLATES_AT_ONCE = 10
"""Written in one transaction: on SQLite the shop waits for it."""
OPEN_SECONDS = DAY_SECONDS
"""Slates younger than this are looked at in every pass: a page that is still open may have added
to one, under the key that it had."""
_Keys = tuple[int, int, int]
_NOTE = f"{READ_ONCE}sensitive"


@dataclass(frozen=True, kw_only=True)
class _Pass:
    """One way through the tables, somewhere between its pages."""

    items: IntArray
    """What was sensitive when it began."""
    at: _Keys = (0, 0, 0)
    """How far it has come, in keys of events, of slates and of parts of weeks."""
    before: _Keys = (0, 0, 0)
    """How far the pass before it came; 0 where that did not know of all the items."""

    def come_to(self, table: int, key: int) -> _Pass:
        events, slates, parts = (key if n == table else at for n, at in enumerate(self.at))
        return replace(self, at=(events, slates, parts))

    def knows(self, items: IntArray) -> bool:
        """Whether all of these were looked for from its beginning."""
        return bool(np.isin(items, self.items).all())

    def following(self, items: IntArray) -> _Pass:
        """The pass that begins when this one is through. New items never break one off, or there
        would be shops in which none comes to its end."""
        if not self.knows(items):
            return _Pass(items=items)
        events, slates, parts = self.before
        at = (events, min(slates, _all_closed()), parts)
        return _Pass(items=items, at=at, before=self.at)


def forget_marked(*, beat: Beat, on_page: Beat | None = None) -> int:
    """Delete events of items that are sensitive now, empty their slots in the slates that were
    served, delete slates of which nothing is left, and take them out of the evidence of weeks; how
    many rows and counts went.

    Goes on with the pass under way, and after it with one from the beginning where an item became
    sensitive meanwhile. `on_page` is called after each page that was looked through, `beat` after
    each chunk that was written as well. What either raises stops it, and the next call goes on
    there.
    """
    known = sorted(set().union(*map(every_sensitive, state.stores())))
    items = np.array(known, dtype=np.int64)
    if not len(items):
        notes.discard(_NOTE)
        return 0
    begun = _recalled() or _Pass(items=items)
    current, gone, is_through = begun, 0, False
    try:
        while not is_through:
            for table, pages in enumerate((_events, _slates, _weeks)):
                for key, went in pages(items, current.at[table], beat):
                    gone += went
                    current = current.come_to(table, key)
                    beat()
                    if on_page is not None:
                        on_page()
            is_through = current.knows(items)
            current = current.following(items)
    finally:
        if current is not begun:
            _keep(current)
    return gone


def _events(items: IntArray, above: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """Deletes events page by page: up to which key, and how many went."""
    alias = router.db_for_write(Event)
    for low, high in _ranges(Event, above, EVENTS_AT_A_TIME):
        rows = Event.objects.using(alias).filter(pk__gt=low, pk__lte=high)
        found = np.array(list(rows.values_list("pk", "item_id")), dtype=np.int64).reshape(-1, 2)
        marked = np.sort(found[np.isin(found[:, 1], items), 0]).tolist()
        yield high, ageing.delete_listed(alias, Event, marked, on_chunk=beat)


def _slates(items: IntArray, above: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """The same of slates, whose slots are emptied first."""
    rows = ServedSlate.objects.using(router.db_for_write(ServedSlate))
    for low, high in _ranges(ServedSlate, above, SLATES_AT_A_TIME):
        page = list(rows.filter(pk__gt=low, pk__lte=high).values_list("pk", "items"))
        slots = [slots_of(packed) for _, packed in page]
        slate = np.repeat(np.arange(len(page)), [len(one) for one in slots])
        held = np.isin(np.concatenate([np.empty(0, dtype=np.int64), *slots]), items)
        marked = sorted(page[place][0] for place in np.unique(slate[held]).tolist())
        yield high, _take_out(marked, items, beat)


def _weeks(items: IntArray, above: int, beat: Beat) -> Iterator[tuple[int, int]]:
    """The same of counts."""
    for low, high in _ranges(WeekEvidence, above, PARTS_AT_A_TIME):
        yield high, weeks.take_out_items(items, above=low, to=high, beat=beat)


def _ranges(model: type[Model], above: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of keys above one, up to the highest there is now. Empty stretches are skipped."""
    rows = model._base_manager.using(router.db_for_write(model))
    low, last = above, _last(model)
    while low < last:
        first = rows.filter(pk__gt=low).order_by("pk").values_list("pk", flat=True).first()
        if first is None:
            return
        low = max(low, first - 1)
        high = min(low + size, last)
        yield low, high
        low = high


def _all_closed() -> int:
    """Up to which key no page adds to slates any more."""
    rows = ServedSlate.objects.using(router.db_for_write(ServedSlate))
    young = rows.filter(at__gte=int(time.time()) - OPEN_SECONDS)
    return (lowest_key(young) or _last(ServedSlate) + 1) - 1


def _last(model: type[Model]) -> int:
    rows = model._base_manager.using(router.db_for_write(model))
    return rows.aggregate(last=Max("pk"))["last"] or 0


def _take_out(keys: Sequence[int], items: IntArray, beat: Beat) -> int:
    """Empty the slots of these items in these slates; how many slates went altogether."""
    alias = router.db_for_write(ServedSlate)
    rows = ServedSlate.objects.using(alias)
    left, gone = deque(keys), 0
    while left:
        some = [left.popleft() for _ in range(min(len(left), SLATES_AT_ONCE))]
        # Read before the transaction begins: SQLite refuses the first write of one that has read
        # what somebody else has changed since.
        found = list(rows.filter(pk__in=some).order_by("pk").values_list("pk", "items"))
        began = time.monotonic()
        went, missed = again_on_deadlock(partial(_emptied, alias, found, items), alias=alias)
        gone += went
        left.extend(missed)
        give_way(connections[alias], time.monotonic() - began, times=ageing.UNHURRIED)
        beat()
    return gone


def _emptied(
    alias: str, found: Sequence[tuple[int, bytes | memoryview]], items: IntArray
) -> tuple[int, list[int]]:
    """Write slates without the items, in one transaction: how many went altogether, and which
    have changed since they were read, as an open page may have reported more of its slate."""
    gone, missed = 0, []
    with transaction.atomic(using=alias):
        for pk, packed in found:
            unchanged = ServedSlate.objects.using(alias).filter(pk=pk, items=packed)
            slots = slots_of(packed)
            kept = np.where(np.isin(slots, items), 0, slots)
            if kept.any():
                known = bits((np.flatnonzero(kept) + 1).tolist())
                went = unchanged.update(
                    items=np.trim_zeros(kept, "b").astype(ITEM).tobytes(),
                    seen=F("seen").bitand(known),
                    clicked=F("clicked").bitand(known),
                    dismissed=F("dismissed").bitand(known),
                )
            else:
                # No `delete`, which looks first where a shop listens to all deletions.
                went = unchanged._raw_delete(alias)
                gone += went
            if not went:
                missed.append(pk)
    return gone, missed


def _recalled() -> _Pass | None:
    kept = notes.recall(_NOTE)
    if not kept:
        return None
    try:
        (events, slates, parts), (seen, known, read) = kept["ways"].tolist()
    except OF_ANOTHER_SHAPE:
        # Of code before an update: the pass begins anew.
        return None
    return _Pass(items=kept["items"], at=(events, slates, parts), before=(seen, known, read))


def _keep(current: _Pass) -> None:
    ways = np.array([current.at, current.before], dtype=np.int64)
    notes.keep(_NOTE, {"items": current.items, "ways": ways})
