"""Who may send what a browser sends by itself: the shop's own pages, and origins that it lists.

A page of another site can make a browser send anything that a form could, cookies included. What
it cannot do is lie about where it comes from, or send a header of its own without asking first.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from persona_django import conf
from persona_django.identity import tokens

ALLOWED_HEADERS = f"Content-Type, {tokens.HEADER}"
PREFLIGHT_SECONDS = 600
"""How long a browser need not ask again."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a request comes from, as far as it matters."""

    is_trusted: bool
    listed: str = ""
    """The other origin of EVENT_ORIGINS that it names; empty: none."""
    is_own_page: bool = False
    """A page of the shop itself: it may be given the visitor's cookie."""


_FOREIGN = Origin(is_trusted=False)


def origin_of(request: HttpRequest) -> Origin:
    """Where this request comes from.

    A browser says so by Sec-Fetch-Site, or at least by Origin with everything but a plain GET. An
    app says nothing, and brings its visitor's signed token instead.
    """
    site = request.META.get("HTTP_SEC_FETCH_SITE", "")
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin and origin in conf.current().event_origins:
        return Origin(is_trusted=True, listed=origin)
    if site:
        own = site == "same-origin" or (site == "none" and request.method == "GET")
        return Origin(is_trusted=True, is_own_page=True) if own else _FOREIGN
    if origin:
        # The scheme is left out: behind a proxy that ends TLS, Django may not know it.
        own = origin.partition("://")[2] == request.get_host()
        return Origin(is_trusted=True, is_own_page=True) if own else _FOREIGN
    # Browsers from before 2023 do not say it of a GET, whose answer others cannot read.
    return Origin(is_trusted=tokens.is_by_app(request) or request.method == "GET")


def let_read(response: HttpResponseBase, origin: Origin, *, methods: str) -> None:
    """Let a listed origin, named as such and never `*`, read a response that is meant for it."""
    patch_vary_headers(response, ["Origin"])
    if not origin.listed:
        return
    response["Access-Control-Allow-Origin"] = origin.listed
    response["Access-Control-Allow-Credentials"] = "true"
    response["Access-Control-Allow-Methods"] = methods
    response["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
