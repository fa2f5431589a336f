"""The numbers that every process follows: revisions, and which version of what is live.

A process reads all of a store's in one query and keeps them for `state_max_age`, so that a page
costs no query for it and a publish is seen everywhere within that time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import MappingProxyType

from django.db import DatabaseError, IntegrityError, connections, router, transaction
from django.db.models import F
from django.utils import timezone

from persona_django import conf
from persona_django.breaker import database_call
from persona_django.catalogue import tables
from persona_django.catalogue.models import State
from persona_django.exceptions import Resting

NOTHING: Mapping[str, int] = MappingProxyType({})

_kept: dict[tuple[int, str], tuple[float, Mapping[str, int]]] = {}
"""When and what was read last, by store and by the database that said so: a replica may lag."""
_table_seen = threading.Event()


def read_state(
    store: int = 1, *, fresh: bool = False, first_hand: bool = False
) -> Mapping[str, int]:
    """Name to number of everything this store follows; empty before `migrate` was run.

    Pages read it where they read all else. `first_hand` asks where it is written, because a
    replica that lags does not know yet; so does `fresh`, which asks whatever was read before.
    While the database is left alone, what was read last counts on; Resting where nothing was.
    """
    alias = router.db_for_write(State) if fresh or first_hand else router.db_for_read(State)
    kept = None if fresh else fresh_state(store, alias=alias)
    if kept is not None:
        return kept
    try:
        found = _query(store, alias)
    except Resting:
        last = None if fresh else last_state(store, alias=alias)
        if last is None:
            raise
        return last
    except DatabaseError as error:
        if not tables.is_missing_table(error):
            raise
        tables.say_migrate()
        found = {}
    return remember(store, found, alias=alias)


def fresh_state(store: int = 1, *, alias: str | None = None) -> Mapping[str, int] | None:
    """What this process read less than `state_max_age` ago, without a query; None if older."""
    kept = _kept.get((store, alias or router.db_for_read(State)))
    max_age = conf.current().state_max_age.total_seconds()
    return kept[1] if kept and time.monotonic() - kept[0] < max_age else None


def last_state(store: int = 1, *, alias: str | None = None) -> Mapping[str, int] | None:
    """What this process read last, however long ago; None before the first time."""
    kept = _kept.get((store, alias or router.db_for_read(State)))
    return kept[1] if kept else None


def _query(store: int, alias: str) -> dict[str, int]:
    rows = State.objects.using(alias).filter(store=store).values_list("name", "value")
    with database_call(alias):
        if _table_seen.is_set() or not connections[alias].in_atomic_block:
            found = dict(rows)
        else:
            # On PostgreSQL a missing table would spoil the shop's own transaction.
            with transaction.atomic(using=alias):
                found = dict(rows)
    if not _table_seen.is_set():
        # Whoever was told to migrate has done so.
        tables.forget()
        _table_seen.set()
    return found


def stores() -> list[int]:
    """Every store that follows anything, which begins with its first sync; the first one always.
    For jobs: whatever is done for one of them is done for all."""
    rows = State.objects.using(router.db_for_write(State)).order_by()
    try:
        found = set(rows.values_list("store", flat=True).distinct())
    except DatabaseError as error:
        if not tables.is_missing_table(error):
            raise
        found = set()
    return sorted({1, *found})


def remember(
    store: int, mapping: Mapping[str, int], *, alias: str | None = None
) -> Mapping[str, int]:
    """Keep what a combined query has read anyway, as if `read_state` had read it now."""
    kept = MappingProxyType(dict(mapping))
    _kept[store, alias or router.db_for_read(State)] = (time.monotonic(), kept)
    return kept


def forget() -> None:
    """Read everything again at the next question."""
    _kept.clear()
    _table_seen.clear()
    tables.forget()


def bump(name: str, store: int = 1) -> int:
    """Raise a revision by one and return it. Two at the same moment give two numbers."""
    alias = router.db_for_write(State)
    rows = State.objects.using(alias).filter(store=store, name=name)
    with transaction.atomic(using=alias):
        if not rows.update(value=F("value") + 1, changed_at=timezone.now()):
            _create(alias, store, name)
            rows.update(value=F("value") + 1, changed_at=timezone.now())
        value = rows.values_list("value", flat=True).get()
    _ask_again(store)
    return value


def point(name: str, value: int, *, fence: int, store: int = 1, relation: int = 0) -> bool:
    """Point a name at `value`, unless a job with a higher fence already did; then False.

    One conditional UPDATE decides, so that of two jobs publishing at once the older one loses
    wherever it was stopped.
    """
    alias = router.db_for_write(State)
    rows = State.objects.using(alias).filter(store=store, name=name, fence__lte=fence)
    change = {
        "value": value,
        "fence": fence,
        "relation": relation,
        "changed_at": timezone.now(),
    }
    done = rows.update(**change)
    if not done:
        if not State.objects.using(alias).filter(store=store, name=name).exists():
            _create(alias, store, name)
        # Also where it exists: another job may have made it since, with a lower fence.
        done = rows.update(**change)
    _ask_again(store)
    return bool(done)


def _ask_again(store: int) -> None:
    for key in [key for key in _kept if key[0] == store]:
        _kept.pop(key, None)


def _create(alias: str, store: int, name: str) -> None:
    """Make the row at zero; losing the race to make it is as good as making it."""
    try:
        with transaction.atomic(using=alias):
            State.objects.using(alias).create(store=store, name=name)
    except IntegrityError:
        if not State.objects.using(alias).filter(store=store, name=name).exists():
            raise
