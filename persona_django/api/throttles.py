"""How often one client, and one network, may ask for anything over REST."""

from __future__ import annotations

import re
import time
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from persona_django import conf
from persona_django.identity.keys import keyed
from persona_django.numeric.durations import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from persona_django.tracking import networks, throttling

SECONDS = {"s": 1, "m": MINUTE_SECONDS, "h": HOUR_SECONDS, "d": DAY_SECONDS}
LINKS = "30/hour"
"""More than anybody signs in on all their devices."""


class BlockThrottle(BaseThrottle):
    """At most REST_RATE requests of one signed-in user, or of one address; ten times that of one
    network, whoever is signed in there.

    Counted in the shop's default cache, so that all processes that share it count together.
    """

    door = "blocks"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this client may ask again."""
        rate = re.fullmatch(r"([0-9]+)/([smhd])[a-z]*", self.rate())
        self._wait = self._seconds(request, int(rate[1]), SECONDS[rate[2]]) if rate else 0
        return not self._wait

    def wait(self) -> float | None:
        """Seconds until it may."""
        return self._wait

    def rate(self) -> str:
        """So many in such a time; empty: no limit."""
        return conf.current().rest_rate

    def asker(self, request: Request) -> str:
        """Whoever asks: a user, or else an address."""
        return user_of(request) or f"address {networks.asker_of(request.META)}"

    def limits(self, request: Request, most: int) -> list[tuple[int, int]]:
        """Whose requests are counted, and how many of them may come."""
        today = int(time.time()) // DAY_SECONDS
        return [
            (networks.network_now(request.META), throttling.TIMES_FOR_A_NETWORK * most),
            (keyed("throttle", f"{self.asker(request)} {today}"), most),
        ]

    def _seconds(self, request: Request, most: int, span: int) -> int:
        wait = throttling.wait_at_rate(self.door, self.limits(request, most), span=span)
        if wait:
            networks.say_if_unknown(request.META)
        return wait


class MineThrottle(BlockThrottle):
    """Counted apart from blocks: who reads many of them can still have everything erased. Nobody
    gets round it by a header, nor by the many addresses of one household."""

    door = "mine"

    def asker(self, request: Request) -> str:
        return user_of(request) or f"network {networks.network_now(request.META)}"


class LinkThrottle(BlockThrottle):
    """How often one customer may be given another token: with each a row is kept for them. Of who
    is signed out nothing is kept until they report something."""

    door = "links"

    def rate(self) -> str:
        return LINKS if super().rate() else ""

    def limits(self, request: Request, most: int) -> list[tuple[int, int]]:
        return super().limits(request, most)[1:] if user_of(request) else []


class StrangersThrottle(LinkThrottle):
    """How often strangers of one network may pause or have themselves erased: with each a number
    is kept for as long as a cookie lives, and whoever likes can get as many of those as they
    want."""

    door = "strangers"

    def limits(self, request: Request, most: int) -> list[tuple[int, int]]:
        return super().limits(request, most) or BlockThrottle.limits(self, request, most)[:1]


def user_of(request: Request) -> str:
    """The user who is signed in; empty: nobody."""
    user = request.user
    return f"user {user.pk}" if user is not None and user.is_authenticated else ""
