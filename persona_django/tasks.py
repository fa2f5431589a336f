"""Celery's door to the jobs. Every task may be sent twice, killed at any point, or never come.

Ticks come every minute and look what is due, so that a message lost or a worker killed costs a
minute. A long job does one chunk for each message (of a rebuild: one stage) and sends itself the
next, behind whatever the shop has sent meanwhile. Each store has messages of its own, so that none
waits for another's failure, nor pays for another's time.

Put `BEAT_SCHEDULE` into your own: `CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, ...}`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from persona_django import conf
from persona_django.breaker import breaker
from persona_django.exceptions import Resting, WaitsForPerson

log = logging.getLogger("persona_django.jobs")

TICK_SECONDS = 60.0
"""Time between two looks at what is due. How often it is due is said by the settings."""
EXPIRES_SECONDS = 50.0
"""A tick that waited this long is dropped, because the next one is about to be sent."""

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": name, "schedule": TICK_SECONDS, "options": {"expires": EXPIRES_SECONDS}}
    for name in (
        "persona.reconcile",
        "persona.orders",
        "persona.snapshot",
        "persona.erasures",
        "persona.judge",
        "persona.derive",
        "persona.gifts",
        "persona.rebuild",
        "persona.retention",
        "persona.prune",
    )
}


class PersonaTask(Task):
    """What all tasks of ours share. Settings are read when a message is sent, not on import, so
    that a settings file may import this module for its beat schedule."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True
    ignore_result = True
    serializer = "json"
    expires = EXPIRES_SECONDS
    throws = (WaitsForPerson,)
    """A job that waits fails with every tick, as it does under cron; the log has had its error
    once, and needs no traceback of it each minute."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Do it; what is left alone for a moment is no failure, a later tick asks again."""
        if not conf.current().enabled:
            # No persona.py was read, so that every item would look unregistered.
            return
        try:
            super().__call__(*args, **kwargs)
        except Resting as error:
            log.warning("%s goes on with a later tick: %s", self.name, error)

    @property
    def queue(self) -> str | None:
        """Queue of the setting, else the host's default one."""
        return conf.current().queue or None

    @property
    def time_limit(self) -> float:
        """Seconds after which Celery kills the worker process."""
        return conf.current().task_time_limit.total_seconds()

    @property
    def soft_time_limit(self) -> float:
        """Seconds after which a task is asked to stop, a little before it would be killed."""
        return self.time_limit * 0.95


@shared_task(base=PersonaTask, name="persona.rebuild")
def rebuild(kind: str | None = None, fence: int | None = None, store: int | None = None) -> None:
    """Do one stage of a rebuild: of the kind named, else of the first that is due."""
    from persona_django.training.rebuild import step
    from persona_django.training.recipes import KINDS

    if kind is not None and kind not in KINDS:
        log.warning("A message asks for an unknown kind of rebuild; it is ignored.")
        return
    kinds = KINDS if kind is None else (kind,)
    of = _one_store(rebuild, store, {} if kind is None else {"kind": kind})
    waits: WaitsForPerson | None = None
    for name in kinds:
        try:
            result = step(name, store=of, fence=fence if isinstance(fence, int) else None)
        except WaitsForPerson as error:
            # It keeps no other kind from its turn.
            waits = error
            continue
        if result.fence is not None:
            _send_next(rebuild, {"kind": name, "fence": result.fence, "store": of})
        elif result.done:
            _send_next(rebuild, {"store": of})
        if result.done:
            return
    if waits is not None:
        raise waits


def _one_store(task: Task, store: object, kwargs: Mapping[str, Any] | None = None) -> int:
    """The store that a message names. A tick names none: it is for the first one, and sends the
    task a message for each other one before anything of the first can fail."""
    from persona_django.catalogue import state

    if isinstance(store, int):
        return store
    first, *others = state.stores()
    for other in others:
        # As a tick, it expires before the next one sends another.
        _send(task, {**(kwargs or {}), "store": other}, expires=EXPIRES_SECONDS)
    return first


