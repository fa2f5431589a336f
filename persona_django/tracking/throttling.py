"""How much one visitor, one network and everybody together may send, counted for all processes.

Counters live in the default cache, in windows of a minute and of a day by the clock: around the
end of one up to twice its limit may pass, which no shop feels that stands its limit within one
second; to weigh the window before as well, most caches would have to be asked once more. Where
the cache is away each process counts for itself, so that a flood is still bounded. What comes in
by one door never uses up what another one lets through.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from persona_django import conf, counters
from persona_django.identity.keys import keyed
from persona_django.numeric.durations import DAY_SECONDS, MINUTE_SECONDS
from persona_django.tracking import tallies
from persona_django.tracking.tallies import Step, Tallies

TIMES_FOR_A_NETWORK = 10
_REQUEST_BITS = 20
"""Requests and events of a minute are two numbers in one counter, so that one call counts both."""
_ONE_MESSAGE = (1 << _REQUEST_BITS) - 1
_VERSION = "persona:2"
"""Raised when the numbers under these names begin to mean something else."""
_ANY = sys.maxsize

_here = Tallies()


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


def wait_at_door(door: str, network: int) -> int:
    """Count one request before anything is made of it; 0 when it may go on, else seconds until
    one may again.

    `network` is `networks.network_key` of the day. Requests over a limit count as well: whoever
    goes on and on stays out.
    """
    settings, now = conf.current(), time.time()
    minute = int(now) // MINUTE_SECONDS
    site = f"{_VERSION}:{door}:site:{minute}"
    own = f"{_VERSION}:{door}:{network}:{minute}"
    most = TIMES_FOR_A_NETWORK * settings.visitor_requests
    limits = [
        _Limit("throttled_site", site, 1, MINUTE_SECONDS, settings.site_requests),
        _Limit("throttled_network", own, 1, MINUTE_SECONDS, most, _ANY),
    ]
    return _seconds(limits, now)


def wait_with_events(door: str, *, visitor: int | None, network: int, events: int) -> int:
    """Count the events of one message that was let in at the door, and the message of its
    visitor; 0 when it may be taken."""
    now = time.time()
    limits = _of_one(door, "throttled_network", network, now, requests=0, events=events)
    if visitor is not None:
        who = key_of(visitor, now)
        limits += _of_one(door, "throttled_visitor", who, now, requests=1, events=events)
    return _seconds(limits, now)


def wait_with_some(door: str, reason: str, who: int, *, many: int) -> int:
    """Count `many` requests with one event each, of a visitor or a network; 0 when all may be
    taken."""
    now = time.time()
    return _seconds(_of_one(door, reason, who, now, requests=many, events=many), now)


def wait_at_rate(door: str, who: Sequence[tuple[int, int]], *, span: int) -> int:
    """Count one request of each who may make so many of them in `span` seconds."""
    now = time.time()
    window = int(now) // span
    limits = [
        _Limit("throttled_rest", f"{_VERSION}:{door}:{one}:{window}", 1, span, most)
        for one, most in who
    ]
    return _seconds(limits, now)


def key_of(visitor: int, now: float) -> int:
    """The number that stands for a visitor on this day, so that the cache never names one."""
    return keyed("throttle", f"visitor {visitor} {int(now) // DAY_SECONDS}")


def _of_one(
    door: str, reason: str, who: int, now: float, *, requests: int, events: int
) -> list[_Limit]:
    settings = conf.current()
    times = TIMES_FOR_A_NETWORK if reason == "throttled_network" else 1
    name = f"{_VERSION}:{door}:{who}"
    both = events << _REQUEST_BITS | requests
    minute = int(now) // MINUTE_SECONDS
    most, most_events = times * settings.visitor_requests, times * settings.visitor_events
    return [
        _Limit(reason, f"{name}:{minute}", both, MINUTE_SECONDS, most, most_events),
        _Limit(reason, f"{name}:day", events, DAY_SECONDS, times * settings.visitor_events_a_day),
    ]


def _seconds(limits: Sequence[_Limit], now: float) -> int:
    # Gone one window after its own at the latest, and not before each clock has left it.
    steps = [
        Step(limit.key, limit.amount, int(2 * limit.span - now % limit.span)) for limit in limits
    ]
    try:
        return _judged(limits, tallies.add(steps), now)
    except Exception as error:  # noqa: BLE001 - a cache that is away must not lose an event
        # Its words may hold a key.
        counters.failed("throttle_uncounted", f"{_UNCOUNTED} ({type(error).__name__})")
    return _judged(limits, [_here.add(limit.key, limit.amount) for limit in limits], now)


_UNCOUNTED = "The default cache failed, so each process counts by itself. Check the cache."


def _judged(limits: Sequence[_Limit], totals: Sequence[int], now: float) -> int:
    for limit, total in zip(limits, totals, strict=True):
        if limit.is_over(total):
            counters.count(limit.reason)
            return int(limit.span - now % limit.span) + 1
    return 0


def forget() -> None:
    """Count afresh in this process. For tests."""
    _here.forget()
