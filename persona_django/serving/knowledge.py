"""What one process knows of a store: catalogue, popularity, merchants' decisions, live versions.

Shared by every request, and looked up again without a query as long as the state has not moved.
When it has, each page takes in one thing that is new, so that none costs more than two queries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from numpy.typing import NDArray

from persona_django import conf, counters
from persona_django.artefacts import store as artefacts
from persona_django.catalogue import tables
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.catalogue.state import read_state
from persona_django.exceptions import BadArtefact, NotReady, Resting
from persona_django.forking import Lock
from persona_django.merchandising.rules import HiddenPairs, hidden_pairs
from persona_django.model_registry.live import (
    POPULAR,
    POPULAR_SCHEMA,
    SEARCH_FINDS,
    SEARCHES_SCHEMA,
    TRENDING,
    TRENDING_SCHEMA,
    VISIT_NEXT,
    VISITS_SCHEMA,
    artefact_of,
)
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.ranking.visits import known_visits
from persona_django.sources.families import Families
from persona_django.sources.orderings import Ordering, ordering_by_age, ordering_by_score
from persona_django.sources.searches import KnownSearches
from persona_django.sources.situations import Popularity
from persona_django.sources.visits import KnownVisits

Arrays = Mapping[str, NDArray[Any]]

LASTS_SECONDS = DAY_SECONDS
"""What was sought after longer ago is not sought after now."""
RETRY_SECONDS = 60.0
"""Pause before figures that could not be read are tried again."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one kind of version knows, and how far this process has come in reading it."""

    version: int = 0
    """The live version."""
    artefact: int = 0
    """Where the figures of that version are."""
    read: int = 0
    """Whose figures `arrays` are."""
    refused: tuple[int, float] | None = None
    """The version whose figures could not be read last, and when, by the clock of this process."""
    arrays: Arrays | None = None
    """As they were stored, before they are put into the order of this catalogue."""

    def is_read(self, version: int) -> bool:
        """Whether these are the figures of that version."""
        return version == self.version and self.artefact == self.read

    def may_try(self, version: int) -> bool:
        """Whether it was not tried a moment ago."""
        refused, at = self.refused or (None, 0.0)
        return version != refused or time.monotonic() - at >= RETRY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A consistent view of one store, never changed once made."""

    snapshot: Snapshot
    families: Families
    newest: Ordering
    popular: Popularity | None
    trending: Ordering | None
    trending_at: int
    """When that was learnt, in seconds since 1970 UTC; 0: never."""
    hidden: HiddenPairs
    versions: Mapping[str, int]
    """The store's state: kind of model version to the live one."""
    decided: int
    """Revision of the merchants' decisions that `hidden` follows."""
    figures: Mapping[str, Figures]
    """What was learnt that is not read row by row, by kind."""
    visits: KnownVisits | None = None
    """Earlier visits, to be compared with the present one."""
    searches: KnownSearches | None = None
    """What was found useful after searches."""
    is_behind: bool = False
    """Whether more may be new than was taken in yet."""

    def trending_now(self) -> Ordering | None:
        """What is sought after; nothing once that was learnt too long ago to be true."""
        is_old = time.time() - self.trending_at > LASTS_SECONDS
        return None if is_old else self.trending


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
        trending=None,
        trending_at=0,
        hidden=hidden_pairs(snapshot, revision=decided, store=store),
        versions=state,
        decided=decided,
        figures=dict.fromkeys(_HELD, Figures()),
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
    for kind, figures in before.figures.items():
        version = state.get(kind, 0)
        if not figures.is_read(version) and figures.may_try(version):
            return _nearer_to(now, kind, version)
    return replace(now, is_behind=False)