def _send_next(task: Task, kwargs: dict[str, Any]) -> None:
    """Hand the worker back, and ask for the next chunk behind whatever waits in the queue."""
    # Later than that the lease has run out, and the next tick goes on instead.
    _send(task, kwargs, expires=conf.current().lease_for.total_seconds())


def _send(task: Task, kwargs: dict[str, Any], *, expires: float) -> None:
    try:
        with _asking_the_broker(task):
            task.apply_async(kwargs=kwargs, expires=expires)
    except (OperationalError, Resting) as error:
        log.warning("%s goes on with a later tick, the broker is away: %s", task.name, error)


def _asking_the_broker(task: Task) -> AbstractContextManager[None]:
    """One wait for a broker that hangs is enough for a worker with other things to do."""
    if task.app.conf.task_always_eager:
        # It is done here and now, and asks no broker.
        return nullcontext()
    return breaker("broker").call(is_fault=lambda error: isinstance(error, OperationalError))


@shared_task(base=PersonaTask, name="persona.snapshot")
def snapshot(store: int | None = None) -> None:
    """Make a snapshot of the catalogue if it changed."""
    from persona_django.training.jobs import run_snapshot

    run_snapshot(_one_store(snapshot, store))


@shared_task(base=PersonaTask, name="persona.orders")
def orders(store: int | None = None) -> None:
    """Notice orders of which no signal told."""
    from persona_django.training.jobs import run_orders

    run_orders(_one_store(orders, store))


@shared_task(base=PersonaTask, name="persona.reconcile")
def reconcile(fence: int | None = None, store: int | None = None) -> None:
    """Find catalogue changes that signals missed, for one chunk."""
    from persona_django.training.jobs import step_reconcile

    _go_on(reconcile, step_reconcile, fence, store)


@shared_task(base=PersonaTask, name="persona.erasures")
def erasures() -> None:
    """Finish erasures that were cut off, and take away what came in late."""
    from persona_django.training.jobs import run_erasures

    run_erasures()


@shared_task(base=PersonaTask, name="persona.prune")
def prune(fence: int | None = None, store: int | None = None) -> None:
    """Delete versions that nobody needs any more, for one chunk."""
    from persona_django.training.jobs import step_clean

    _go_on(prune, step_clean, fence, store)


@shared_task(base=PersonaTask, name="persona.judge")
def judge(store: int | None = None) -> None:
    """Tell visitors who came to stay from those who only passed, and both from programs."""
    from persona_django.training.visitor_jobs import run_judge

    run_judge(_one_store(judge, store))


@shared_task(base=PersonaTask, name="persona.derive")
def derive(fence: int | None = None, store: int | None = None) -> None:
    """Work out what silence and coming back say, for one chunk."""
    from persona_django.training.visitor_jobs import step_derive

    _go_on(derive, step_derive, fence, store)


@shared_task(base=PersonaTask, name="persona.gifts")
def gifts(fence: int | None = None, store: int | None = None) -> None:
    """Find what was bought as a present, for one chunk."""
    from persona_django.training.visitor_jobs import step_gifts

    _go_on(gifts, step_gifts, fence, store)


@shared_task(base=PersonaTask, name="persona.retention")
def retention(fence: int | None = None) -> None:
    """Delete what is older than it may be, for one chunk."""
    from persona_django.training.visitor_jobs import step_retention

    following = step_retention(fence if isinstance(fence, int) else None)
    if following is not None:
        _send_next(retention, {"fence": following})


def _go_on(task: Task, step: Callable[..., int | None], fence: object, store: object) -> None:
    """Do one chunk of one store, and send the task its next one if there is one."""
    of = _one_store(task, store)
    following = step(of, fence=fence if isinstance(fence, int) else None)
    if following is not None:
        _send_next(task, {"fence": following, "store": of})
