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
from persona_django.identity import consent, restrictions, tokens
from persona_django.identity.keys import keyed, keyed_ever


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
    left_alone: bool = False
    """Paused or erased: nothing is recorded of them, nor shown for them alone."""


def resolve(request: HttpRequest) -> Shopper:
    """Who asks with this request. Costs no query of ours, and never raises.

    Reads the session only where the browser sent a session cookie, so that the pages of
    anonymous visitors stay cacheable.
    """
    user = signed_in_user(request)
    visitor = visitor_key(request, user) if consent.identifying(request) else None
    left_alone = is_left_alone(request, visitor, user)
    return Shopper(
        visitor=None if left_alone else visitor,
        customer=customer_key(user) if user is not None else None,
        user=user,
        store=store_of(request),
        language=getattr(request, "LANGUAGE_CODE", None) or get_language() or "",
        is_staff=bool(getattr(user, "is_staff", False)),
        consented=not left_alone and consent.allowed(request, "personalise"),
        left_alone=left_alone,
    )


def visitor_to_know(request: HttpRequest) -> int | None:
    """The visitor for whom this page may be made; None for everybody else. Reads no session.

    Who is signed in is not asked, because that would keep caches from storing the page. A cookie
    that was linked to a customer counts as long as somebody can be signed in, and for them alone
    where the page has loaded them.
    """
    if not consent.allowed(request, "personalise"):
        return None
    cookie = tokens.carried(request)
    if cookie is None:
        return None
    user = known_user(request)
    is_theirs = may_be_signed_in(request) if user is None else cookie.is_of(user)
    return cookie.key if is_theirs or not cookie.mark else None


def visitor_key(request: HttpRequest, user: Any | None) -> int | None:
    """The visitor whose cookie or token this request carries, agreed or not.

    One that was linked to a customer speaks for nobody else who uses the device after her.
    """
    cookie = tokens.carried(request)
    if cookie is None or (cookie.mark and not cookie.is_of(user)):
        return None
    return cookie.key


def is_left_alone(request: HttpRequest, visitor: int | None, user: Any | None) -> bool:
    """Whether these opted out in this browser, paused or were erased, as far as this process
    has heard. Asks nothing."""
    if consent.opted_out(request):
        return True
    if not restrictions.are_any_known():
        return False
    return restrictions.are_known(visitor, *(customer_keys(user) if user is not None else ()))


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


def customer_keys(user: Any) -> list[int]:
    """That number, and those from before SECRET_KEY was rotated."""
    return keyed_ever("customer", str(user.pk))


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
