"""How many pages of one visitor, and of one network, leave rows behind.

A process counts by itself and tells all others of ten pages at once, so that an ordinary page
asks no cache; what is over a limit is noticed some pages late, by so many for each process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from persona_django import conf, counters
from persona_django.forking import Lock
from persona_django.tracking import networks, throttling
from persona_django.tracking.tallies import MOST_KEPT_HERE, Tallies

DOOR = "pages"
TOLD_AT_ONCE = 10
TELLS_OF_A_LIMIT = 6
"""A small limit is told of more often, so that it is not noticed too late."""


class Deadlines:
    """Until when, in seconds, each of those is shut out who is over a limit; as many as fit."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._lock = Lock()

    def put(self, key: str, at: int) -> None:
        """Shut somebody out. Of two threads that do so at once the later deadline holds: that of
        a day, not that of a minute."""
        with self._lock:
            if len(self._at) >= MOST_KEPT_HERE:
                # Whoever goes on is shut out again some pages later.
                self._at.clear()
            self._at[key] = max(at, self._at.get(key, 0))

    def of(self, key: str) -> int:
        """When somebody is let in again; 0 for who never was shut out."""
        return self._at.get(key, 0)

    def forget(self) -> None:
        """Let everybody in."""
        with self._lock:
            self._at.clear()


_untold = Tallies()
_shut_until = Deadlines()


def may_be_kept(meta: Mapping[str, Any], visitor: int | None) -> bool:
    """Count one page after its response, and say whether it may leave rows. Never raises."""
    now = time.time()
    network = networks.network_now(meta)
    if not _one_more("throttled_network", network, throttling.TIMES_FOR_A_NETWORK, now):
        networks.say_if_unknown(meta)
        return False
    if visitor is None:
        return True
    return _one_more("throttled_visitor", throttling.key_of(visitor, now), 1, now)


def _one_more(reason: str, who: int, times: int, now: float) -> bool:
    if _shut_until.of(str(who)) > now:
        counters.count(reason)
        return False
    most = times * conf.current().visitor_requests
    many = min(max(most // TELLS_OF_A_LIMIT, 1), TOLD_AT_ONCE)
    if _untold.add(str(who), 1) % many:
        return True
    wait = throttling.wait_with_some(DOOR, reason, who, many=many)
    if wait:
        _shut_until.put(str(who), int(now) + wait)
    return not wait


def forget() -> None:
    """Count afresh in this process. For tests."""
    _untold.forget()
    _shut_until.forget()
