"""How much one visitor, one network and everybody together may send, counted for all processes.

Counters live in the default cache, in windows of a minute and of a day. Where the cache is away
each process counts for itself, so that a flood is still bounded. What comes in by one door never
uses up what another one lets through.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from persona_django import conf, counters
from persona_django.identity.keys import keyed
from persona_django.tracking import tallies
from persona_django.tracking.tallies import Tallies

TIMES_FOR_A_NETWORK = 10
MINUTE, DAY = 60, 86_400
_REQUEST_BITS = 20
"""Requests and events of a minute are two numbers in one counter, so that one call counts both."""
_ONE_MESSAGE = (1 << _REQUEST_BITS) - 1
_VERSION = "persona:2"
"""Raised when the numbers under these names begin to mean something else."""

Add = Callable[[str, int, int], int]
"""Adds to a counter, given its name, by how much, and its seconds to live; returns the total."""
Limits = Iterator[tuple[str, int, bool]]
"""Each limit in turn: its name, its window, and whether this message is over it."""

_here = Tallies()


def wait_at_door(door: str, network: int) -> int:
    """Count one request before anything is made of it; 0 when it may go on, else seconds until
    one may again.

    `network` is `networks.network_key` of the day. Requests over a limit count as well: whoever
    goes on and on stays out.
    """

    def limits(add: Add, now: float) -> Limits:
        settings, minute = conf.current(), int(now) // MINUTE
        total = add(f"{_VERSION}:{door}:site:{minute}", 1, 2 * MINUTE)
        yield "throttled_site", MINUTE, total > settings.site_requests
        both = add(f"{_VERSION}:{door}:{network}:{minute}", 1, 2 * MINUTE)
        most = TIMES_FOR_A_NETWORK * settings.visitor_requests
        yield "throttled_network", MINUTE, (both & _ONE_MESSAGE) > most

    return _seconds(limits)


def wait_with_events(door: str, *, visitor: int | None, network: int, events: int) -> int:
    """Count the events of one message that was let in at the door, and the message of its
    visitor; 0 when it may be taken."""

    def limits(add: Add, now: float) -> Limits:
        yield from _of_one(add, now, door, "throttled_network", network, events=events)
        if visitor is not None:
            who = key_of(visitor, now)
            yield from _of_one(add, now, door, "throttled_visitor", who, requests=1, events=events)

    return _seconds(limits)


def wait_with_some(door: str, reason: str, who: int, *, many: int) -> int:
    """Count `many` requests with one event each, of a visitor or a network; 0 when all may be
    taken."""

    def limits(add: Add, now: float) -> Limits:
        yield from _of_one(add, now, door, reason, who, requests=many, events=many)

    return _seconds(limits)


def wait_at_rate(door: str, who: int, *, most: int, span: int) -> int:
    """Count one request of whoever may make `most` of them in `span` seconds."""

    def limits(add: Add, now: float) -> Limits:
        total = add(f"{_VERSION}:{door}:{who}:{int(now) // span}", 1, 2 * span)
        yield "throttled_rest", span, total > most

    return _seconds(limits)


def key_of(visitor: int, now: float) -> int:
    """The number that stands for a visitor on this day, so that the cache never names one."""
    return keyed("throttle", f"visitor {visitor} {int(now) // DAY}")


def _of_one(
    add: Add, now: float, door: str, reason: str, who: int, *, requests: int = 0, events: int
) -> Limits:
    settings = conf.current()
    times = TIMES_FOR_A_NETWORK if reason == "throttled_network" else 1
    name = f"{_VERSION}:{door}:{who}"
    both = add(f"{name}:{int(now) // MINUTE}", events << _REQUEST_BITS | requests, 2 * MINUTE)
    is_over = (both & _ONE_MESSAGE) > times * settings.visitor_requests
    yield reason, MINUTE, is_over or (both >> _REQUEST_BITS) > times * settings.visitor_events
    total = add(f"{name}:day", events, 2 * DAY)
    yield reason, DAY, total > times * settings.visitor_events_a_day


def _seconds(limits: Callable[[Add, float], Limits]) -> int:
    now = time.time()
    try:
        return _judged(limits(tallies.add, now), now)
    except Exception as error:  # noqa: BLE001 - a cache that is away must not lose an event
        # Its words may hold a key.
        counters.failed("throttle_uncounted", f"{_UNCOUNTED} ({type(error).__name__})")
    return _judged(limits(lambda key, amount, _: _here.add(key, amount), now), now)


_UNCOUNTED = "The default cache failed, so each process counts by itself. Check the cache."


def _judged(limits: Limits, now: float) -> int:
    for reason, span, is_over in limits:
        if is_over:
            counters.count(reason)
            return int(span - now % span) + 1
    return 0


def forget() -> None:
    """Count afresh in this process. For tests."""
    _here.forget()
