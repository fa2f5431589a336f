"""Counters in the cache that all processes share: many added to at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache

Step = tuple[str, int, int]
"""Name of a counter, what is added to it, and in how many seconds it is gone."""


def add(cache: BaseCache, steps: Sequence[Step]) -> list[int]:
    """Add to each counter, and return what each has come to. Raises what the cache raises.

    Two processes that add at the same moment see two different totals.
    """
    if isinstance(cache, RedisCache):
        return _in_one_round(cache, steps)
    return [_added(cache, *step) for step in steps]


def _in_one_round(cache: RedisCache, steps: Sequence[Step]) -> list[int]:
    """Redis counts atomically by itself, and takes all of it in one message: `incr` of Django's
    cache asks twice for each counter, and each time the request waits."""
    # For one key as for the next: Django writes everything to the first server of LOCATION.
    pipe = cache._cache.get_client(None, write=True).pipeline(transaction=False)
    for key, amount, seconds in steps:
        name = cache.make_and_validate_key(key)
        pipe.incrby(name, amount)
        pipe.expire(name, seconds)
    return [int(total) for total in pipe.execute()[::2]]


def _added(cache: BaseCache, key: str, amount: int, seconds: int) -> int:
    try:
        return int(cache.incr(key, amount))
    except ValueError:
        # The first of its window; unless another process was a moment faster.
        if cache.add(key, amount, seconds):
            return amount
    return int(cache.incr(key, amount))
