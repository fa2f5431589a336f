"""A rebuild as a few stages, each of which may run in another process than the one before.

Between two stages everything that matters is in the database: where the run stands on its
version, what it has worked out as an artefact. So a long rebuild hands its worker back after each
stage, a killed one goes on from the last stage that was finished, and a command that runs all of
them in one go is the same code without the storing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from persona_django import conf
from persona_django.artefacts import store as artefacts
from persona_django.catalogue.snapshot import Snapshot, build_snapshot, current_snapshot
from persona_django.exceptions import BadArtefact
from persona_django.identity.erasure import ERASURES
from persona_django.model_registry import gates, publish
from persona_django.model_registry.leases import Held
from persona_django.model_registry.live import POPULAR_SCHEMA, live_artefact
from persona_django.model_registry.models import ModelVersion
from persona_django.similarity import store as similarity_store
from persona_django.training import similarity
from persona_django.training.evidence import Evidence, Progress, family_of, gather
from persona_django.training.recipes import Recipe
from persona_django.training.similarity import Arrays

WORK_SCHEMA = 2
SLICE_ITEMS = 2_000
"""Items packed and written between two looks at the clock."""


@dataclass
class Run:
    """One rebuild of one kind, somewhere between its stages."""

    recipe: Recipe
    store: int
    held: Held
    version: ModelVersion
    say: Progress
    force: bool = False
    budget_seconds: float = float("inf")
    """How long writing may go on before the worker is handed back."""
    evidence: Evidence | None = None
    """Read before, by a command that builds several kinds."""
    arrays: Arrays = field(default_factory=dict)
    stage: str = "reading"
    position: int = 0
    figures: dict[str, Any] = field(default_factory=dict)

    def beat(self, done: int = 0, total: int = 0) -> None:
        """Show progress, and keep the lease. Raises LostLease when somebody else took over."""
        self.say(f"{self.stage} {self.recipe.kind}", done, total)
        self.held.renew()

    def hear(self, stage: str, done: int, total: int) -> None:
        """Show the progress of what reads the shop's history, and keep the lease meanwhile."""
        self.say(stage, done, total)
        self.held.renew()

    def advance(self) -> bool:
        """Do one stage, or one chunk of writing; True when the run is complete."""
        self.stage = _STAGES[self.stage](self)
        if self.stage != "publishing":
            return False
        self.beat()
        _publish(self)
        return True

    @contextmanager
    def clock(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the figures of the version."""
        started = time.perf_counter()
        yield
        seconds = self.figures.setdefault("seconds", {})
        seconds[name] = round(seconds.get(name, 0.0) + time.perf_counter() - started, 3)


def _read(run: Run) -> str:
    run.beat()
    evidence = run.evidence
    if evidence is None:
        evidence = gather(
            run.store, snapshot_of(run.store), browsing=run.recipe.browsing, progress=run.hear
        )
    # Evidence read once for several kinds counts for each: each of them needed it.
    run.figures = {
        "rows_read": evidence.rows_read,
        "seconds": {"reading": round(evidence.seconds, 3)},
        ERASURES: evidence.erasures,
        **_asked_for(),
    }
    run.held.renew()
    with run.clock("reducing"):
        run.arrays = run.recipe.reduce(evidence)
    run.figures["shoppers"] = int(run.arrays.pop("people")[0])
    return "learning" if run.recipe.relation else "writing"


def _learn(run: Run) -> str:
    with run.clock("kernel"):
        run.arrays = similarity.learn(run.arrays, run.beat)
    run.figures["backend"] = similarity.backend()
    return "writing"


def _write(run: Run) -> str:
    with run.clock("writing"):
        return _write_rows(run) if run.recipe.relation else _write_arrays(run)


def _write_arrays(run: Run) -> str:
    run.version.artefact_id = artefacts.save(
        f"{run.recipe.kind}/{run.store}",
        {name: run.arrays[name] for name in ("group_id", "score", "shoppers")},
        schema=POPULAR_SCHEMA,
        on_part=run.beat,
    )
    return "publishing"


def _write_rows(run: Run) -> str:
    neighbours, item_ids = similarity.neighbours_in(run.arrays), run.arrays["item_ids"]
    until = time.monotonic() + run.budget_seconds
    while run.position < len(item_ids):
        stop = min(run.position + SLICE_ITEMS, len(item_ids))
        similarity_store.write(
            run.version.pk,
            run.recipe.relation,
            neighbours,
            item_ids,
            start=run.position,
            stop=stop,
            on_chunk=run.held.renew,
        )
        run.position = stop
        run.beat(stop, len(item_ids))
        if time.monotonic() > until:
            return "writing"
    run.version.artefact_id = similarity_store.save_reverse_index(
        f"reverse/{run.recipe.kind}/{run.store}", neighbours, item_ids, on_part=run.beat
    )
    return "publishing"


_STAGES = {"reading": _read, "learning": _learn, "writing": _write}


def _publish(run: Run) -> None:
    """Judge the complete version, and make it live if nothing speaks against it."""
    with run.clock("publishing"):
        reasons, usable = _judge(run)
        may_go_live = run.force or not reasons
        reasons = reasons or _why_empty(run)
    publish.stage(
        run.version,
        held=run.held,
        figures=run.figures,
        artefact_id=run.version.artefact_id,
        reasons=reasons,
        usable=usable,
    )
    if usable and may_go_live:
        # Its reason may be no objection, see `_why_empty`.
        publish.publish(run.version, force=True, held=run.held)
    else:
        run.held.finish()


def _judge(run: Run) -> tuple[list[str], bool]:
    """Sentences against the version, and whether it could be used at all. Notes its figures."""
    arrays, figures = run.arrays, run.figures
    reasons: list[str] = []
    if run.recipe.relation:
        covered = arrays["item_ids"][np.diff(arrays["indptr"]) > 0]
        usable = gates.all_finite(arrays["score"], arrays["llr"])
        figures["pairs"] = len(arrays["item"])
        figures["shoppers_with_two_items"] = int(arrays["shoppers_with_two"][0])
        reasons = gates.enough_shoppers(figures["shoppers_with_two_items"])
    else:
        covered = arrays["group_id"]
        usable = gates.all_finite(arrays["score"])
    figures["items"] = len(covered)
    reasons = reasons or gates.not_empty(len(covered), crowd=_crowd_in_words(run))
    if _is_to_show_less(run):
        reasons = []
    else:
        sold = snapshot_of(run.store)
        shown = sold.group_id[family_of(sold.item_id, sold) != 0]
        reasons += gates.coverage_kept(covered, _live_items(run), shown)
    if not usable:
        reasons.insert(0, "It holds a score that is not a number, so it cannot be used.")
    return reasons, usable


def _asked_for() -> dict[str, Any]:
    """What may be learnt from, and the crowd it needs, as the shop has it now."""
    settings = conf.current()
    return {
        "from_orders": settings.learn_from_orders,
        "crowd": {"min_buyers": settings.min_buyers, "min_support": settings.min_support},
    }


def _is_to_show_less(run: Run) -> bool:
    """True when the shop asks for more people behind what it shows, or for nothing from orders.

    Then fewer items, or none, are what it asked for, and what the live version was built from
    must not stay up.
    """
    live = publish.live_version(run.recipe.kind, run.store)
    found = publish.versions(run.recipe.kind, run.store).filter(pk=live)
    before = found.values_list("figures", flat=True).first() or {}
    if before.get("from_orders") and not run.figures["from_orders"]:
        return True
    crowd = before.get("crowd", {})
    return any(least > crowd.get(name, least) for name, least in run.figures["crowd"].items())


def _why_empty(run: Run) -> list[str]:
    """What an empty version that goes live keeps as its reason. Without a word it would look as
    good as the one it replaces."""
    if run.figures["items"]:
        return []
    if run.recipe.browsing or run.figures["from_orders"]:
        return [f"Nothing reached {_crowd_in_words(run)}, so pages show their fallbacks."]
    return ["Nothing is learnt from orders (LEARN_FROM_ORDERS), so pages show their fallbacks."]


def _crowd_in_words(run: Run) -> str:
    crowd = run.figures["crowd"]
    # A pair of purchases needs the larger of the two.
    of = max("min_buyers", "min_support", key=crowd.get) if run.recipe.relation else "min_buyers"
    return run.recipe.crowd.format(support=crowd["min_support"], buyers=crowd[of], of=of.upper())


def _live_items(run: Run) -> np.ndarray:
    live = publish.live_version(run.recipe.kind, run.store)
    if not live:
        return np.empty(0, dtype=np.int64)
    if run.recipe.relation:
        return similarity_store.items_of(live)
    try:
        found = artefacts.load(live_artefact(run.recipe.kind, run.store), schema=POPULAR_SCHEMA)
    except BadArtefact:
        # Nothing can be lost that cannot be read any more.
        return np.empty(0, dtype=np.int64)
    return found["group_id"]


def snapshot_of(store: int) -> Snapshot:
    """The catalogue that families are taken from; built now when no task has built it yet."""
    snapshot = current_snapshot(store)
    if snapshot is None:
        build_snapshot(store)
        snapshot = current_snapshot(store)
    assert snapshot is not None
    return snapshot


def work_name(run: Run) -> str:
    """Name of the artefacts that hold what an unfinished run has worked out."""
    return f"{artefacts.READ_ONCE}{run.recipe.kind}/{run.store}"


def keep(run: Run) -> None:
    """Store where the run stands, so that any process can go on with it."""
    work = run.version.work
    run.held.renew(surely=True)
    if run.stage != work.get("stage"):
        work["artefact"] = artefacts.save(
            work_name(run), run.arrays, schema=WORK_SCHEMA, on_part=run.held.renew
        )
        artefacts.prune(work_name(run), keep=1)
    work.setdefault("since", int(time.time()))
    work.update(stage=run.stage, position=run.position, figures=run.figures)
    publish.fill(run.version, held=run.held, work=work, artefact_id=run.version.artefact_id)


def recall(run: Run) -> None:
    """Go on where the run was kept; from the beginning when that is too old or unreadable, or was
    read while the shop asked for something else: what it forbids since must not go live."""
    work = run.version.work
    oldest = time.time() - conf.current().rebuild_every.total_seconds()
    figures = work.get("figures", {})
    is_allowed = all(figures.get(name) == now for name, now in _asked_for().items())
    if not work or work.get("since", 0) < oldest or not is_allowed:
        run.version.work = {}
        return
    try:
        run.arrays = dict(artefacts.load(work["artefact"], schema=WORK_SCHEMA))
    except BadArtefact:
        run.version.work = {}
        return
    run.stage, run.position = work["stage"], work.get("position", 0)
    run.figures = dict(figures)


def forget_work(run: Run) -> None:
    """What shoppers did is kept in the work only as long as the run needs it."""
    artefacts.prune(work_name(run), keep=0)
