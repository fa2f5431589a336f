"""How much one visitor, one network and everybody together may send, counted for all processes.

Counters live in the default cache, in windows of a minute and of a day. Where the cache is away
each process counts for itself, so that a flood is still bounded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from persona_django import breaker, conf, counters
from persona_django.identity.keys import keyed
from persona_django.tracking import tallies

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
    limits = _limits(visitor, network, events, int(now))
    try:
        # One use of the cache, however many counters there are: it waits, and rests, once.
        with breaker.cache_call() as cache:
            return _judged(limits, tallies.add(cache, _named(limits, now)), now)
    except Exception as error:  # noqa: BLE001 - a cache that is away must not lose an event
        # Its words may hold a key.
        counters.failed("throttle_uncounted", f"{_UNCOUNTED} ({type(error).__name__})")
    return _judged(limits, [_here.add(limit.key, limit.amount) for limit in limits], now)


_UNCOUNTED = "The default cache failed, so each process limits reports by itself. Check the cache."


class _Limit(NamedTuple):
    """One counter, what a message adds to it, and what it may come to."""

    reason: str
    key: str
    amount: int
    span: int
    """Seconds of its window."""
    most: int
    most_events: int | None = None
    """Where it counts both: of events, while `most` is of requests."""

    def is_over(self, total: int) -> bool:
        if self.most_events is None:
            return total > self.most
        return (total & _ONE_MESSAGE) > self.most or (total >> _REQUEST_BITS) > self.most_events


def _limits(visitor: int | None, network: int, events: int, now: int) -> list[_Limit]:
    settings = conf.current()
    minute, day = now // MINUTE, now // DAY
    site = f"persona:site:{minute}"
    limits = [_Limit("throttled_site", site, 1, MINUTE, settings.site_requests)]
    counted = [("throttled_network", network, TIMES_FOR_A_NETWORK)]
    if visitor is not None:
        # A number of this day, so that the cache never names a visitor.
        counted.append(("throttled_visitor", keyed("throttle", f"visitor {visitor} {day}"), 1))
    both = events << _REQUEST_BITS | 1
    for reason, who, times in counted:
        requests, most = times * settings.visitor_requests, times * settings.visitor_events
        a_day = times * settings.visitor_events_a_day
        limits += [
            _Limit(reason, f"persona:{who}:{minute}", both, MINUTE, requests, most),
            _Limit(reason, f"persona:{who}:day", events, DAY, a_day),
        ]
    return limits


def _named(limits: Sequence[_Limit], now: float) -> list[tallies.Step]:
    # Gone one window after its own at the latest, and not before each clock has left it.
    return [(limit.key, limit.amount, int(2 * limit.span - now % limit.span)) for limit in limits]


def _judged(limits: Sequence[_Limit], totals: Sequence[int], now: float) -> int:
    for limit, total in zip(limits, totals, strict=True):
        if limit.is_over(total):
            counters.count(limit.reason)
            return int(limit.span - now % limit.span) + 1
    return 0


def forget() -> None:
    """Count afresh in this process. For tests."""
    _here.clear()
