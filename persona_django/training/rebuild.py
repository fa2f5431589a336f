"""Rebuilding: in one go for a person, stage by stage for a worker with other things to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from persona_django import conf
from persona_django.catalogue.state import read_state
from persona_django.identity.erasure import ERASURES
from persona_django.model_registry import gates, publish
from persona_django.model_registry.leases import Held, hold, unhurried
from persona_django.model_registry.models import ModelVersion
from persona_django.numeric.threads import up_to
from persona_django.training import stages, unfinished
from persona_django.training.cleaning import clean
from persona_django.training.evidence import Evidence, Progress, gather
from persona_django.training.recipes import KINDS, RECIPES
from persona_django.training.visitor_jobs import count_weeks

UNTIL_FIRST = timedelta(hours=1)
"""A kind that has no live version yet is tried this often: a new shop is ready when it is."""
UNTIL_WITHOUT = timedelta(days=1)
"""Whoever was erased is in no list any more after this long and the time of a rebuild."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one rebuild."""

    kind: str
    version_id: int = 0
    live: bool = False
    reason: str = ""
    """Why it is not live, or live and empty, in words."""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """True when nothing had enough people behind it, so that pages show their fallbacks."""
        return not gates.says_anything(self.figures)


def rebuild_all(
    store: int = 1,
    *,
    kinds: Sequence[str] = KINDS,
    force: bool = False,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Learn the given kinds now, reading the log once for all of them. For people and the demo."""
    evidence = None
    if any(RECIPES[kind].by_day for kind in kinds):
        # What was imported a moment ago is to be learnt from now.
        count_weeks(store)
    if len(kinds) > 1:
        with unhurried(), up_to(conf.current().learning_threads):
            evidence = gather(store, stages.snapshot_of(store), progress=progress)
    outcomes = [
        rebuild(kind, store=store, force=force, evidence=evidence, progress=progress)
        for kind in kinds
    ]
    with unhurried():
        clean(store)
    return outcomes


def rebuild(
    kind: str,
    *,
    store: int = 1,
    force: bool = False,
    evidence: Evidence | None = None,
    progress: Progress | None = None,
    every: timedelta | None = None,
) -> Outcome:
    """Learn one kind in one go. With `every` only when that is due, as a schedule would."""
    with hold(publish.job_of(kind, store), every=every, by_person=every is None) as held:
        if held is None:
            return Outcome(kind=kind, reason=_why_not(every))
        run = _begin(held, kind, store, progress)
        run.force, run.evidence = force, evidence
        # What another worker left half done is cheaper to repeat than to explain.
        run.version.work = {}
        while not run.advance():
            pass
        unfinished.forget_work(run)
    return _outcome(run.version)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step of a rebuild came to."""

    done: bool
    """False when it was not ours to do: not due, or in other hands."""
    fence: int | None = None
    """With this the next step goes on; None when the rebuild is complete."""


def step(kind: str, *, store: int = 1, fence: int | None = None) -> Step:
    """Do one stage of a rebuild that is due, or of the one handed over with `fence`."""
    every = None if fence is not None else due_every(kind, store)
    with hold(publish.job_of(kind, store), every=every, fence=fence) as held:
        if held is None:
            return Step(done=False)
        run = _begin(held, kind, store, None, handed_over=fence is not None)
        run.budget_seconds = conf.current().chunk_for.total_seconds()
        unfinished.recall(run)
        if run.advance():
            unfinished.forget_work(run)
            return Step(done=True)
        unfinished.keep(run)
        return Step(done=True, fence=held.hand_over())


def due_every(kind: str, store: int = 1) -> timedelta:
    """Time between rebuilds of a kind: shorter until its first version is live, and a day at most
    where somebody was erased since the live one was learnt."""
    usual = min(conf.current().rebuild_every, RECIPES[kind].every or timedelta.max)
    live = publish.versions(kind, store).filter(pk=publish.live_version(kind, store)).first()
    if live is None:
        return min(usual, UNTIL_FIRST)
    erased_since = publish.erasures_before(live) < read_state(first_hand=True).get(ERASURES, 0)
    return min(usual, UNTIL_WITHOUT) if erased_since else usual


def _begin(
    held: Held, kind: str, store: int, progress: Progress | None, *, handed_over: bool = False
) -> stages.Run:
    recipe = RECIPES[kind]
    version = publish.building(held, kind, store=store) if handed_over else None
    if version is None:
        version = publish.begin(held, kind, store=store, relation=recipe.relation)
    return stages.Run(
        recipe=recipe, store=store, held=held, version=version, say=progress or _silent
    )


def _outcome(version: ModelVersion) -> Outcome:
    return Outcome(
        kind=version.kind,
        version_id=version.pk,
        live=version.status == ModelVersion.Status.LIVE,
        reason=version.reason,
        figures=version.figures,
    )


def _why_not(every: timedelta | None) -> str:
    if every is not None:
        return "It is not due yet, or another worker is at it."
    return "Another worker is building it right now; wait for it, or for its lease to run out."


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
