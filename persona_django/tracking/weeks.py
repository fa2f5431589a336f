"""Evidence of weeks as rows: written a generation at a time, read whole, and rid of people and
items where they have to go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import numpy as np
from django.db import connections, router, transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from persona_django.artefacts.packing import pack, unpack
from persona_django.columns import ageing
from persona_django.columns.write import give_way, write_rows
from persona_django.exceptions import BadArtefact
from persona_django.numeric.week_counts import WeekCounts, joined, no_counts
from persona_django.tracking.models import WeekEvidence

log = logging.getLogger("persona_django.tracking")

Beat = Callable[[], None]
IntArray = NDArray[np.int64]

PART_ROWS = 40_000
"""Counts of one part, about a megabyte: an SQLite file is held for milliseconds by it."""


def newest(store: int, week: int) -> int:
    """The highest generation of a week, whole or not; 0 before the first."""
    rows = _rows(router.db_for_write(WeekEvidence), store).filter(week=week)
    found = rows.order_by("-generation").values_list("generation", flat=True).first()
    return found or 0


def write(store: int, week: int, counts: WeekCounts, *, generation: int, beat: Beat) -> None:
    """Let the evidence of a week be this and no other.

    The parts are written one by one under a new generation, then the old ones go. A write that
    dies half way leaves what no reader takes, and the next one removes it. Of two that write the
    same generation, the database refuses the second.
    """
    alias = router.db_for_write(WeekEvidence)
    starts = range(0, len(counts), PART_ROWS)
    for number, start in enumerate(starts):
        part = counts.take(slice(start, start + PART_ROWS))
        columns: dict[str, list[Any]] = {
            "store": [store],
            "week": [week],
            "generation": [generation],
            "part": [number],
            "parts": [len(starts)],
            **{name: [key] for name, key in _span(part).items()},
            "data": [packed(part)],
        }
        write_rows(alias, WeekEvidence, columns, on_chunk=beat)
    _delete(_rows(alias, store).filter(week=week, generation__lt=generation), beat)


def delete_all(store: int, *, beat: Beat) -> None:
    """Delete all that is kept of a store."""
    _delete(_rows(router.db_for_write(WeekEvidence), store), beat)


def counted_weeks(store: int) -> set[int]:
    """Weeks of which anything is kept."""
    rows = _rows(router.db_for_write(WeekEvidence), store).order_by()
    return set(rows.values_list("week", flat=True).distinct())


def read(
    store: int, *, before: int | None = None, threads: int = 1
) -> Iterator[tuple[int, WeekCounts]]:
    """The evidence of all weeks, or of those before one, part by part; without a part that is
    damaged, which the log says.

    With several threads, what was read is unpacked by them while the next week is read.
    """
    alias = router.db_for_read(WeekEvidence)
    rows = _rows(alias, store)
    if before is not None:
        rows = rows.filter(week__lt=before)
    found = list(rows.order_by("week").values_list("week", flat=True).distinct())
    if threads < 2:
        for week in found:
            for data in _parts(alias, store, week):
                counts = _readable(data, store, week)
                if counts is not None:
                    yield week, counts
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="persona-weeks")
    try:
        before_it: list[_Unpacking] = []
        for week in found:
            parts = _parts(alias, store, week)
            unpacking = [(week, pool.submit(_readable, data, store, week)) for data in parts]
            yield from _unpacked(before_it)
            before_it = unpacking
        yield from _unpacked(before_it)
    finally:
        # Whoever wants no more of it does not wait for what is left.
        pool.shutdown(wait=True, cancel_futures=True)


_Unpacking = tuple[int, "Future[WeekCounts | None]"]


def _unpacked(parts: list[_Unpacking]) -> Iterator[tuple[int, WeekCounts]]:
    for week, part in parts:
        counts = part.result()
        if counts is not None:
            yield week, counts


def as_written(store: int, week: int) -> WeekCounts | None:
    """The evidence of one week where it is written; None where a part of it is damaged."""
    parts = _parts(router.db_for_write(WeekEvidence), store, week)
    found = [_readable(data, store, week) for data in parts]
    sound = [counts for counts in found if counts is not None]
    return joined(sound) if len(sound) == len(found) else None


def _parts(alias: str, store: int, week: int) -> list[bytes | memoryview]:
    """The parts of the newest generation of which all are there."""
    rows = _rows(alias, store).filter(week=week)
    # With one statement, so that all are seen as they are at one moment.
    found = rows.order_by("-generation", "part").values_list("generation", "parts", "data")
    generations: dict[int, list[bytes | memoryview]] = {}
    whole: dict[int, int] = {}
    for generation, parts, data in found:
        generations.setdefault(generation, []).append(data)
        whole[generation] = parts
    for generation, some in generations.items():
        if len(some) == whole[generation]:
            return some
    return []


def of_shoppers(keys: Collection[int]) -> Iterator[tuple[int, WeekCounts]]:
    """All that is kept of some shoppers, in all stores: weeks, and their counts in each."""
    alias, wanted = router.db_for_write(WeekEvidence), _ascending(keys)
    told: set[tuple[int, int]] = set()
    for pk in _parts_with(alias, wanted):
        # What a write that died left beside it is the same week once more.
        told.update(_part(alias, pk).values_list("store", "week"))
    for store, week in sorted(told):
        for data in _parts(alias, store, week):
            counts = _readable(data, store, week)
            if counts is not None and np.isin(wanted, counts.shopper).any():
                yield week, counts.take(np.isin(counts.shopper, wanted))


def take_out(keys: Collection[int], *, beat: Beat | None = None) -> int:
    """Take these shoppers out of all stores' weeks; how many counts of theirs there were."""
    alias, wanted = router.db_for_write(WeekEvidence), _ascending(keys)
    gone = 0
    for pk in _parts_with(alias, wanted):
        gone += _without(alias, pk, lambda counts: np.isin(counts.shopper, wanted))
        if beat is not None:
            beat()
    return gone


