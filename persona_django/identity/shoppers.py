"""Who is asking: the visitor we may recognise, the signed-in customer, and how to address them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from persona_django import conf, counters
from persona_django.breaker import breaker
from persona_django.identity import consent, cookies
from persona_django.identity.keys import keyed


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """Whoever asks, as far as we may know. Rooms below the front doors see this, not a request.

    `visitor` is set only with consent to be recognised; `user` and `customer` whenever someone is
    signed in, for what is their own anyway, such as past orders.
    """

    visitor: int | None = None
    """Keyed hash of the visitor cookie's pseudonym."""
    customer: int | None = None
    """Keyed hash of the signed-in user's primary key."""
    user: Any | None = None
    store: int = 1
    language: str = ""
    is_staff: bool = False
    consented: bool = False
    """May be personalised for: the consent policy said so for this request. A visitor who agreed
    to be counted only is recognised without it."""


ANONYMOUS = Shopper()


def resolve(request: HttpRequest) -> Shopper:
    """Who asks with this request. Costs no query of ours, and never raises.

    Reads the session only where the browser sent a session cookie, so that the pages of
    anonymous visitors stay cacheable.
    """
    user = signed_in_user(request)
    cookie = cookies.opened(request) if consent.identifying(request) else None
    # A cookie that was linked to a customer speaks for nobody else who uses the browser after her.
    is_theirs = cookie is not None and (not cookie.mark or cookie.is_of(user))
    return Shopper(
        visitor=keyed("visitor", cookie.pseudonym) if cookie and is_theirs else None,
        customer=customer_key(user) if user is not None else None,
        user=user,
        store=store_of(request),
        language=getattr(request, "LANGUAGE_CODE", None) or get_language() or "",
        is_staff=bool(getattr(user, "is_staff", False)),
        consented=consent.allowed(request, "personalise"),
    )


def signed_in_user(request: HttpRequest) -> Any | None:
    """The signed-in user, or None. Loads the session only where it can hold one."""
    if not may_be_signed_in(request):
        return None
    user = getattr(request, "user", None)
    try:
        return user if getattr(user, "is_authenticated", False) else None
    except Exception as error:  # noqa: BLE001 - the shop's user backend must not break a page
        counters.failed("user_unreadable", _USER_ADVICE, error=error)
        return None


def known_user(request: HttpRequest) -> Any | None:
    """The request's user where the page has loaded it already, signed in or not, else None."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject) and user.__dict__.get("_wrapped") is empty:
        return getattr(request, "_acached_user", None)
    return user


def customer_key(user: Any) -> int:
    """The number that stands for one of the shop's users."""
    return keyed("customer", str(user.pk))


def store_of(request: HttpRequest) -> int:
    """The store this request belongs to: 1 unless the setting STORE_OF says otherwise."""
    path = conf.current().store_of
    if not path:
        return 1
    which = breaker("store_of")
    try:
        began = which.begin()
        try:
            return int(_function(path)(request))
        finally:
            # It is asked before each page, so that one that takes long is left alone, too.
            which.end(began, failed=False)
    except Exception as error:  # noqa: BLE001 - the shop's function must not break its page
        counters.failed("store_unknown", _STORE_ADVICE, error=error)
        return 1


_USER_ADVICE = "request.user raised; the shopper counts as signed out. Check the user backend."
_STORE_ADVICE = 'PERSONA["STORE_OF"] raised or gave no number; store 1 is used. Check it.'


def may_be_signed_in(request: HttpRequest) -> bool:
    """False only where Django's own lazy user would read a session that nobody has."""
    user = getattr(request, "user", None)
    if not isinstance(user, SimpleLazyObject) or user.__dict__.get("_wrapped") is not empty:
        return user is not None
    setup = user.__dict__.get("_setupfunc")
    # Named, not imported: a shop without django.contrib.auth could not import it.
    if getattr(setup, "__module__", "") != "django.contrib.auth.middleware":
        return True
    return settings.SESSION_COOKIE_NAME in request.COOKIES


@lru_cache(maxsize=8)
def _function(path: str) -> Callable[[HttpRequest], int]:
    found: Callable[[HttpRequest], int] = import_string(path)
    return found
