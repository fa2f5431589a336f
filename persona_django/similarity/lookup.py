"""The best neighbours of some items in the live version, at the price of at most one query.

The query joins the live pointers, so the rows of one answer are of one complete version, and it
brings the state along that every process has to read once a second anyway. What was read is
remembered by version, bounded in bytes, and never wrong: a version never changes.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, connections, router, transaction

from persona_django import conf
from persona_django.breaker import database_call
from persona_django.catalogue.models import State
from persona_django.catalogue.state import fresh_state, last_state, remember
from persona_django.catalogue.tables import is_missing_table, say_migrate
from persona_django.exceptions import BadArtefact, Resting
from persona_django.forking import Lock
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.packing import NO_NEIGHBOURS, NeighbourList, unpack
from persona_django.similarity.relations import RELATIONS

log = logging.getLogger("persona_django.similarity")

Found = dict[tuple[int, int], NeighbourList]
_Key = tuple[int, int, int]

_OVERHEAD_BYTES = 1_000
"""Of one remembered list beside its rows: array objects, ids widened to 64 bits, the key."""


def neighbours_of(
    item_ids: Iterable[int], *, store: int = 1, relations: Collection[int] | None = None
) -> Found:
    """(relation, item) to its neighbours, for every item that has any in the live versions.

    Empty before the first publish and before `migrate` was run. While the database is left alone,
    what is remembered of the versions that were live last.
    """
    wanted = sorted({int(item_id) for item_id in item_ids})
    numbers = tuple(RELATIONS.values()) if relations is None else tuple(relations)
    if not wanted or not numbers:
        return {}
    state = fresh_state(store)
    if state is not None:
        found, missing = _memory.find(_versions(state, numbers), wanted)
        if not missing:
            return found
        with suppress(Resting):
            found.update(_read(store, missing, numbers))
        return found
    try:
        # Asked anew for all: the pointer may have moved, and then nothing remembered counts.
        return _read(store, wanted, numbers)
    except Resting:
        return _memory.find(_versions(last_state(store) or {}, numbers), wanted)[0]


def _versions(state: Mapping[str, int], relations: Collection[int]) -> dict[int, int]:
    """Relation to the version that is live; relations without one are left out."""
    live = {number: state.get(name, 0) for name, number in RELATIONS.items()}
    return {number: live[number] for number in relations if live.get(number)}


def _read(store: int, item_ids: list[int], relations: Collection[int]) -> Found:
    alias = router.db_for_read(NeighbourRow)
    try:
        rows = _query(alias, store, item_ids, relations)
    except DatabaseError as error:
        if not is_missing_table(error):
            raise
        say_migrate()
        return {}
    state: dict[str, int] = {}
    data: dict[tuple[int, int], Any] = {}
    for name, value, relation, item_id, packed in rows:
        state[name] = value
        if item_id is not None:
            data[relation, item_id] = packed
    remember(store, state, alias=alias)
    versions = _versions(state, relations)
    return _memory.keep(versions, item_ids, data)


def _query(
    alias: str, store: int, item_ids: list[int], relations: Collection[int]
) -> list[tuple[Any, ...]]:
    connection = connections[alias]
    quote = connection.ops.quote_name
    state, row = quote(State._meta.db_table), quote(NeighbourRow._meta.db_table)
    items = ", ".join(["%s"] * len(item_ids))
    kinds = ", ".join(["%s"] * len(relations))
    # Only names of ours and placeholders are put into the text.
    sql = (
        f"SELECT s.{quote('name')}, s.{quote('value')}, s.relation, n.item_id, n.data "  # noqa: S608
        f"FROM {state} s LEFT JOIN {row} n ON n.version_id = s.{quote('value')} "
        f"AND n.relation = s.relation AND n.relation IN ({kinds}) AND n.item_id IN ({items}) "
        f"WHERE s.store = %s"
    )
    params = [*relations, *item_ids, store]
    with database_call(alias):
        return _asked(connection, sql, params)


def _asked(connection: Any, sql: str, params: list[int]) -> list[tuple[Any, ...]]:
    if _table_seen.is_set() or not connection.in_atomic_block:
        return _rows(connection, sql, params)
    # On PostgreSQL a missing table would spoil the shop's own transaction.
    with transaction.atomic(using=connection.alias):
        return _rows(connection, sql, params)


def _rows(connection: Any, sql: str, params: list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    _table_seen.set()
    return found


class _Memory:
    """Neighbour lists by version, relation and item; the longest unused go first."""

    def __init__(self) -> None:
        self._lists: OrderedDict[_Key, tuple[NeighbourList, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, versions: Mapping[int, int], item_ids: list[int]) -> tuple[Found, list[int]]:
        """What is remembered of these items, and the items that have to be read."""
        found: Found = {}
        missing: list[int] = []
        with self._lock:
            for item_id in item_ids:
                for relation, version in versions.items():
                    key = (version, relation, item_id)
                    kept = self._lists.get(key)
                    if kept is None:
                        missing.append(item_id)
                        break
                    self._lists.move_to_end(key)
                    if len(kept[0]):
                        found[relation, item_id] = kept[0]
        return found, missing

    def keep(
        self,
        versions: Mapping[int, int],
        item_ids: list[int],
        data: Mapping[tuple[int, int], Any],
    ) -> Found:
        """Remember what was read, also that an item has nothing, and return it."""
        found: Found = {}
        most = conf.current().process_cache_mb * 1_000_000
        with self._lock:
            for relation, version in versions.items():
                for item_id in item_ids:
                    packed = data.get((relation, item_id))
                    neighbours = _unpacked(packed)
                    if len(neighbours):
                        found[relation, item_id] = neighbours
                    size = _OVERHEAD_BYTES + (len(packed) if packed is not None else 0)
                    self._put((version, relation, item_id), neighbours, size)
            while self._bytes > most:
                self._bytes -= self._lists.popitem(last=False)[1][1]
        return found

    def _put(self, key: _Key, neighbours: NeighbourList, size: int) -> None:
        before = self._lists.pop(key, None)
        self._bytes += size - (before[1] if before else 0)
        self._lists[key] = (neighbours, size)

    def size(self) -> int:
        """Bytes remembered, as counted."""
        return self._bytes

    def forget(self) -> None:
        with self._lock:
            self._lists.clear()
            self._bytes = 0


def _unpacked(packed: Any) -> NeighbourList:
    if packed is None:
        return NO_NEIGHBOURS
    try:
        return unpack(bytes(packed))
    except BadArtefact as error:
        log.error("%s", error)
        return NO_NEIGHBOURS


_memory = _Memory()
_table_seen = threading.Event()


def remembered_bytes() -> int:
    """Memory that this process spends on neighbour rows, for health pages and tests."""
    return _memory.size()


def forget() -> None:
    """Read every list again at the next question."""
    _memory.forget()
    _table_seen.clear()
