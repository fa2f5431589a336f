"""Numbers in the default cache that all processes add to, and those that a process keeps itself.

What else may stand under the name of such a number, from another program or another version, is
replaced by a number that begins afresh: one request finds it, and none after it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache

from persona_django import breaker, counters
from persona_django.forking import Lock

MOST_KEPT_HERE = 50_000


class Step(NamedTuple):
    """One number, what is added to it, and in how many seconds it is gone."""

    key: str
    amount: int
    seconds: int


def add(steps: Sequence[Step]) -> list[int]:
    """Add to each number, and return what each has come to. Raises Resting, or what a cache raises
    that is away.

    Two processes that add at the same moment see two different totals, in Redis, in Memcached and
    in one process's memory. In Django's files and its table they may see the same one, and one of
    the two is not counted: persona.W042 says so.
    """
    # One use of the cache, however many numbers there are: it waits, and rests, once.
    with breaker.cache_call() as cache:
        if isinstance(cache, RedisCache):
            totals = _in_one_round(cache, steps)
        else:
            totals = [_added(cache, step) for step in steps]
        return [
            _begun(cache, step) if total is None else total
            for step, total in zip(steps, totals, strict=True)
        ]


def _in_one_round(cache: RedisCache, steps: Sequence[Step]) -> list[int | None]:
    """Redis counts atomically by itself, and takes all of it in one message: `incr` of Django's
    cache asks twice for each number, and each time the request waits."""
    # For one key as for the next: Django writes everything to the first server of LOCATION.
    pipe = cache._cache.get_client(None, write=True).pipeline(transaction=False)
    for step in steps:
        name = cache.make_and_validate_key(step.key)
        pipe.incrby(name, step.amount)
        pipe.expire(name, step.seconds)
    # An answer that says that there is no number to add to is an error in its place.
    found = pipe.execute(raise_on_error=False)[::2]
    return [_sound(total, step.amount) for total, step in zip(found, steps, strict=True)]


def _added(cache: BaseCache, step: Step) -> int | None:
    """The total; None where there is no number to add to."""
    try:
        if type(cache).incr is BaseCache.incr:
            # Django's files and its table: as theirs, but theirs keeps the sum for as long as the
            # cache keeps what nobody said a time for, and the window may be longer than that. None
            # that is found raises, like a word, on adding.
            total = cache.get(step.key) + step.amount
            cache.set(step.key, total, step.seconds)
        else:
            total = cache.incr(step.key, step.amount)
        return _sound(total, step.amount)
    except Exception as error:
        if breaker.is_away(error):
            raise
        return None


def _sound(total: object, amount: int) -> int | None:
    return total if isinstance(total, int) and total >= amount else None


def _begun(cache: BaseCache, step: Step) -> int:
    # The first of its window; unless another process was a moment faster.
    if cache.add(step.key, step.amount, step.seconds):
        return step.amount
    total = _added(cache, step)
    if total is not None:
        return total
    counters.count("counter_healed")
    cache.set(step.key, step.amount, step.seconds)
    return step.amount


class Tallies:
    """Numbers that this process keeps by itself, as many as fit."""

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}
        self._lock = Lock()
        # What the parent counted is told by the parent.
        os.register_at_fork(after_in_child=self.forget)

    def add(self, key: str, amount: int) -> int:
        """Add to a number, and return the total."""
        with self._lock:
            if len(self._totals) >= MOST_KEPT_HERE:
                self._totals.clear()
            total = self._totals[key] = self._totals.get(key, 0) + amount
        return total

    def forget(self) -> None:
        """Begin afresh."""
        with self._lock:
            self._totals.clear()
