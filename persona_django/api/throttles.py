"""How often one client may ask for blocks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from persona_django import conf, counters
from persona_django.breaker import cache_call
from persona_django.identity.keys import keyed


class BlockThrottle(SimpleRateThrottle):
    """At most REST_RATE requests of one signed-in user, or of one address.

    Counted in the shop's default cache, so that all processes that share it count together.
    """

    scope = "persona"

    def get_rate(self) -> str | None:
        return conf.current().rest_rate or None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this client may ask again; yes while the cache cannot be asked."""
        try:
            with cache_call():
                return bool(super().allow_request(request, view))
        except Exception as error:  # noqa: BLE001 - a cache that is away must not take blocks along
            counters.failed("throttle_uncounted", _UNCOUNTED, error=error)
            self._count_anew()
            return True

    def _count_anew(self) -> None:
        """Take away what the cache holds for this client, if it is there but no history."""
        with suppress(Exception), cache_call() as cache:
            cache.delete(self.key)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        user = request.user
        known = user is not None and user.is_authenticated
        ident = f"user {user.pk}" if known else self.get_ident(request)
        # Hashed, because an address may hold what no cache takes as a key.
        return self.cache_format % {"scope": self.scope, "ident": keyed("throttle", ident)}


class LinkThrottle(BlockThrottle):
    """How often one customer may be given another token: with each a row is kept for them."""

    scope = "persona-link"

    def get_rate(self) -> str | None:
        return LINKS if super().get_rate() else None

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        user = request.user
        known = user is not None and user.is_authenticated
        # Of who is signed out nothing is kept until they report something.
        return super().get_cache_key(request, view) if known else None


LINKS = "30/hour"
"""More than anybody signs in on all their devices."""
_UNCOUNTED = "REST requests are answered without a limit: the default cache failed. Check it."
