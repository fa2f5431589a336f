"""How many new visitors a network has sent within the hour, so that a flood of cookies from one
place teaches no more than a few people of it would.

Counted in the cache under a number that stands for the network on that day only. After the
response: no page waits for it. Without a cache nobody is counted, and the other limits hold;
in one that keeps nothing everybody is the first.
"""

from __future__ import annotations

import time

from django.http import HttpRequest

from persona_django import counters
from persona_django.exceptions import Resting
from persona_django.numeric.durations import HOUR_SECONDS
from persona_django.tracking import tallies
from persona_django.tracking.networks import network_now
from persona_django.tracking.tallies import Step

KEPT_SECONDS = 2 * HOUR_SECONDS
MOST = 2**31 - 1
"""The largest number its column holds."""


def place_in_network(request: HttpRequest) -> int:
    """The place of a new visitor among those of their network within the hour, from 1; 0 when
    nobody could count. Never raises."""
    hour = int(time.time()) // HOUR_SECONDS
    key = f"persona:newcomers:{hour}:{network_now(request.META)}"
    try:
        (place,) = tallies.add([Step(key, 1, KEPT_SECONDS)])
        return min(place, MOST)
    except Resting:
        return 0
    except Exception as error:  # noqa: BLE001 - the visitor is kept whatever the cache does
        counters.failed("newcomer_uncounted", _ADVICE, error=error)
        return 0


_ADVICE = (
    "New visitors of a network could not be counted in the default cache, so a flood of them is "
    "not kept apart. Check CACHES."
)
