"""A rebuild as a few stages, each of which may run in another process than the one before.

Between two stages everything that matters is in the database: where the run stands on its
version, what it has worked out as an artefact. So a long rebuild hands its worker back after each
stage, a killed one goes on from the last stage that was finished, and a command that runs all of
them in one go is the same code without the storing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from persona_django import conf
from persona_django.artefacts import store as artefacts
from persona_django.catalogue.snapshot import Snapshot, build_snapshot, current_snapshot
from persona_django.identity.erasure import ERASURES
from persona_django.model_registry import gates, publish
from persona_django.model_registry.leases import Held
from persona_django.model_registry.live import HOLD_VISITS, SEARCH_FINDS
from persona_django.model_registry.models import ModelVersion
from persona_django.model_registry.retention import oldest_visits
from persona_django.numeric.threads import up_to
from persona_django.similarity import store as similarity_store
from persona_django.similarity.relations import SUGGESTIBLE
from persona_django.tracking.folding import folded
from persona_django.training import similarity, suggested
from persona_django.training.evidence import Evidence, Progress, family_of, gather
from persona_django.training.judging import against_lists, live_items
from persona_django.training.recipes import Recipe
from persona_django.training.similarity import Arrays

USUAL_CROWDS = frozenset({"min_buyers", "min_support"})
"""Settings of a crowd that are noted of every version."""
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
        with up_to(conf.current().learning_threads):
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
    evidence = _evidence(run)
    # Evidence read once for several kinds counts for each: each of them needed it.
    run.figures = {
        "rows_read": evidence.rows_read,
        "seconds": {"reading": round(evidence.seconds, 3)},
        ERASURES: evidence.erasures,
        **asked_for(run.recipe),
    }
    run.held.renew()
    with run.clock("reducing"):
        run.arrays = run.recipe.reduce(evidence)
    if "people" in run.arrays:
        run.figures["shoppers"] = int(run.arrays.pop("people")[0])
    if run.recipe.relation in SUGGESTIBLE:
        snapshot, before = snapshot_of(run.store), _figures_of_live(run)
        run.arrays |= suggested.packed(
            run.recipe.relation, snapshot, before=before, among_any=run.force
        )
    return "learning" if run.recipe.learn else "writing"


def _evidence(run: Run) -> Any:
    """What the recipe learns from."""
    recipe = run.recipe
    if recipe.gather is not None:
        return recipe.gather(run.store, snapshot_of(run.store), progress=run.hear)
    reads_weeks = recipe.by_day and folded(run.store) is not None
    if run.evidence is not None and recipe.looks_back is None and not reads_weeks:
        return run.evidence
    return gather(
        run.store,
        snapshot_of(run.store),
        browsing=recipe.browsing,
        looks_back=recipe.looks_back,
        by_day=recipe.by_day,
        progress=run.hear,
    )


def _learn(run: Run) -> str:
    assert run.recipe.learn is not None
    with run.clock("kernel"):
        run.arrays = run.recipe.learn(run.arrays, run.beat)
    if "quality" in run.arrays:
        run.figures["quality"] = round(float(run.arrays.pop("quality")[0]), 4)
    if run.recipe.learn is similarity.learn:
        run.figures["backend"] = similarity.backend()
    return "writing"


def _write(run: Run) -> str:
    with run.clock("writing"):
        return _write_rows(run) if run.recipe.relation else _write_arrays(run)


def _write_arrays(run: Run) -> str:
    run.version.artefact_id = artefacts.save(
        f"{run.recipe.kind}/{run.store}",
        {name: array for name, array in run.arrays.items() if name not in _COUNTED},
        schema=run.recipe.schema,
        on_part=run.beat,
    )
    return "publishing"


_COUNTED = frozenset({"shoppers_with_two"})
"""Figures of a version, and nothing that it is put to use for."""


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
    name, people = f"reverse/{run.recipe.kind}/{run.store}", similarity.people_in(run.arrays)
    run.version.artefact_id = similarity_store.save_reverse_index(
        name, neighbours, item_ids, people=people, on_part=run.beat
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
        figures["pairs"] = len(arrays["item"])
    else:
        covered = arrays["group_id"]
    if "shoppers_with_two" in arrays:
        figures["shoppers_with_two_items"] = int(arrays["shoppers_with_two"][0])
        reasons = gates.enough_shoppers(figures["shoppers_with_two_items"])
    taught = covered
    if run.recipe.relation in SUGGESTIBLE and not arrays["support"].all():
        figures["suggested"] = int((arrays["support"] == 0).sum())
        taught = suggested.taught_in(arrays)
        # What nobody taught rests on no chance.
        reasons = [] if suggested.are_all(figures) else reasons
    numbers = (column for column in arrays.values() if column.dtype.kind == "f")
    usable = gates.all_finite(*numbers)
    figures["items"] = len(covered)
    if "is_dead" in arrays:
        # That one leads nowhere is known of a search after which nothing was ever found, too.
        figures["searches"] = len(arrays["is_dead"])
    told = figures.get("searches", figures["items"])
    reasons = reasons or gates.not_empty(told, crowd=_crowd_in_words(run))
    snapshot = snapshot_of(run.store)
    sold = snapshot.group_id[family_of(snapshot.item_id, snapshot) != 0]
    against: list[str] = []
    if run.recipe.relation:
        live = publish.live_version(run.recipe.kind, run.store)
        against, more = against_lists(run.recipe.kind, live, arrays, snapshot, sold)
        figures.update(more)
    before = _figures_of_live(run)
    against += gates.quality_kept(figures.get("quality"), before.get("quality"))
    if _is_to_show_less(run, before) or run.recipe.is_fleeting:
        reasons = []
    else:
        reasons += against
        covered_before = live_items(run.recipe, run.store, taught, before)
        reasons += gates.coverage_kept(taught, covered_before, sold)
    if not usable:
        reasons.insert(0, "It holds a score that is not a number, so it cannot be used.")
    return reasons, usable


def asked_for(recipe: Recipe) -> dict[str, Any]:
    """What may be learnt from, and the crowd it needs, as the shop has it now."""
    settings = conf.current()
    return {
        "from_orders": settings.learn_from_orders,
        "crowd": {name: getattr(settings, name) for name in sorted(USUAL_CROWDS | recipe.heeds)},
    }


def _is_to_show_less(run: Run, before: Mapping[str, Any]) -> bool:
    """True when the shop asks for more people behind what it shows, or for nothing from orders, or
    when somebody was erased whose own visits may be in the live version, or it is too old to hold
    visits, or merchants took back all there is in it.

    Then fewer items, or none, are what it asked for, and what the live version was built from
    must not stay up.
    """
    if suggested.are_all(before) and not run.figures["items"]:
        return True
    if run.recipe.kind in HOLD_VISITS and (
        before.get(ERASURES, 0) < run.figures[ERASURES] or _has_outlived_its_visits(run)
    ):
        return True
    if before.get("from_orders") and not run.figures["from_orders"]:
        return True
    crowd = before.get("crowd", {})
    asked = {name: run.figures["crowd"][name] for name in run.recipe.heeds}
    return any(least > crowd.get(name, least) for name, least in asked.items())


def _has_outlived_its_visits(run: Run) -> bool:
    live = publish.live_version(run.recipe.kind, run.store)
    found = publish.versions(run.recipe.kind, run.store).filter(pk=live)
    return found.filter(created_at__lt=oldest_visits()).exists()


def _figures_of_live(run: Run) -> dict[str, Any]:
    """What was noted of the version that it would replace."""
    live = publish.live_version(run.recipe.kind, run.store)
    found = publish.versions(run.recipe.kind, run.store).filter(pk=live)
    return found.values_list("figures", flat=True).first() or {}


def _why_empty(run: Run) -> list[str]:
    """What an empty version that goes live keeps as its reason. Without a word it would look as
    good as the one it replaces."""
    if gates.says_anything(run.figures):
        return []
    by_orders = not (run.recipe.browsing or run.recipe.of_the_catalogue)
    if run.figures["from_orders"] or not by_orders:
        so = "pages show their fallbacks"
        if run.recipe.kind == SEARCH_FINDS:
            # No block rests on it: the shop asks for it by itself.
            so = "nothing is known of any search"
        return [f"Nothing reached {_crowd_in_words(run)}, so {so}."]
    return ["Nothing is learnt from orders (LEARN_FROM_ORDERS), so pages show their fallbacks."]


def _crowd_in_words(run: Run) -> str:
    crowd = run.figures["crowd"]
    # A pair of purchases needs the larger of the two.
    of = max("min_buyers", "min_support", key=crowd.get) if run.recipe.relation else "min_buyers"
    return run.recipe.crowd.format(support=crowd["min_support"], buyers=crowd[of], of=of.upper())


def snapshot_of(store: int) -> Snapshot:
    """The catalogue that families are taken from; built now when no task has built it yet."""
    snapshot = current_snapshot(store)
    if snapshot is None:
        build_snapshot(store)
        snapshot = current_snapshot(store)
    assert snapshot is not None
    return snapshot
