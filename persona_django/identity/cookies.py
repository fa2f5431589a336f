"""The visitor cookie: a random pseudonym, signed, first-party, and never on a shared response."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.debug import sensitive_variables

from persona_django import conf
from persona_django.identity.keys import keyed

SALT = "persona_django.identity.cookies"
LONGEST_LIFE = timedelta(days=395)
LONGEST_VALUE = 128
"""A cookie of ours has about 100 characters; anything longer is not worth a signature check."""
CHECKED = 1_000
"""Values whose signature this process remembers to be good."""
OPENED = "_persona_opened"
"""Where a request keeps what its signed values turned out to say."""
STORABLE = frozenset({"public", "max-age", "s-maxage", "immutable", "stale-while-revalidate"})


@dataclass(frozen=True, kw_only=True)
class VisitorCookie:
    """What one cookie says: who this browser is, and a mark of the account it was linked to."""

    pseudonym: str = field(repr=False)
    """Out of logs and error reports, where whoever reads it could be this visitor."""
    mark: str = ""
    """Hash of pseudonym and account: tells whether the same user is signed in, not who."""
    before: int | None = None
    """The number of the visitor until that user signed in, whose history is linked once. It is
    told again with each request, because what wrote the link at sign-in may have failed."""
    secret: str | bytes | None = field(default=None, repr=False, compare=False)
    """The SECRET_KEY of before that signed it. Who carries it goes on as who they were, also
    where they paused or take their consent back, for as long as the shop accepts that key."""

    @classmethod
    def fresh(cls) -> VisitorCookie:
        """A new pseudonym of 128 random bits, derived from nothing. In letters and digits only:
        with a dash in front no command would take it for a value."""
        return cls(pseudonym=secrets.token_hex(16))

    @classmethod
    def begun(cls, old: VisitorCookie | None, user: Any | None) -> VisitorCookie:
        """A new pseudonym for whoever uses the browser now. Who signs in takes along what they did
        until then, and nothing of somebody who was linked to the old one."""
        fresh = cls.fresh()
        mark = mark_of(fresh.pseudonym, user)
        before = old.key if mark and old is not None and not old.mark else None
        return replace(fresh, mark=mark, before=before)

    @cached_property
    def key(self) -> int:
        """The number that stands for this visitor in our tables."""
        return keyed("visitor", self.pseudonym, secret=self.secret)

    def is_of(self, user: Any | None) -> bool:
        """Whether the cookie was given to this user, or to somebody signed out for None."""
        return self.mark == mark_of(self.pseudonym, user, secret=self.secret)


@sensitive_variables()
def mark_of(pseudonym: str, user: Any | None, *, secret: str | bytes | None = None) -> str:
    """Ten characters that only the same pseudonym and user give; empty when signed out."""
    if user is None or not getattr(user, "is_authenticated", False):
        return ""
    number = keyed("link", f"{pseudonym}:{user.pk}", secret=secret)
    return f"{number & 0xFF_FFFF_FFFF:010x}"


def name_for(request: HttpRequest) -> str:
    """The cookie's name. `__Host-` on HTTPS keeps sister domains from planting one."""
    name = conf.current().cookie_name
    return f"__Host-{name}" if request.is_secure() else name


@sensitive_variables()
def opened(request: HttpRequest) -> VisitorCookie | None:
    """The cookie this request carries, if we signed it and it is not too old.

    Says nothing about consent: ask `consent.identifying`.
    """
    return unsigned_once(request, request.COOKIES.get(name_for(request)))


def unsigned_once(
    request: HttpRequest, value: str | None, *, salt: str = SALT
) -> VisitorCookie | None:
    """As `unsigned`, and the same answer without checking the signature again for as long as the
    request lives: each door and the middleware around it ask who it is."""
    if value is None:
        return None
    known: dict[tuple[str, str], VisitorCookie | None] = request.__dict__.setdefault(OPENED, {})
    if (salt, value) not in known:
        known[salt, value] = unsigned(value, salt=salt)
    return known[salt, value]


