"""How often one client, and one network, may ask for anything over REST."""

from __future__ import annotations

import re
import time
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from persona_django import conf
from persona_django.identity.keys import keyed
from persona_django.tracking import networks, throttling

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class BlockThrottle(BaseThrottle):
    """At most REST_RATE requests of one signed-in user, or of one address; ten times that of one
    network, whoever is signed in there.

    Counted in the shop's default cache, so that all processes that share it count together.
    """

    door = "blocks"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this client may ask again."""
        rate = re.fullmatch(r"([0-9]+)/([smhd])[a-z]*", conf.current().rest_rate)
        self._wait = self._seconds(request, int(rate[1]), SECONDS[rate[2]]) if rate else 0
        return not self._wait

    def wait(self) -> float | None:
        """Seconds until it may."""
        return self._wait

    def _seconds(self, request: Request, most: int, span: int) -> int:
        meta = request.META
        today = int(time.time()) // throttling.DAY
        user = request.user
        known = user is not None and user.is_authenticated
        who = f"user {user.pk}" if known else f"address {networks.asker_of(meta)}"
        both = (
            (networks.network_now(meta), throttling.TIMES_FOR_A_NETWORK * most),
            (keyed("throttle", f"{who} {today}"), most),
        )
        for one, many in both:
            wait = throttling.wait_at_rate(self.door, one, most=many, span=span)
            if wait:
                networks.say_if_unknown(meta)
                return wait
        return 0
