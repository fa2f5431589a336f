"""How much one visitor, one network and everybody together may send, counted for all processes.

Counters live in the default cache, in windows of a minute and of a day. Where the cache is away
each process counts for itself, so that a flood is still bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Lock

from django.core.cache.backends.base import BaseCache

from persona_django import breaker, conf, counters
from persona_django.identity.keys import keyed

TIMES_FOR_A_NETWORK = 10
MINUTE, DAY = 60, 86_400
_REQUEST_BITS = 20
"""Requests and events of a minute are two numbers in one counter, so that one call counts both."""
_ONE_MESSAGE = (1 << _REQUEST_BITS) - 1
MOST_COUNTED_HERE = 50_000


class _Counted:
    """What this process counts by itself while the cache is away."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lock = Lock()

    def add(self, key: str, amount: int) -> int:
        with self._lock:
            if len(self._counts) >= MOST_COUNTED_HERE:
                self._counts.clear()
            total = self._counts[key] = self._counts.get(key, 0) + amount
        return total

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()


_here = _Counted()


def seconds_to_wait(*, visitor: int | None, network: int, events: int) -> int:
    """Count one message; 0 when it may be taken, else seconds until one may be again.

    `network` is `networks.network_key` of the day. Messages over a limit count as well: whoever
    goes on and on stays out.
    """
    now = time.time()
    try:
        return _judged(_in_cache, visitor, network, events, now)
    except Exception as error:  # noqa: BLE001 - a cache that is away must not lose an event
        # Its words may hold a key.
        counters.failed("throttle_uncounted", f"{_UNCOUNTED} ({type(error).__name__})")
    return _judged(lambda key, amount, _: _here.add(key, amount), visitor, network, events, now)


_UNCOUNTED = "The default cache failed, so each process limits reports by itself. Check the cache."

Add = Callable[[str, int, int], int]
"""Adds to a counter, given its name, by how much, and its seconds to live; returns the total."""


def _judged(add: Add, visitor: int | None, network: int, events: int, now: float) -> int:
    for reason, span, is_over in _limits(add, visitor, network, events, now):
        if is_over:
            counters.count(reason)
            return int(span - now % span) + 1
    return 0


def _limits(
    add: Add, visitor: int | None, network: int, events: int, now: float
) -> Iterator[tuple[str, int, bool]]:
    """Each limit in turn: its name, its window, and whether this message is over it."""
    settings = conf.current()
    minute, day = int(now) // MINUTE, int(now) // DAY
    total = add(f"persona:site:{minute}", 1, 2 * MINUTE)
    yield "throttled_site", MINUTE, total > settings.site_requests
    counted = [("throttled_network", network, TIMES_FOR_A_NETWORK)]
    if visitor is not None:
        # A number of this day, so that the cache never names a visitor.
        counted.append(("throttled_visitor", keyed("throttle", f"visitor {visitor} {day}"), 1))
    for reason, who, times in counted:
        both = add(f"persona:{who}:{minute}", events << _REQUEST_BITS | 1, 2 * MINUTE)
        is_over = (both & _ONE_MESSAGE) > times * settings.visitor_requests
        yield reason, MINUTE, is_over or (both >> _REQUEST_BITS) > times * settings.visitor_events
        total = add(f"persona:{who}:day", events, 2 * DAY)
        yield reason, DAY, total > times * settings.visitor_events_a_day


def _in_cache(key: str, amount: int, seconds: int) -> int:
    with breaker.cache_call() as cache:
        return _added(cache, key, amount, seconds)


def _added(cache: BaseCache, key: str, amount: int, seconds: int) -> int:
    try:
        return int(cache.incr(key, amount))
    except ValueError:
        # The first of its window; unless another process was a moment faster.
        if cache.add(key, amount, seconds):
            return amount
    return int(cache.incr(key, amount))


def forget() -> None:
    """Count afresh in this process. For tests."""
    _here.clear()