@sensitive_variables()
def signed(cookie: VisitorCookie, *, salt: str = SALT) -> str:
    """What a browser, or with another salt an app, is given to keep."""
    before = "" if cookie.before is None else f".{cookie.before:x}"
    return _signer(settings.SECRET_KEY, salt).sign(f"{cookie.pseudonym}.{cookie.mark}{before}")


@sensitive_variables()
def unsigned(value: str, *, salt: str = SALT) -> VisitorCookie | None:
    """What `signed` put in, if it was we who did and not too long ago."""
    if len(value) > LONGEST_VALUE:
        return None
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            plain, at = _checked(value, secret, salt)
        except (signing.BadSignature, ValueError):
            # Signed by us, a time that is no number is still none of ours.
            continue
        if time.time() - at > life().total_seconds():
            continue
        pseudonym, _, linked = plain.partition(".")
        mark, _, before = linked.partition(".")
        return VisitorCookie(
            pseudonym=pseudonym,
            mark=mark,
            before=int(before, 16) if before else None,
            secret=None if secret == settings.SECRET_KEY else secret,
        )
    return None


@lru_cache(maxsize=CHECKED)
@sensitive_variables()
def _checked(value: str, secret: str | bytes, salt: str) -> tuple[str, int]:
    """What was signed, and when, in seconds since 1970. A visitor asks for several pages, and
    each reports: of one whom this process knows the signature is not checked anew."""
    signer = _signer(secret, salt)
    plain = signer.unsign(value)
    _, at, _ = value.rsplit(signer.sep, 2)
    return plain, signing.b62_decode(at)


def forget() -> None:
    """Check every signature anew."""
    _checked.cache_clear()


def may_carry(response: HttpResponseBase) -> bool:
    """Whether this response may set a cookie: nobody stores it, or we may still say so."""
    if response.streaming or not 200 <= response.status_code < 400 or response.status_code == 304:
        return False
    declared = {
        part.strip().partition("=")[0].lower()
        for part in response.get("Cache-Control", "").split(",")
    }
    if declared & {"private", "no-store"}:
        return True
    return not declared & STORABLE and not response.has_header("Expires")


@sensitive_variables()
def issue(request: HttpRequest, response: HttpResponseBase, cookie: VisitorCookie) -> None:
    """Give this browser the cookie. Call only where `may_carry` is true."""
    response.set_cookie(
        name_for(request),
        signed(cookie),
        max_age=life(),
        path="/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    keep_from_caches(response)


def withdraw(request: HttpRequest, response: HttpResponseBase) -> None:
    """Take the cookie back. Call only where `may_carry` is true."""
    response.delete_cookie(name_for(request), path="/", samesite="Lax")
    keep_from_caches(response)


def opt_out(request: HttpRequest, response: HttpResponseBase) -> None:
    """Note in this browser that it is to be left alone, in words that name nobody.

    The shop's script may read it; it lives as long as a visitor's cookie could.
    """
    response.set_cookie(
        conf.current().opt_out_cookie,
        "1",
        max_age=LONGEST_LIFE,
        path="/",
        secure=request.is_secure(),
        httponly=False,
        samesite="Lax",
    )
    keep_from_caches(response)


def opt_in(response: HttpResponseBase) -> None:
    """Take the note of `opt_out` back."""
    response.delete_cookie(conf.current().opt_out_cookie, path="/", samesite="Lax")
    keep_from_caches(response)


def keep_from_caches(response: HttpResponseBase) -> None:
    """Forbid everyone to store a response that is meant for one browser."""
    declared = response.get("Cache-Control", "").lower()
    if "private" not in declared and "no-store" not in declared:
        patch_cache_control(response, private=True, no_store=True)
    patch_vary_headers(response, ["Cookie"])


@sensitive_variables()
def _signer(secret: str | bytes, salt: str) -> signing.TimestampSigner:
    # Without Django's own fallbacks: which of the keys it was tells who somebody is.
    return signing.TimestampSigner(key=secret, salt=salt, fallback_keys=[])


def life() -> timedelta:
    """How long a pseudonym is believed after it was given; never renewed.

    No longer than its visitor is kept: without the row nobody could tell that they took their
    consent back, and what they did would begin again under the same number.
    """
    settings = conf.current()
    return min(settings.cookie_max_age, settings.visitors_kept, LONGEST_LIFE)
