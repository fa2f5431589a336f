"""Numbers in the default cache that all processes add to, and those that a process keeps itself.

What else may stand under the name of such a number, from another program or another version, is
replaced by a number that begins afresh: one request finds it, and none after it.
"""

from __future__ import annotations

import os

from django.core.cache.backends.base import BaseCache

from persona_django import breaker, counters
from persona_django.forking import Lock

MOST_KEPT_HERE = 50_000


def add(key: str, amount: int, seconds: int) -> int:
    """Add to a number in the cache that lives for so long, and return the total. Raises Resting,
    or what a cache raises that is away."""
    with breaker.cache_call() as cache:
        total = _added(cache, key, amount)
        if total is not None:
            return total
        # The first of its window; unless another process was a moment faster.
        if cache.add(key, amount, seconds):
            return amount
        total = _added(cache, key, amount)
        if total is not None:
            return total
        counters.count("counter_healed")
        cache.set(key, amount, seconds)
        return amount


def _added(cache: BaseCache, key: str, amount: int) -> int | None:
    """The total; None where there is no number to add to."""
    try:
        total = int(cache.incr(key, amount))
    except Exception as error:
        if breaker.is_away(error):
            raise
        return None
    return total if total >= amount else None


class Tallies:
    """Numbers that this process keeps by itself, as many as fit."""

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}
        self._lock = Lock()
        # What the parent counted it has told, or will tell, itself.
        os.register_at_fork(after_in_child=self.forget)

    def add(self, key: str, amount: int) -> int:
        """Add to a number, and return the total."""
        with self._lock:
            if len(self._totals) >= MOST_KEPT_HERE:
                self._totals.clear()
            total = self._totals[key] = self._totals.get(key, 0) + amount
        return total

    def of(self, key: str) -> int:
        """A number as it stands."""
        return self._totals.get(key, 0)

    def put(self, key: str, total: int) -> None:
        """Let a number be this one."""
        self.add(key, total - self.of(key))

    def forget(self) -> None:
        """Begin afresh."""
        self._totals.clear()
