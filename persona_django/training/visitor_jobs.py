"""What is to be done about visitors from time to time: judge who counts, work out what silence
says, find presents, take away what is old. Each under its lease, as `training.jobs` does the rest.
For a person each is done at once, due or not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from persona_django import conf
from persona_django.deriving import derive, gifts
from persona_django.deriving.judging import judge
from persona_django.feedback import retention
from persona_django.model_registry.leases import Held, hold
from persona_django.plurals import counted
from persona_django.tracking import drops, folding
from persona_django.tracking.derived import Changed

GIFTS_EVERY = timedelta(days=1)
"""A present is known after weeks: a day sooner or later does not matter."""
RETENTION_EVERY = timedelta(hours=1)
RETENTION_JOB = "retention/1"
"""What is too old goes in all stores at once."""


def run_judge(store: int = 1, *, by_person: bool = False) -> str:
    """Judge whoever something came in of, if that is due; "" when it is not."""
    every = None if by_person else conf.current().derive_every
    with hold(f"judge/{store}", every=every, by_person=by_person) as held:
        if held is None:
            return ""
        judged = judge(store, beat=held.renew)
    drops.flush_if_due()
    people = counted(judged.qualified, "visitor counts", "visitors count")
    return f"{people} from now on, {counted(judged.robots, 'is a robot', 'are robots')}"


def run_derive(store: int = 1, *, by_person: bool = False) -> str:
    """Look again at everybody there is something new of, if that is due; "" when it is not."""
    every = None if by_person else conf.current().derive_every
    with hold(_derive_job(store), every=every, by_person=by_person) as held:
        if held is None:
            return ""
        changed = derive.derive(store, beat=held.renew)
    drops.flush_if_due()
    return _in_words(changed)


def run_gifts(store: int = 1, *, by_person: bool = False) -> str:
    """Look at everything that was bought once, if that is due; "" when it is not."""
    every = None if by_person else GIFTS_EVERY
    with hold(_gifts_job(store), every=every, by_person=by_person) as held:
        return "" if held is None else _in_words(gifts.find_gifts(store, beat=held.renew))


def run_retention(*, by_person: bool = False) -> str:
    """Take away what is too old, if that is due; "" when it is not."""
    every = None if by_person else RETENTION_EVERY
    with hold(RETENTION_JOB, every=every, by_person=by_person) as held:
        if held is None:
            return ""
        gone = retention.delete_old(beat=held.renew, surely=partial(held.renew, surely=True))
        return counted(gone, "old row") + " deleted"


def count_weeks(store: int = 1) -> None:
    """Count every week that is over, for a person who means to learn from it now. Not while
    another worker is at it: it counts them then."""
    # The job that deletes what is old has them counted before, under this lease.
    with hold(RETENTION_JOB, by_person=True) as held:
        if held is not None:
            surely = partial(held.renew, surely=True)
            folding.fold(store, beat=held.renew, surely=surely, at_once=True)
            # Nothing was deleted: that is due as it was.
            held.give_back()


def derive_again(store: int = 1, *, from_scratch: bool = False) -> str:
    """Work everything out that silence says, now: for a person. "" when a worker is at it."""
    said = []
    run_judge(store, by_person=True)
    with hold(_derive_job(store), by_person=True) as held:
        if held is None:
            return ""
        said.append(_in_words(derive.derive(store, beat=held.renew, from_scratch=from_scratch)))
    with hold(_gifts_job(store), by_person=True) as held:
        if held is None:
            return ""
        said.append(f"presents: {_in_words(gifts.find_gifts(store, beat=held.renew))}")
    return "; ".join(said)


def step_derive(store: int = 1, fence: int | None = None) -> int | None:
    """One chunk of looking again; with the number returned the next one goes on."""

    def some(held: Held, seconds: float) -> bool:
        return derive.derive_some(store, seconds=seconds, beat=held.renew)

    return _step(_derive_job(store), conf.current().derive_every, fence, some)


def step_gifts(store: int = 1, fence: int | None = None) -> int | None:
    """One chunk of looking for presents; with the number returned the next one goes on."""

    def some(held: Held, seconds: float) -> bool:
        return gifts.find_some(store, seconds=seconds, beat=held.renew)

    return _step(_gifts_job(store), GIFTS_EVERY, fence, some)


def step_retention(fence: int | None = None) -> int | None:
    """One chunk of deleting; nothing has to be kept between two, what is left is found again."""

    def some(held: Held, seconds: float) -> bool:
        surely = partial(held.renew, surely=True)
        return retention.delete_some(seconds=seconds, beat=held.renew, surely=surely)

    return _step(RETENTION_JOB, RETENTION_EVERY, fence, some)


def _step(
    name: str, every: timedelta, fence: int | None, some: Callable[[Held, float], bool]
) -> int | None:
    with hold(name, every=None if fence is not None else every, fence=fence) as held:
        seconds = conf.current().chunk_for.total_seconds()
        if held is None or some(held, seconds):
            return None
        return held.hand_over()


def _in_words(changed: Changed | None) -> str:
    if changed is None:
        return "waits for the first snapshot of the catalogue"
    return f"{changed.added:,} derived events added, {changed.removed:,} taken back"


def _derive_job(store: int) -> str:
    return f"derive/{store}"


def _gifts_job(store: int) -> str:
    return f"gifts/{store}"
