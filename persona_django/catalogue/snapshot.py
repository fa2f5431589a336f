"""The snapshot that this process serves from: the newest sound one, loaded once."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from django.db import DatabaseError

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import tables
from persona_django.catalogue.building import build_snapshot, snapshot_is_stale
from persona_django.catalogue.layout import SCHEMA, Snapshot
from persona_django.catalogue.state import read_state
from persona_django.exceptions import BadArtefact, Resting
from persona_django.forking import Lock

__all__ = ["Snapshot", "build_snapshot", "current_snapshot", "forget", "snapshot_is_stale"]

log = logging.getLogger("persona_django.catalogue")

RETRY_SECONDS = 60.0
"""Pause before an artefact that could not be used is tried again."""

_lock = Lock()
_served: dict[int, tuple[int, Snapshot]] = {}
_refused: dict[int, float] = {}


def current_snapshot(store: int = 1, *, state: Mapping[str, int] | None = None) -> Snapshot | None:
    """The newest sound snapshot, mapped; None before the first one was built.

    Costs no query while the state is fresh, or when the caller brings it. A new snapshot is
    mapped by one thread while the others go on with the last one; one that is damaged is logged,
    and the last good one serves.
    """
    wanted = (read_state(store) if state is None else state).get("snapshot", 0)
    served = _served.get(store)
    if served and (served[0] == wanted or not _may_try(wanted)):
        return served[1]
    if not wanted or not _may_try(wanted):
        return None
    # With one to serve from, nobody waits for the other thread that maps the next.
    if not _lock.acquire(blocking=served is None):
        return served[1] if served else None
    try:
        return _load(store, wanted)
    finally:
        _lock.release()


def _may_try(artefact_id: int) -> bool:
    return time.monotonic() - _refused.get(artefact_id, -RETRY_SECONDS) >= RETRY_SECONDS


def _load(store: int, wanted: int) -> Snapshot | None:
    """Map one artefact under the lock, or say why not and keep the last good one."""
    served = _served.get(store)
    if served and served[0] == wanted:
        return served[1]
    try:
        snapshot = Snapshot.of(artefacts.load(wanted, schema=SCHEMA))
    except (BadArtefact, KeyError, UnicodeDecodeError) as error:
        _refuse(wanted, f"{error}")
        return served[1] if served else None
    except Resting:
        if served is None:
            raise
        return served[1]
    except DatabaseError as error:
        if not tables.is_missing_table(error):
            raise
        tables.say_migrate()
        return served[1] if served else None
    _served[store] = (wanted, snapshot)
    _refused.clear()
    return snapshot


def _refuse(artefact_id: int, reason: str) -> None:
    _refused[artefact_id] = time.monotonic()
    log.error(
        "Snapshot %s cannot be used: %s The last good one serves on. "
        "Make a new one: python manage.py persona_sync",
        artefact_id,
        reason,
    )


def forget() -> None:
    """Map again at the next question; for tests and after a fork."""
    _served.clear()
    _refused.clear()