def _nearer_to(before: Knowledge, kind: str, version: int) -> Knowledge:
    """Find the figures of the live version, or read them; the last good ones serve until then.

    Where a replica lags, a version or the parts of its figures may come later than the state.
    """
    now, held = before.figures[kind], _HELD[kind]
    try:
        if version != now.version:
            now = replace(now, version=version, artefact=_artefact_of(version))
            return replace(before, figures={**before.figures, kind: now})
        arrays = _arrays(now.artefact, schema=held.schema)
        known = held.known(before.families, arrays)
    except (BadArtefact, *artefacts.OF_ANOTHER_SHAPE) as error:
        counters.failed(held.counter, f"{held.advice} {_AGAIN}", error=error)
        now = replace(now, refused=(version, time.monotonic()))
        # The next state asks again, and for what comes after this.
        return replace(before, figures={**before.figures, kind: now}, is_behind=False)
    now = replace(now, arrays=arrays, read=now.artefact)
    return replace(before, figures={**before.figures, kind: now}, **known)


def _in_another_catalogue(before: Knowledge, snapshot: Snapshot, store: int) -> Knowledge:
    """The same knowledge, of the families of another snapshot. Asks nothing."""
    families = Families(snapshot)
    return replace(
        before,
        snapshot=snapshot,
        families=families,
        newest=ordering_by_age(families),
        **_popular(families, before.figures[POPULAR].arrays),
        **_trending(families, before.figures[TRENDING].arrays),
        hidden=hidden_pairs(snapshot, revision=before.decided, store=store),
    )


def _popular(families: Families, arrays: Arrays | None) -> dict[str, Any]:
    return {"popular": None if arrays is None else Popularity(families, arrays)}


def _trending(families: Families, arrays: Arrays | None) -> dict[str, Any]:
    if arrays is None:
        return {"trending": None, "trending_at": 0}
    found = ordering_by_score(families, arrays["group_id"], arrays["score"])
    return {"trending": found, "trending_at": int(arrays["made_at"][0])}


def _visits(families: Families, arrays: Arrays | None) -> dict[str, Any]:
    if arrays is None:
        return {"visits": None}
    return {"visits": known_visits(arrays, min_support=conf.current().min_support)}


def _searches(families: Families, arrays: Arrays | None) -> dict[str, Any]:
    return {"searches": None if arrays is None else KnownSearches(arrays)}


@dataclass(frozen=True, kw_only=True)
class _Held:
    """How the figures of one kind are read, put to use, and missed."""

    schema: int
    known: Callable[[Families, Arrays | None], dict[str, Any]]
    """The attributes of `Knowledge` that come of them."""
    counter: str
    advice: str


_HELD = {
    POPULAR: _Held(
        schema=POPULAR_SCHEMA,
        known=_popular,
        counter="popular_unusable",
        advice="What is popular cannot be read, so what was read last is shown instead, or the "
        "newest.",
    ),
    TRENDING: _Held(
        schema=TRENDING_SCHEMA,
        known=_trending,
        counter="trending_unusable",
        advice="What is sought after cannot be read, so what was read last is shown instead.",
    ),
    VISIT_NEXT: _Held(
        schema=VISITS_SCHEMA,
        known=_visits,
        counter="visits_unusable",
        advice="Earlier visits cannot be read, so those read last are asked instead, or none.",
    ),
    SEARCH_FINDS: _Held(
        schema=SEARCHES_SCHEMA,
        known=_searches,
        counter="searches_unusable",
        advice="What was found after searches cannot be read, so what was read last is told "
        "instead, or nothing.",
    ),
}
"""Kinds whose figures every process holds."""
_AGAIN = "It is tried again in a minute, and made again by: python manage.py persona_rebuild"


def _artefact_of(version: int) -> int:
    found = artefact_of(version)
    if version and not found:
        raise BadArtefact(f"Version {version} has no figures, or none that arrived here yet.")
    return found


def _arrays(artefact_id: int, *, schema: int) -> Arrays | None:
    return artefacts.load(artefact_id, schema=schema) if artefact_id else None


def forget() -> None:
    """Work everything out again at the next question."""
    _kept.clear()
