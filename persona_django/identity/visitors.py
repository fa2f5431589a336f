"""Recognise a visitor by the cookie, give or take the cookie, and keep their row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db import router, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from persona_django.identity import consent, cookies
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.models import Visitor
from persona_django.identity.shoppers import (
    customer_key,
    known_user,
    may_be_signed_in,
    store_of,
)

MOST_REMEMBERED = 20_000


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Who this request came from, and what is to be written about it after the response."""

    visitor: int | None = None
    """Keyed hash of the pseudonym; None for everyone we may not or cannot recognise."""
    store: int = 1
    purposes: str = ""
    account: int | None = None
    """Keyed hash of the customer whom this response links the visitor to."""
    before: int | None = None
    """The visitor until they signed in just now; their history is linked once."""
    withdrawn: int | None = None
    """The visitor who took their consent back."""

    @property
    def has_news(self) -> bool:
        """Whether there is something to write even without an event."""
        if self.account is not None or self.withdrawn is not None:
            return True
        return _remembered.get(self.visitor, self.purposes) != self.purposes


NOBODY = Recognised()


def concerns(request: HttpRequest) -> bool:
    """False for the plainest case: nothing was agreed to, and there is no cookie to take back."""
    if consent.identifying(request):
        return True
    return cookies.name_for(request) in request.COOKIES


def recognise(
    request: HttpRequest, response: HttpResponseBase, *, may_begin: bool = True
) -> Recognised:
    """Tell who this is and settle the cookie on the response. Makes no query.

    The pseudonym changes when a user signs in, when they sign out or their session is over and
    when another signs in, so that nothing follows from one person to the next on a shared device.
    `may_begin` is False for robots and for what is no page: they are never given a first
    cookie.
    """
    agreed = consent.identifying(request)
    cookie = cookies.opened(request)
    if not agreed:
        return _forget(request, response, cookie)
    user = known_user(request)
    known = Recognised(store=store_of(request), purposes=",".join(agreed))
    # Whom the page has not loaded is the same as before, as long as somebody can be signed in.
    if cookie and (cookie.is_of(user) or (user is None and may_be_signed_in(request))):
        return replace(known, visitor=_key(cookie))
    if cookie is None and not may_begin:
        return NOBODY
    if not cookies.may_carry(response):
        # Not linked yet: still the visitor of before. Linked to someone else: nobody of ours.
        return replace(known, visitor=_key(cookie)) if cookie and not cookie.mark else NOBODY
    return _begin(request, response, known, cookie, user)


def _begin(
    request: HttpRequest,
    response: HttpResponseBase,
    known: Recognised,
    old: VisitorCookie | None,
    user: Any | None,
) -> Recognised:
    fresh = VisitorCookie.fresh()
    fresh = replace(fresh, mark=cookies.mark_of(fresh.pseudonym, user))
    cookies.issue(request, response, fresh)
    account = customer_key(user) if getattr(user, "is_authenticated", False) else None
    return replace(
        known,
        visitor=_key(fresh),
        account=account,
        before=_key(old) if account and old and not old.mark else None,
    )


def _forget(
    request: HttpRequest, response: HttpResponseBase, cookie: VisitorCookie | None
) -> Recognised:
    """Take the cookie back, unless the refusal is only a policy that failed."""
    failed = any(consent.decide(request, purpose) is None for purpose in consent.IDENTIFYING)
    carried = cookies.name_for(request) in request.COOKIES
    if failed or not carried or not cookies.may_carry(response):
        return NOBODY
    cookies.withdraw(request, response)
    return Recognised(store=store_of(request), withdrawn=_key(cookie) if cookie else None)


def _key(cookie: VisitorCookie) -> int:
    return keyed("visitor", cookie.pseudonym)


_remembered: dict[int | None, str] = {}
"""Visitors whose row this process knows to stand, and what they agreed to by it."""


def is_unwritten(recognised: Recognised) -> bool:
    """Whether `write` has anything to do, as far as this process knows."""
    return recognised.has_news or recognised.visitor not in _remembered


def write(recognised: Recognised, *, place: Callable[[], int] | None = None) -> None:
    """Keep what was recognised, in the caller's transaction. Harmless when repeated.

    `place` tells the place of a new visitor among those of their network; it is asked for the
    first row of a visitor only.
    """
    alias = router.db_for_write(Visitor)
    if recognised.withdrawn is not None:
        _remembered.pop(recognised.withdrawn, None)
        # The row is a mark that this visitor's events may teach nothing any more, also those
        # that were stored without one.
        Visitor.objects.using(alias).update_or_create(
            key=recognised.withdrawn,
            defaults={"store": recognised.store, "purposes": "", "account": None},
        )
    both = [key for key in (recognised.before, recognised.visitor) if key is not None]
    if both:
        _keep(alias, both, recognised, _rank(alias, recognised.visitor, place))


def _rank(alias: str, visitor: int | None, place: Callable[[], int] | None) -> int:
    """The place of a visitor who has no row yet; 0 when nobody counts."""
    if place is None or visitor is None:
        return 0
    is_known = Visitor.objects.using(alias).filter(key=visitor).exists()
    return 0 if is_known else place()


def _keep(alias: str, visitors: list[int], recognised: Recognised, rank: int) -> None:
    purposes = recognised.purposes
    rows = [
        Visitor(
            key=visitor,
            store=recognised.store,
            account=recognised.account,
            purposes=purposes,
            rank=rank if visitor == recognised.visitor else 0,
        )
        for visitor in visitors
    ]
    Visitor.objects.using(alias).bulk_create(rows, ignore_conflicts=True)
    # Whoever took everything back stays so: a page of theirs was still on its way.
    theirs = Visitor.objects.using(alias).filter(key__in=visitors).exclude(purposes="")
    theirs.exclude(purposes=purposes).update(purposes=purposes)
    if recognised.account is not None:
        theirs.filter(account=None).update(account=recognised.account)
    # Not before it is sure: what is rolled back must be written by the next page.
    transaction.on_commit(lambda: _remember(visitors, purposes), using=alias, robust=True)


def _remember(visitors: list[int], purposes: str) -> None:
    while len(_remembered) > MOST_REMEMBERED:
        _remembered.pop(next(iter(_remembered)), None)
    _remembered.update(dict.fromkeys(visitors, purposes))


def forget() -> None:
    """Remember no visitor of this process. For tests."""
    _remembered.clear()
