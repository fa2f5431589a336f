"""What a request says about the circumstances of its shopper: device, way in, local hour.

Reduced at once to a class of each, see `tracking.context`: neither a User-Agent nor an address
that somebody came from is kept.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils import timezone

from persona_django.numeric.durations import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from persona_django.tracking.context import (
    UNKNOWN_DAY,
    UNKNOWN_HOUR,
    Context,
    Device,
    Entry,
    Sender,
)

LONGEST_HEADER = 512
"""What is longer is cut before any pattern sees it, so that no header makes work."""
LONGEST_QUERY = 2_048
MOST_MINUTES_EAST = 14 * 60
"""Kiribati; the furthest west is twelve hours."""

_TV = re.compile(
    r"smart-?tv|hbbtv|apple ?tv|google ?tv|android tv|bravia|\bcrkey|\broku|web0s|\bnetcast"
    r"|\baft[a-z]"
)
_TABLET = re.compile(r"\bipad|tablet|kindle|\bsilk/|playbook")
_PHONE = re.compile(r"mobi|\biphone|\bipod|windows phone|blackberry|opera mini")
_DESKTOP = re.compile(r"windows nt|macintosh|\bx11\b|\bcros\b|\blinux\b")

_PAID = re.compile(
    r"(?:^|[&;])(?:utm_(?:source|medium|campaign|id)|gclid|gbraid|wbraid|dclid|msclkid|yclid|ttclid)="
)
"""What a shop, or the advertising network for it, adds to the links of a campaign."""
_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/?#:@]+)")
_SEARCH = re.compile(
    r"(?:(?:www|m|images|news)\.)?google\.(?:com|[a-z]{2}|com?\.[a-z]{2})"
    r"|com\.google\.android\.googlequicksearchbox"
    r"|(?:[a-z]{2,5}\.)?bing\.com|(?:[a-z]+\.)?duckduckgo\.com|(?:[a-z]{2}\.)?search\.yahoo\.(?:com|co\.jp)"
    r"|(?:www\.)?(?:ecosia|qwant|startpage|mojeek|ask)\.(?:org|com)|search\.(?:brave|aol)\.com"
    r"|(?:www\.)?yandex\.(?:com|ru|by|kz|com\.tr)|ya\.ru|(?:www\.|m\.)?baidu\.com|search\.seznam\.cz"
    r"|(?:m\.)?search\.naver\.com|(?:www\.)?sogou\.com|kagi\.com|(?:www\.)?perplexity\.ai"
)


def circumstances(
    request: HttpRequest,
    *,
    sender: Sender,
    at: int,
    minutes_east: int | None = None,
    entry: Entry | None = None,
    clamped: bool = False,
) -> Context:
    """In what circumstances this request was sent. Makes no query and never raises.

    `at` is when, in seconds since 1970; `minutes_east` the shopper's own offset from UTC, where
    their browser said it, else the shop's zone counts. `entry` is what is known better than the
    request tells it.
    """
    hour, weekday = local_time(at, minutes_east)
    return Context(
        sender=sender,
        device=device_of(request),
        entry=entry_of(request) if entry is None else entry,
        hour=hour,
        weekday=weekday,
        clamped=clamped,
    )


def device_of(request: HttpRequest) -> Device:
    """What kind of screen asks, by its own words.

    An iPad that asks for pages of a desktop says that it is a Macintosh, and is one here.
    """
    found = device_named(request.META.get("HTTP_USER_AGENT", ""))
    if request.META.get("HTTP_SEC_CH_UA_MOBILE") == "?1" and found is not Device.TABLET:
        return Device.PHONE
    return found


def device_named(user_agent: str) -> Device:
    """The kind of screen that a User-Agent names."""
    return _device(user_agent[:LONGEST_HEADER].lower())


@lru_cache(maxsize=4096)
def _device(agent: str) -> Device:
    if _TV.search(agent):
        return Device.TV
    if _TABLET.search(agent) or ("android" in agent and "mobi" not in agent):
        return Device.TABLET
    if _PHONE.search(agent):
        return Device.PHONE
    return Device.DESKTOP if _DESKTOP.search(agent) else Device.UNKNOWN


def entry_of(request: HttpRequest) -> Entry:
    """How this page was come to: by the link's own words, else by the page it stands on."""
    meta = request.META
    if _PAID.search(meta.get("QUERY_STRING", "")[:LONGEST_QUERY]):
        return Entry.CAMPAIGN
    site = meta.get("HTTP_SEC_FETCH_SITE", "")
    if site == "same-origin":
        return Entry.INTERNAL
    referer = meta.get("HTTP_REFERER", "")
    if not referer:
        # A page that names nobody is not told from an address that was typed, except by this.
        return Entry.SITE if site in ("cross-site", "same-site") else Entry.DIRECT
    host = _host_named(referer[:LONGEST_HEADER])
    if not host:
        return Entry.UNKNOWN
    if host == _own_host(request):
        return Entry.INTERNAL
    return Entry.SEARCH if is_search_engine(host) else Entry.SITE


@lru_cache(maxsize=1024)
def is_search_engine(host: str) -> bool:
    """Whether a host, in lower case, is where people search the web."""
    return _SEARCH.fullmatch(host) is not None


def _host_named(address: str) -> str:
    """The host of an address, in lower case; nothing else of it is looked at, or kept."""
    found = _HOST.match(address)
    return found[1].lower().rstrip(".") if found else ""


def _own_host(request: HttpRequest) -> str:
    try:
        return _host_named(f"//{request.get_host()}")
    except DisallowedHost:
        return ""


def local_time(at: int, minutes_east: int | None = None) -> tuple[int, int]:
    """Hour and weekday (Monday 0) where the shopper is, or else where the shop is.

    >>> local_time(0, 60)
    (1, 3)
    """
    if minutes_east is not None:
        if abs(minutes_east) > MOST_MINUTES_EAST:
            return UNKNOWN_HOUR, UNKNOWN_DAY
        # 1 January 1970 was a Thursday. No calendar: an offset has no days of 23 or 25 hours.
        days, seconds = divmod(at + minutes_east * MINUTE_SECONDS, DAY_SECONDS)
        return seconds // HOUR_SECONDS, (days + 3) % 7
    moment = datetime.fromtimestamp(at, tz=timezone.get_default_timezone())
    return moment.hour, moment.weekday()
