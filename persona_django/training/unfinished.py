"""What a rebuild keeps between two of its stages, so that another process can go on with it."""

from __future__ import annotations

import time

from persona_django import conf
from persona_django.artefacts import store as artefacts
from persona_django.exceptions import BadArtefact
from persona_django.model_registry import publish
from persona_django.training.stages import Run, asked_for

WORK_SCHEMA = 3


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
    is_allowed = all(figures.get(name) == now for name, now in asked_for(run.recipe).items())
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
