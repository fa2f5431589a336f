"""Who may do a job right now, so that a job killed or started twice harms nobody.

Every change is one conditional UPDATE, which every database decides alone. A holder renews its
lease as it works; one that falls silent is taken over with a higher fence, and whatever it still
tries to publish is refused.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, router
from django.db.models import F, Model, Q, QuerySet

from persona_django import conf
from persona_django.catalogue import registry
from persona_django.columns.leisure import at_leisure
from persona_django.exceptions import LostLease, Resting, WaitsForPerson
from persona_django.model_registry.models import Lease

log = logging.getLogger("persona_django.jobs")

REST_AFTER_ERROR = timedelta(hours=1)
"""Long enough for a person's fix or a database's failover, short enough to lose little."""
TRIED_AGAIN_AFTER = timedelta(days=1)
"""Rare enough for a job that kills its worker, and none of its rows gets much older meanwhile."""
NEVER_GIVEN_UP = frozenset({"erasures", "retention"})
"""Jobs, by the first word of their names, that delete what may not be kept. What is too old, or
an erased person's, must not stay for ever because nobody looked: they are also tried without a
person, once in `TRIED_AGAIN_AFTER`."""
UNTOUCHED_FOR = timedelta(days=7)
"""Long enough for an update of a shop's servers that brings a job to some of them first."""
CLOCK_SLACK = 300
"""Seconds by which the clocks of two hosts may differ, or one may jump."""


@dataclass
class Held:
    """The right to do one job, as long as it is renewed."""

    name: str
    fence: int
    holder: str
    attempts: int
    renewed_at: float = field(default_factory=time.monotonic)
    over: bool = False
    """True once it was finished or handed over: nothing is left to give back."""

    def renew(self, *, surely: bool = False) -> None:
        """Say that this job is alive. Cheap to call often; raises LostLease when it was taken.

        `surely` asks the database even when it was asked a moment ago: for the step before
        something that a job which lost its lease must not do.
        """
        lasts = conf.current().lease_for.total_seconds()
        if not surely and time.monotonic() - self.renewed_at < lasts / 4:
            return
        self._change(expires_at=_now() + lasts)
        self.renewed_at = time.monotonic()

    def finish(self) -> None:
        """Give the job back as done. Inside a transaction it becomes true with its commit."""
        self._change(holder="", expires_at=0, attempts=0, done_at=_now(), note="")
        self.over = True

    def hand_over(self) -> int:
        """Keep the job for whoever comes with this fence: a message to the next free worker.

        Attempts start again, because a stage was finished.
        """
        lasts = conf.current().lease_for.total_seconds()
        self._change(holder=_HANDED_OVER, expires_at=_now() + lasts, attempts=0)
        self.over = True
        return self.fence

    def fail(self, error: BaseException) -> None:
        """Let the job rest after an error, with the reason for people. Nothing if it was lost.

        An error is not a death and counts no attempt, unless it would kill the worker next time.
        """
        deadly = type(error).__name__ in _DEADLY
        name = type(error).__name__
        self._mine().update(
            holder="",
            expires_at=_now() + REST_AFTER_ERROR.total_seconds(),
            attempts=F("attempts") - (0 if deadly else 1),
            note=f"{name}: {error}"[:2000],
        )
        self.over = True

    def give_back(self) -> None:
        """Leave the job as if it had not been started, for the next tick to take."""
        self._mine().update(holder="", expires_at=0, attempts=F("attempts") - 1)
        self.over = True

    def _mine(self) -> QuerySet[Lease]:
        return _rows(self.name).filter(fence=self.fence, holder=self.holder)

    def _change(self, **change: object) -> None:
        if not self._mine().update(**change):
            raise LostLease(
                f"Another worker took over {self.name}, because this one gave no sign of life "
                f"for {conf.current().lease_for}. Its result is kept, this one's is dropped."
            )


_HANDED_OVER = "next message"
_DEADLY = frozenset({"MemoryError", "SoftTimeLimitExceeded"})
"""Errors that count like a killed worker; by name, because only `tasks` may import Celery."""


@contextmanager
def hold(
    name: str,
    *,
    every: timedelta | None = None,
    fence: int | None = None,
    by_person: bool = False,
) -> Iterator[Held | None]:
    """The job `name`, or None when it is not ours to do now.

    It is not when another worker has it, or when it was done less than `every` ago. One that died
    `max_attempts` times in a row waits for a person and raises WaitsForPerson. `fence` goes on
    with a job that was handed over; each fence works once, so a message delivered twice does
    nothing. `by_person` starts at once whatever happened before, unless a worker is at it.

    An error inside is noted on the lease and raised; the job then rests for an hour. What is only
    left alone for a moment (Resting) is no error of the job's: the next tick takes it again.
    """
    held = _resume(name, fence) if fence is not None else _take(name, every, by_person)
    if held is None:
        yield None
        return
    try:
        with unhurried():
            yield held
    except LostLease:
        raise
    except (KeyboardInterrupt, SystemExit):
        held.give_back()
        raise
    except Resting:
        # In half a minute it is asked again; where that was our own database, the lease runs out.
        with suppress(DatabaseError):
            held.give_back()
        raise
    except Exception as error:
        held.fail(error)
        log.warning("%s failed and rests for %s: %s", name, REST_AFTER_ERROR, error)
        raise
    if not held.over:
        held.finish()


