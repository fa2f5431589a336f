"""What one process knows of a store: catalogue, popularity, merchants' decisions, live versions.

Shared by every request, and looked up again without a query as long as the state has not moved.
When it has, each page takes in one thing that is new, so that none costs more than two queries.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from numpy.typing import NDArray

from persona_django import counters
from persona_django.artefacts import store as artefacts
from persona_django.catalogue import tables
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.catalogue.state import read_state
from persona_django.exceptions import BadArtefact, NotReady, Resting
from persona_django.forking import Lock
from persona_django.merchandising.rules import HiddenPairs, hidden_pairs
from persona_django.model_registry.live import POPULAR, POPULAR_SCHEMA, artefact_of
from persona_django.sources.families import Families
from persona_django.sources.orderings import Ordering, ordering_by_age, ordering_by_score

Arrays = Mapping[str, NDArray[Any]]

RETRY_SECONDS = 60.0
"""Pause before figures that could not be read are tried again."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A consistent view of one store, never changed once made."""

    snapshot: Snapshot
    families: Families
    newest: Ordering
    popular: Ordering | None
    hidden: HiddenPairs
    versions: Mapping[str, int]
    """The store's state: kind of model version to the live one."""
    decided: int
    """Revision of the merchants' decisions that `hidden` follows."""
    popular_version: int = 0
    """The live version of what is popular."""
    popular_artefact: int = 0
    """Where the figures of that version are."""
    popular_read: int = 0
    """Whose figures `scores` are."""
    popular_refused: tuple[int, float] | None = None
    """The version whose figures could not be read last, and when, by the clock of this process."""
    scores: Arrays | None = None
    """What is popular, before it is put into the order of this catalogue."""
    is_behind: bool = False
    """Whether more may be new than was taken in yet."""


_kept: dict[int, Knowledge] = {}
_lock = Lock()


def last_known(store: int = 1) -> Knowledge | None:
    """What the request before saw, without asking whether it is still so."""
    return _kept.get(store)


def knowledge_of(store: int = 1) -> Knowledge:
    """What is true now, or was a few pages ago: a page takes in one thing that is new.

    While the database is left alone, what was known before counts on; Resting where nothing was.
    Raises NotReady, saying what to run, before the catalogue was read.
    """
    state = read_state(store)
    before = _kept.get(store)
    if before is not None and before.versions is state and not before.is_behind:
        return before
    # With something to serve from, nobody waits for the thread that works out the next.
    if not _lock.acquire(blocking=before is None):
        return cast(Knowledge, before)
    try:
        now = _kept.get(store) or _begin(state, store)
        if now.is_behind or now.versions is not state:
            with suppress(Resting):
                now = _catch_up(now, state, store)
        _kept[store] = now
    finally:
        _lock.release()
    return now


def _begin(state: Mapping[str, int], store: int) -> Knowledge:
    """Everything at once, for the first page of a process."""
    snapshot = current_snapshot(store, state=state)
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
    families = Families(snapshot)
    decided = state.get("config", 0)
    now = Knowledge(
        snapshot=snapshot,
        families=families,
        newest=ordering_by_age(families),
        popular=None,
        hidden=hidden_pairs(snapshot, revision=decided, store=store),
        versions=state,
        decided=decided,
        is_behind=True,
    )
    with suppress(Resting):
        while now.is_behind:
            now = _catch_up(now, state, store)
    return now


def _catch_up(before: Knowledge, state: Mapping[str, int], store: int) -> Knowledge:
    """One step nearer to the state: the first thing that is new, and the rest with later pages.

    Each step is one query, some of megabytes, and no shopper is to wait for more than one.
    """
    now = replace(before, versions=state, is_behind=True)
    decided = state.get("config", 0)
    if decided != before.decided:
        # Before all else: what a merchant hid is not shown once more.
        hidden = hidden_pairs(before.snapshot, revision=decided, store=store)
        return replace(now, hidden=hidden, decided=decided)
    snapshot = current_snapshot(store, state=state)
    if snapshot is not None and snapshot is not before.snapshot:
        return _in_another_catalogue(now, snapshot, store)
    version = state.get(POPULAR, 0)
    if version == before.popular_version and before.popular_artefact == before.popular_read:
        return replace(now, is_behind=False)
    if not _may_try(before, version):
        return replace(now, is_behind=False)
    return _nearer_to_popular(now, version)


def _may_try(known: Knowledge, version: int) -> bool:
    refused, at = known.popular_refused or (None, 0.0)
    return version != refused or time.monotonic() - at >= RETRY_SECONDS


def _nearer_to_popular(before: Knowledge, version: int) -> Knowledge:
    """Find the figures of the live version, or read them; the last good ones serve until then.

    Where a replica lags, a version or the parts of its figures may come later than the state.
    """
    try:
        if version != before.popular_version:
            return replace(before, popular_version=version, popular_artefact=_artefact_of(version))
        scores = _scores(before.popular_artefact)
    except (BadArtefact, KeyError) as error:
        counters.failed(
            "popular_unusable",
            "What is popular cannot be read, so what was read last is shown instead, or the "
            "newest. It is tried again in a minute, and made again by: "
            "python manage.py persona_rebuild",
            error=error,
        )
        # Nothing comes after this step, and the next state asks again.
        return replace(before, popular_refused=(version, time.monotonic()), is_behind=False)
    return replace(
        before,
        scores=scores,
        popular=_popular(before.families, scores),
        popular_read=before.popular_artefact,
    )


def _in_another_catalogue(before: Knowledge, snapshot: Snapshot, store: int) -> Knowledge:
    """The same knowledge, of the families of another snapshot. Asks nothing."""
    families = Families(snapshot)
    return replace(
        before,
        snapshot=snapshot,
        families=families,
        newest=ordering_by_age(families),
        popular=_popular(families, before.scores),
        hidden=hidden_pairs(snapshot, revision=before.decided, store=store),
    )


def _popular(families: Families, scores: Arrays | None) -> Ordering | None:
    if scores is None:
        return None
    return ordering_by_score(families, scores["group_id"], scores["score"])


def _artefact_of(version: int) -> int:
    found = artefact_of(version)
    if version and not found:
        raise BadArtefact(f"Version {version} has no figures, or none that arrived here yet.")
    return found


def _scores(artefact_id: int) -> Arrays | None:
    if not artefact_id:
        return None
    arrays = artefacts.load(artefact_id, schema=POPULAR_SCHEMA)
    return {name: arrays[name] for name in ("group_id", "score")}


def forget() -> None:
    """Work everything out again at the next question."""
    _kept.clear()
