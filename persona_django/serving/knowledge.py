"""What one process knows of a store: catalogue, popularity, merchants' decisions, live versions.

Worked out once for each combination of them, shared by every request, and looked up again without
a query as long as the state has not moved.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from persona_django import counters
from persona_django.artefacts import store as artefacts
from persona_django.catalogue import tables
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.catalogue.state import read_state
from persona_django.exceptions import BadArtefact, NotReady
from persona_django.merchandising.rules import HiddenPairs, hidden_pairs
from persona_django.model_registry.live import POPULAR, POPULAR_SCHEMA, live_artefact
from persona_django.sources.families import Families
from persona_django.sources.orderings import Ordering, ordering_by_age, ordering_by_score


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A consistent view of one store, never changed once made."""

    snapshot: Snapshot
    families: Families
    newest: Ordering
    popular: Ordering | None
    popular_artefact: int
    hidden: HiddenPairs
    versions: Mapping[str, int]
    """The store's state: kind of model version to the live one."""


_kept: dict[int, Knowledge] = {}
_lock = threading.Lock()


def last_known(store: int = 1) -> Knowledge | None:
    """What the request before saw, without asking whether it is still so."""
    return _kept.get(store)


def knowledge_of(store: int = 1) -> Knowledge:
    """What is true now. Raises NotReady, saying what to run, before the catalogue was read."""
    snapshot = current_snapshot(store)
    if snapshot is None and tables.were_missing():
        raise NotReady(
            "The tables of persona_django are missing, so there is nothing to show. "
            "Run: python manage.py migrate persona"
        )
    if snapshot is None:
        raise NotReady(
            "The catalogue was not read yet, so there is nothing to show. "
            "Run: python manage.py persona_sync"
        )
    state = read_state(store)
    before = _kept.get(store)
    if before is not None and before.versions is state and before.snapshot is snapshot:
        return before
    # With something to serve from, nobody waits for the thread that works out the next.
    if not _lock.acquire(blocking=before is None):
        return cast(Knowledge, before)
    try:
        now = _kept[store] = _work_out(snapshot, state, _kept.get(store), store)
    finally:
        _lock.release()
    return now


def _work_out(
    snapshot: Snapshot, state: Mapping[str, int], before: Knowledge | None, store: int
) -> Knowledge:
    """Only what changed is worked out again: the rest is taken from what was known before."""
    if before is not None and before.snapshot is snapshot:
        families, newest = before.families, before.newest
    else:
        families = Families(snapshot)
        newest = ordering_by_age(families)
    artefact_id = live_artefact(POPULAR, store)
    if (
        before is not None
        and before.families is families
        and before.popular_artefact == artefact_id
    ):
        popular = before.popular
    else:
        popular = _popular(families, artefact_id)
    return Knowledge(
        snapshot=snapshot,
        families=families,
        newest=newest,
        popular=popular,
        popular_artefact=artefact_id,
        hidden=hidden_pairs(snapshot, revision=state.get("config", 0), store=store),
        versions=state,
    )


def _popular(families: Families, artefact_id: int) -> Ordering | None:
    if not artefact_id:
        return None
    try:
        arrays = artefacts.load(artefact_id, schema=POPULAR_SCHEMA)
        return ordering_by_score(families, arrays["group_id"], arrays["score"])
    except (BadArtefact, KeyError) as error:
        counters.failed(
            "popular_unusable",
            "What is popular cannot be read, so the newest is shown instead. It is made again by: "
            "python manage.py persona_rebuild",
            error=error,
        )
        return None


def forget() -> None:
    """Work everything out again at the next question."""
    _kept.clear()
