"""What the script in the browser is told by its tag: where it reports to, and who may be watched.

Everything in it is the same for everybody, so that a page may be cached; only a page rendered for
a visitor who agreed also names its view, so that the script's report of it and ours are one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from persona_django import conf
from persona_django.exceptions import PersonaError
from persona_django.identity import consent
from persona_django.tracking import ingest, items
from persona_django.tracking.pages import is_chosen

EVENTS = "persona:events"
"""Name of the address that takes the script's reports."""


def where_reports_go() -> str:
    """The address for reports; empty while the shop has not included our addresses."""
    try:
        return reverse(EVENTS)
    except NoReverseMatch:
        return ""


def attributes(request: HttpRequest | None, shown: Any = None) -> dict[str, str]:
    """The data attributes of the script's tag; empty where nobody is to be watched.

    `shown` is what the page shows by its own account, as a DetailView's `object`. Raises what a
    policy raises when it is made.
    """
    policy = consent.policy()
    address = where_reports_go()
    if isinstance(policy, consent.RefuseAll) or not address:
        return {}
    told = {"data-events": address, "data-off": conf.current().opt_out_cookie}
    cookie = policy.browser_cookie()
    if cookie is not None:
        name, accepted = cookie
        told["data-consent"] = name
        told["data-accepted"] = "|".join(quote(value, safe="") for value in accepted)
    if policy.browser_signals():
        told["data-signals"] = "1"
    if request is not None:
        if consent.identifying(request):
            told["data-view"] = ingest.view_id(request)
            if not is_chosen(request):
                told["data-unasked"] = "1"
        item = about(request) or _address_of(shown)
        if item:
            told["data-item"] = item
    return told


def about(request: HttpRequest) -> str:
    """The item that a page has named so far, as "shop.product:31"; empty when none."""
    named = ingest.named_item(request)
    return "{}:{}".format(*named) if named is not None and items.is_registered(named[0]) else ""


def _address_of(shown: Any) -> str:
    """The item that an object of the shop is, where it is one."""
    if not hasattr(shown, "_meta"):
        return ""
    try:
        label, key = items.name_of(shown)
    except PersonaError:
        return ""
    return f"{label}:{key}" if items.is_registered(label) else ""
