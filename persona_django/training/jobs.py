"""What has to be done from time to time, each job under its lease: by a worker or by cron."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from persona_django import conf
from persona_django.catalogue.snapshot import build_snapshot, snapshot_is_stale
from persona_django.catalogue.sync import reconcile
from persona_django.model_registry.leases import Held, hold
from persona_django.training.cleaning import clean
from persona_django.training.rebuild import due_every, rebuild
from persona_django.training.recipes import KINDS

CLEAN_EVERY = timedelta(hours=1)
"""Old versions take room, not time: an hour sooner or later does not matter."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """One job and what came of it, in words."""

    name: str
    said: str
    failed: bool = False


def run_reconcile(store: int = 1) -> str:
    """Mend what signals missed, if that is due; "" when it is not ours to do now."""
    return _when_due(f"reconcile/{store}", conf.current().reconcile_every, _reconcile)


def run_snapshot(store: int = 1) -> str:
    """Make a snapshot of a changed catalogue, if that is due; "" when there is nothing to do."""
    if not snapshot_is_stale(store):
        return ""
    return _when_due(
        f"snapshot/{store}",
        conf.current().snapshot_every,
        lambda held: f"snapshot {build_snapshot(store, on_part=held.renew)} built",
    )


def run_clean(store: int = 1) -> str:
    """Take away what nobody needs any more, if that is due; "" when it is not."""
    return _when_due(
        f"clean/{store}",
        CLEAN_EVERY,
        lambda held: f"{clean(store, on_chunk=held.renew)} old versions deleted",
    )


def run_due(store: int = 1) -> Iterator[Done]:
    """Everything that is due, once, in the order in which one feeds the next. One that fails is
    reported and does not stop the others."""
    jobs: list[tuple[str, Callable[[], str]]] = [
        ("reconcile", partial(run_reconcile, store)),
        ("snapshot", partial(run_snapshot, store)),
        *((f"rebuild {kind}", partial(_rebuild, kind, store)) for kind in KINDS),
        ("clean", partial(run_clean, store)),
    ]
    for name, job in jobs:
        try:
            said = job()
        except Exception as error:  # noqa: BLE001 - noted on the lease, logged, and told here
            yield Done(name=name, said=str(error) or repr(error), failed=True)
        else:
            yield Done(name=name, said=said or "nothing to do")


def _rebuild(kind: str, store: int) -> str:
    outcome = rebuild(kind, store=store, every=due_every(kind, store))
    if outcome.live:
        return f"version {outcome.version_id} is live"
    return outcome.reason if outcome.version_id else ""


def _reconcile(held: Held) -> str:
    report = reconcile(progress=lambda done, total: held.renew())
    return f"{report.added} added, {report.changed} changed, {report.retired} retired"


def _when_due(name: str, every: timedelta, do: Callable[[Held], str]) -> str:
    with hold(name, every=every) as held:
        return do(held) if held is not None else ""