def take_out_items(items: IntArray, *, above: int, to: int, beat: Beat) -> int:
    """Take these items out of the parts whose keys lie above one and up to another; how many
    counts of them there were."""
    alias = router.db_for_write(WeekEvidence)
    rows = WeekEvidence.objects.using(alias).filter(pk__gt=above, pk__lte=to).order_by("pk")
    gone = 0
    for pk in list(rows.values_list("pk", flat=True)):
        gone += _without(alias, pk, lambda counts: np.isin(counts.item, items))
        beat()
    return gone


def packed(counts: WeekCounts) -> bytes:
    """Counts as bytes, checked when they are read."""
    arrays = {field.name: getattr(counts, field.name) for field in fields(WeekCounts)}
    if counts.item.max(initial=0) <= _NARROW:
        arrays["item"] = counts.item.astype(np.int32)
    return pack(arrays)


def unpacked(data: bytes | memoryview) -> WeekCounts:
    """The counts back; raises BadArtefact where they are damaged."""
    arrays = unpack(data)
    try:
        # What stays of a part is not to keep all of it in memory.
        arrays["shopper"] = arrays["shopper"].copy()
        arrays["item"] = arrays["item"].astype(np.int64)
        return WeekCounts(**arrays)
    except (KeyError, TypeError) as error:
        raise BadArtefact(f"The stored arrays are no evidence of a week: {error}") from error


_NARROW = 2**31 - 1
"""Item ids up to this are kept in four bytes."""


def _readable(data: bytes | memoryview, store: int, week: int) -> WeekCounts | None:
    try:
        return unpacked(data)
    except BadArtefact as error:
        log.error(
            "Part of the evidence of week %d (store %d) is damaged and teaches nothing: %s If you "
            "have a backup, restore the table persona_weekevidence.",
            week,
            store,
            error,
        )
        return None


def _without(alias: str, pk: int, leaves: Callable[[WeekCounts], NDArray[np.bool_]]) -> int:
    """Write one part without what leaves, and return how many counts that was. One that is damaged
    is emptied: nobody can tell who is in it."""
    connection = connections[alias]
    while True:
        # Read before the transaction begins: SQLite refuses the first write of one that has read
        # what somebody else has changed since.
        found = _part(alias, pk).values_list("store", "week", "data").first()
        if found is None:
            return 0
        store, week, data = found
        counts = _readable(data, store, week)
        going = np.zeros(0, dtype=bool) if counts is None else leaves(counts)
        if counts is not None and not going.any():
            return 0
        kept = no_counts() if counts is None else counts.take(~going)
        fresh, span = packed(kept), _span(kept)
        began = time.monotonic()
        with transaction.atomic(using=alias):
            # Only where nobody else has changed it meanwhile: then it is looked at again.
            written = _part(alias, pk).filter(data=bytes(data)).update(data=fresh, **span)
        give_way(connection, time.monotonic() - began, times=ageing.UNHURRIED)
        if written:
            return int(np.count_nonzero(going))


def _delete(rows: QuerySet[WeekEvidence], beat: Beat) -> None:
    """Delete parts one by one: the pages of a megabyte are given back while a file is held."""
    connection = connections[rows.db]
    for pk in sorted(rows.values_list("pk", flat=True)):
        began = time.monotonic()
        ageing.delete_listed(rows.db, WeekEvidence, [pk], on_chunk=beat)
        give_way(connection, time.monotonic() - began, times=ageing.UNHURRIED)


def _parts_with(alias: str, keys: IntArray) -> list[int]:
    """Keys of the parts that may hold one of some shoppers."""
    if not len(keys):
        return []
    rows = WeekEvidence.objects.using(alias).filter(low__lte=int(keys[-1]), high__gte=int(keys[0]))
    found = list(rows.order_by("low").values_list("pk", "low", "high"))
    low = np.searchsorted(keys, np.array([low for _, low, _ in found], dtype=np.int64))
    high = np.searchsorted(keys, np.array([high for *_, high in found], dtype=np.int64), "right")
    return sorted(pk for (pk, *_), there in zip(found, low < high, strict=True) if there)


def _span(counts: WeekCounts) -> dict[str, int]:
    """Between which shoppers a part lies. An empty one stays, so that the others are whole, and
    lies between none."""
    if not len(counts):
        return {"low": 0, "high": -1}
    return {"low": int(counts.shopper[0]), "high": int(counts.shopper[-1])}


def _rows(alias: str, store: int) -> QuerySet[WeekEvidence]:
    return WeekEvidence.objects.using(alias).filter(store=store)


def _part(alias: str, pk: int) -> QuerySet[WeekEvidence]:
    return WeekEvidence.objects.using(alias).filter(pk=pk)


def _ascending(keys: Collection[int]) -> IntArray:
    return np.array(sorted(keys), dtype=np.int64)