def unhurried() -> AbstractContextManager[None]:
    """No limit on the time of a statement where jobs read and write: our own tables, and what the
    shop sells and has sold. For a job as long as it is held, and for what is done for jobs before
    or after."""
    maps = (*registry.item_maps().values(), *registry.order_maps())
    models: list[type[Model]] = [Lease, *(one.model for one in maps)]
    return at_leisure(
        {asked(model) for model in models for asked in (router.db_for_read, router.db_for_write)}
    )


def last_done(name: str) -> int:
    """When a job last finished, in seconds since 1970; 0 for never."""
    return _rows(name).values_list("done_at", flat=True).first() or 0


def forget_all_but(names: Collection[str]) -> int:
    """Delete leases of jobs that there are no more, such as those of a kind or a store that was
    given up, once nobody has touched them for `UNTOUCHED_FOR`; how many."""
    rows = Lease.objects.using(router.db_for_write(Lease)).exclude(name__in=names)
    before = _now() - UNTOUCHED_FOR.total_seconds()
    return rows.filter(expires_at__lt=before, done_at__lt=before).delete()[0]


def waiting(lease: Lease) -> str:
    """What a person does about a job that died again and again; "" for one that nobody has to
    look at. Read by the admin and by `persona_status`."""
    now = _now()
    has_run_out = not now < lease.expires_at <= _latest(now)
    if lease.attempts < conf.current().max_attempts or not has_run_out:
        return ""
    meanwhile = "it is not tried again by itself"
    if _is_never_given_up(lease.name):
        meanwhile = "it is tried once a day"
    return (
        f"Died {lease.attempts} times in a row without an error, as a task does that runs out of "
        f"memory or time. Until a person has looked, {meanwhile}. Look at the worker's memory and "
        f"log, then run: python manage.py persona_run --again {lease.name}. That also lets the "
        f"schedule go on."
    )


def _take(name: str, every: timedelta | None, by_person: bool) -> Held | None:
    now, settings = _now(), conf.current()
    lasts = settings.lease_for.total_seconds()
    _create(name)
    free = _ran_out(now)
    if by_person:
        free |= Q(holder="")
    elif _is_never_given_up(name):
        long_dead = _ran_out(now, TRIED_AGAIN_AFTER.total_seconds())
        free &= Q(attempts__lt=settings.max_attempts) | long_dead
    else:
        free &= Q(attempts__lt=settings.max_attempts)
    if every is not None:
        long_ago = Q(done_at__lte=now - every.total_seconds())
        free &= long_ago | Q(done_at__gt=now + CLOCK_SLACK)
    holder = _name_of_holder()
    change: dict[str, object] = {"attempts": 1 if by_person else F("attempts") + 1}
    taken = (
        _rows(name)
        .filter(free)
        .update(holder=holder, fence=F("fence") + 1, expires_at=now + lasts, **change)
    )
    if taken:
        return _held(name, holder)
    if not by_person:
        _stop_when_waiting(name)
    return None


def _ran_out(now: int, ago: float = 0) -> Q:
    """Leases that ran out, by now or longer `ago`."""
    # A clock that was wrong once must not keep a job from ever being done again.
    return Q(expires_at__lte=now - ago) | Q(expires_at__gt=_latest(now))


def _latest(now: int) -> float:
    """A lease that seems to last longer was taken by a clock that was wrong."""
    lasts = max(conf.current().lease_for, REST_AFTER_ERROR)
    return now + lasts.total_seconds() + CLOCK_SLACK


def _is_never_given_up(name: str) -> bool:
    return name.partition("/")[0] in NEVER_GIVEN_UP


def _resume(name: str, fence: int) -> Held | None:
    holder = _name_of_holder()
    taken = (
        _rows(name)
        .filter(fence=fence, holder=_HANDED_OVER)
        .update(
            holder=holder,
            fence=F("fence") + 1,
            attempts=1,
            expires_at=_now() + conf.current().lease_for.total_seconds(),
        )
    )
    return _held(name, holder) if taken else None


def _held(name: str, holder: str) -> Held | None:
    # Whoever took it over in between has another holder: then it is theirs.
    row = _rows(name).filter(holder=holder).first()
    if row is None:
        return None
    return Held(name=name, fence=row.fence, holder=holder, attempts=row.attempts)


def _stop_when_waiting(name: str) -> None:
    """A job that killed its worker again and again waits; leave the reason where people look."""
    lease = _rows(name).first()
    note = waiting(lease) if lease is not None else ""
    if lease is None or not note:
        return
    found = _rows(name).filter(fence=lease.fence, holder=lease.holder)
    if lease.note != note and found.exclude(note=note).update(note=note):
        log.error("%s waits for a person. %s", name, note)
    raise WaitsForPerson(f"Waits for a person. {note}")


def _create(name: str) -> None:
    if not _rows(name).exists():
        alias = router.db_for_write(Lease)
        Lease.objects.using(alias).bulk_create([Lease(name=name)], ignore_conflicts=True)


def _rows(name: str) -> QuerySet[Lease]:
    return Lease.objects.using(router.db_for_write(Lease)).filter(name=name)


def _name_of_holder() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(8)}"


def _now() -> int:
    return int(time.time())
