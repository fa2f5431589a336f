"""What has to be done from time to time, each job under its lease: by a worker or by cron.

Cron and people do a job in one go (`run_...`): cron when it is due, a person (`by_person`) at
once, also one that died too often to be tried by itself. A worker does a long one in chunks
(`step_...`): each keeps where it stands and hands the lease over, and the next message, or after
a kill the next tick, goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from persona_django import conf
from persona_django.catalogue import state, walking
from persona_django.catalogue.snapshot import build_snapshot, snapshot_is_stale
from persona_django.catalogue.sync import reconcile
from persona_django.exceptions import Resting, UnknownJob
from persona_django.identity import erasure
from persona_django.model_registry.leases import Held, forget_all_but, hold, last_done
from persona_django.plurals import counted
from persona_django.tracking import drops, order_changes
from persona_django.training import visitor_jobs
from persona_django.training.cleaning import clean, clean_some
from persona_django.training.rebuild import due_every, rebuild
from persona_django.training.recipes import KINDS

CLEAN_EVERY = timedelta(hours=1)
"""Old versions take room, not time: an hour sooner or later does not matter."""
SWEEP_EVERY = timedelta(minutes=5)
"""An erasure that was cut off, or whose subject had something on its way, is finished by then."""
SWEPT_BACK = timedelta(hours=1)
"""Tombstones are swept again for this long: clocks differ, and queues take their time."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of one store, or of all stores."""

    name: str
    """That of its lease: what every command and the admin call it, "rebuild/similar/2"."""
    run: Callable[..., str]
    """Does it, in one go; `by_person` at once. What came of it; "" when it was not ours to do."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """One job and what came of it, in words."""

    name: str
    said: str
    failed: bool = False


def run_reconcile(store: int = 1, *, by_person: bool = False) -> str:
    """Mend what signals missed, if that is due; "" when it is not ours to do now."""
    return _when_due(
        _reconcile_job(store),
        conf.current().reconcile_every,
        partial(_reconcile, store, by_person),
        by_person,
    )


def step_reconcile(store: int = 1, fence: int | None = None) -> int | None:
    """Mend what signals missed, for one chunk: of a walk that is due, or of the one handed over.

    With the number returned the next chunk goes on; None when there is none, or when this one
    was not ours to do.
    """
    every = None if fence is not None else conf.current().reconcile_every
    with hold(_reconcile_job(store), every=every, fence=fence) as held:
        if held is None:
            return None
        _announce_what_a_dead_one_wrote(held, store)
        walk = walking.recall(store)
        if not walk.advance(seconds=_chunk_seconds(), beat=held.renew):
            held.renew(surely=True)
            walking.keep(walk)
            return held.hand_over()
        walking.discard(store)
        walk.finish()
        return None


def run_orders(store: int = 1, *, by_person: bool = False) -> str:
    """Notice orders of which no signal told, if that is due; "" when it is not."""
    return _when_due(
        f"orders/{store}",
        conf.current().reconcile_every,
        lambda held: (
            "orders have changed"
            if order_changes.reconcile(store=store, fence=held.fence)
            else "no order has changed"
        ),
        by_person,
    )


def run_snapshot(store: int = 1, *, by_person: bool = False) -> str:
    """Make a snapshot of a changed catalogue, if that is due; "" when there is nothing to do."""
    if not by_person and not snapshot_is_stale(store):
        return ""
    return _when_due(
        f"snapshot/{store}",
        conf.current().snapshot_every,
        lambda held: f"snapshot {build_snapshot(store, on_part=held.renew)} built",
        by_person,
    )


def run_clean(store: int = 1, *, by_person: bool = False) -> str:
    """Take away what nobody needs any more, if that is due; "" when it is not."""
    return _when_due(_clean_job(store), CLEAN_EVERY, partial(_clean, store), by_person)


def _clean(store: int, held: Held) -> str:
    _forget_jobs_of_before()
    return counted(clean(store, on_chunk=held.renew), "old version") + " deleted"


def _forget_jobs_of_before() -> None:
    """What is said of jobs that there are no more would stand in `persona_status` for ever."""
    forget_all_but([job.name for job in every_job()])


def run_erasures(*, by_person: bool = False) -> str:
    """Finish erasures that were cut off, and take away what came in late, if that is due."""
    done = last_done(ERASURES_JOB)
    since = int(max(done - SWEPT_BACK.total_seconds(), 0))
    return _when_due(ERASURES_JOB, SWEEP_EVERY, lambda held: _sweep(since, held), by_person)


def _sweep(since: int, held: Held) -> str:
    swept = erasure.replay(since=since, on_chunk=held.renew)
    return counted(sum(swept.rows.values()), "late row") + " of erased people deleted"


def step_clean(store: int = 1, fence: int | None = None) -> int | None:
    """Take away what nobody needs any more, for one chunk; what it returns is for the next one.

    Nothing has to be kept: what is left is found again.
    """
    every = None if fence is not None else CLEAN_EVERY
    with hold(_clean_job(store), every=every, fence=fence) as held:
        if held is None:
            return None
        _forget_jobs_of_before()
        if clean_some(store, seconds=_chunk_seconds(), on_chunk=held.renew):
            return None
        return held.hand_over()


def run_due() -> Iterator[Done]:
    """Everything that is due, once, in the order in which one feeds the next. One that fails is
    reported and does not stop the others."""
    for job in every_job():
        yield _done(job)
    drops.flush_if_due()


def run_again(names: Iterable[str]) -> Iterator[Done]:
    """These jobs, now: for a person who looked at what killed them. Raises UnknownJob before any
    is done."""
    known = {job.name: job for job in every_job()}
    asked = list(dict.fromkeys(names))
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise UnknownJob(f"There is no job {', '.join(unknown)}. The jobs: {', '.join(known)}.")
    return (_done(known[name], by_person=True) for name in asked)


def every_job() -> list[Job]:
    """All jobs of all stores, in the order in which one feeds the next."""
    jobs = [Job(name=ERASURES_JOB, run=run_erasures)]
    for store in state.stores():
        jobs += [
            Job(name=f"{name}/{store}", run=partial(run, store)) for name, run in JOBS_OF_A_STORE
        ]
    retention = visitor_jobs.run_retention
    return [*jobs, Job(name=visitor_jobs.RETENTION_JOB, run=retention)]


def _done(job: Job, *, by_person: bool = False) -> Done:
    try:
        said = job.run(by_person=by_person)
    except Resting as error:
        # A person who asked for it is told that it was not done.
        return Done(name=job.name, said=f"later: {error}", failed=by_person)
    except Exception as error:  # noqa: BLE001 - noted on the lease, logged, and told here
        return Done(name=job.name, said=str(error) or repr(error), failed=True)
    if said or not by_person:
        return Done(name=job.name, said=said or "nothing to do")
    at_it = "A worker is at it right now; wait for it, or for its lease to run out."
    return Done(name=job.name, said=at_it, failed=True)


def _rebuild(store: int, *, kind: str, by_person: bool = False) -> str:
    every = None if by_person else due_every(kind, store)
    outcome = rebuild(kind, store=store, every=every)
    if outcome.live:
        why = f", and empty. {outcome.reason}" if outcome.is_empty else ""
        return f"version {outcome.version_id} is live{why}"
    return outcome.reason if outcome.version_id else ""


JOBS_OF_A_STORE: tuple[tuple[str, Callable[..., str]], ...] = (
    ("reconcile", run_reconcile),
    ("orders", run_orders),
    ("snapshot", run_snapshot),
    ("judge", visitor_jobs.run_judge),
    ("derive", visitor_jobs.run_derive),
    ("gifts", visitor_jobs.run_gifts),
    *((f"rebuild/{kind}", partial(_rebuild, kind=kind)) for kind in KINDS),
    ("clean", run_clean),
)
"""By the names of their leases, without the number of the store."""


def _reconcile(store: int, by_person: bool, held: Held) -> str:
    # For a person the count of deaths begins again, so that it tells nothing.
    _announce_what_a_dead_one_wrote(held, store, surely=by_person)
    # What a worker had begun is done with the rest.
    walking.discard(store)
    report = reconcile(store=store, progress=lambda done, total: held.renew())
    return f"{report.added} added, {report.changed} changed, {report.retired} retired"


def _when_due(
    name: str, every: timedelta, do: Callable[[Held], str], by_person: bool = False
) -> str:
    with hold(name, every=None if by_person else every, by_person=by_person) as held:
        return do(held) if held is not None else ""


def _announce_what_a_dead_one_wrote(held: Held, store: int, *, surely: bool = False) -> None:
    """Changes that a killed job had no time to announce are found unchanged by the next one."""
    if surely or held.attempts > 1:
        state.bump("catalogue", store)


def _reconcile_job(store: int) -> str:
    return f"reconcile/{store}"


ERASURES_JOB = "erasures/1"
"""Tombstones hold for all stores."""


def _clean_job(store: int) -> str:
    return f"clean/{store}"


def _chunk_seconds() -> float:
    return conf.current().chunk_for.total_seconds()
