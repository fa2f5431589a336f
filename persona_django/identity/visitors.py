"""Recognise a visitor by the cookie, give or take the cookie, and keep their row."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from persona_django import conf
from persona_django.breaker import database_call
from persona_django.identity import consent, cookies, remembered, restrictions
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.erasure import bury
from persona_django.identity.models import Visitor
from persona_django.identity.shoppers import (
    customer_keys,
    known_user,
    may_be_signed_in,
    store_of,
)


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Who this request came from, and what is to be written about it after the response."""

    visitor: int | None = None
    """Keyed hash of the pseudonym; None for everyone we may not or cannot recognise."""
    store: int = 1
    purposes: str = ""
    account: int | None = None
    """Keyed hash of the customer to whom the visitor is linked, until that is known to stand."""
    once: tuple[int, ...] = ()
    """That customer by secrets of before: they may have paused under one of these."""
    before: int | None = None
    """The visitor until they signed in; their history is linked once."""
    withdrawn: int | None = None
    """The visitor who took their consent back."""
    left_alone: bool = False
    """Paused or erased, as far as this process has heard: it is to hear again."""

    @property
    def has_news(self) -> bool:
        """Whether there is something to write even without an event."""
        if self.withdrawn is not None:
            return remembered.answer_of(self.withdrawn) != _answer("")
        if self.account is not None:
            return True
        return remembered.answer_of(self.visitor) not in (None, _answer(self.purposes))


NOBODY = Recognised()
LEFT_ALONE = Recognised(left_alone=True)


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
    if cookie and restrictions.are_known(cookie.key, kind=restrictions.Kind.ERASED):
        if cookie.mark and user is None:
            # Theirs to whom the cookie was linked, who may be gone as well: not heard yet.
            return LEFT_ALONE
        # Nothing is ever taken in under that number again: who goes on begins anew.
        cookie = None
    if cookie and remembered.answer_of(cookie.key) == _answer(""):
        # It had to stay when the consent was taken back: who agrees again begins anew.
        if not may_begin and cookies.may_carry(response):
            cookies.withdraw(request, response)
        cookie = None
    if _is_left_alone(cookie, user):
        return LEFT_ALONE
    known = Recognised(store=store_of(request), purposes=",".join(agreed))
    # Whom the page has not loaded is the same as before, as long as somebody can be signed in.
    if cookie and (cookie.is_of(user) or (user is None and may_be_signed_in(request))):
        return linked(replace(known, visitor=cookie.key), cookie, user)
    if cookie is None and not may_begin:
        return NOBODY
    if not cookies.may_carry(response):
        # Not linked yet: still the visitor of before. Linked to someone else: nobody of ours.
        return replace(known, visitor=cookie.key) if cookie and not cookie.mark else NOBODY
    return _begin(request, response, known, cookie, user)


def _is_left_alone(cookie: VisitorCookie | None, user: Any | None) -> bool:
    """Whether this visitor, or whoever is signed in, has paused or was erased."""
    if not restrictions.are_any_known():
        return False
    keys = [cookie.key] if cookie else []
    if getattr(user, "is_authenticated", False):
        keys += customer_keys(user)
    return restrictions.are_known(*keys)


def _begin(
    request: HttpRequest,
    response: HttpResponseBase,
    known: Recognised,
    old: VisitorCookie | None,
    user: Any | None,
) -> Recognised:
    fresh = VisitorCookie.begun(old, user)
    cookies.issue(request, response, fresh)
    return linked(replace(known, visitor=fresh.key), fresh, user)


def linked(known: Recognised, cookie: VisitorCookie | None, user: Any | None) -> Recognised:
    """With the customer whose cookie or token this is, and what they did before they signed in.

    Not only at sign-in: while the database rests, or over a limit, that page writes nothing, and
    what is not linked is not found when the customer wants it erased. So it is tried with each
    request whose user is known, until this process knows that the link stands.
    """
    if cookie is None or user is None or not cookie.mark or remembered.is_linked(cookie.key):
        return known
    if not cookie.is_of(user):
        return known
    account, *once = customer_keys(user)
    before = cookie.before
    if before is not None and restrictions.are_known(before):
        before = None
    return replace(known, account=account, once=tuple(once), before=before)


def _forget(
    request: HttpRequest, response: HttpResponseBase, cookie: VisitorCookie | None
) -> Recognised:
    """Take the cookie back, unless the policy only failed, or the visitor only paused. Where it
    must stay, their row is marked all the same."""
    carried = cookies.name_for(request) in request.COOKIES
    if not carried or not consent.is_withdrawn(request):
        return NOBODY
    if cookies.may_carry(response):
        cookies.withdraw(request, response)
    return taken_back(cookie, store_of(request))


def taken_back(cookie: VisitorCookie | None, store: int) -> Recognised:
    """Whose consent goes with this cookie or token: also that of before they signed in last. What
    was done under an earlier sign-in is that customer's, who may be another person."""
    if cookie is None:
        return Recognised(store=store)
    return Recognised(store=store, withdrawn=cookie.key, before=cookie.before)


def _answer(purposes: str) -> remembered.Answer:
    return purposes, conf.current().consent_version


def is_unwritten(recognised: Recognised) -> bool:
    """Whether `write` has anything to do, as far as this process knows."""
    return recognised.has_news or remembered.answer_of(recognised.visitor) is None


def is_over(visitor: int) -> bool:
    """Whether this number stands for nobody any more: erased, or its consent was taken back."""
    if restrictions.are_known(visitor, kind=restrictions.Kind.ERASED):
        return True
    rows = Visitor.objects.using(router.db_for_write(Visitor))
    return rows.filter(key=visitor, purposes="").exists()


def rank_of(recognised: Recognised, place: Callable[[], int] | None) -> int:
    """The place of a visitor without a row among the new ones of their network, as `place` tells
    it; 0 for everybody else.

    To be asked before the transaction of `write`: SQLite refuses the first write of one that
    began by reading, and no lock should be held while a cache is waited for.
    """
    if place is None or recognised.visitor is None:
        return 0
    alias = router.db_for_write(Visitor)
    with database_call(alias):
        is_there = Visitor.objects.using(alias).filter(key=recognised.visitor).exists()
    return 0 if is_there else place()


def write(recognised: Recognised, *, rank: int = 0, may_add: bool = True) -> bool:
    """Keep what was recognised, in the caller's transaction, and say whether what this visitor
    did may be kept as well. Harmless when repeated.

    Nothing is kept of whoever paused or was erased, nor of who took their consent back while this
    was on its way, as far as this process has heard: refresh `restrictions` before. `rank`, as
    `rank_of` told it, stands in the first row of a visitor only. `may_add` is False where a flood
    must not make rows: then a withdrawal is noted in the row that is there.
    """
    alias = router.db_for_write(Visitor)
    if recognised.withdrawn is not None:
        _withdraw(alias, recognised.withdrawn, recognised.store, may_add=may_add)
        rows = Visitor.objects.using(alias).filter(key=recognised.withdrawn)
        linked_to = list(rows.values_list("account", flat=True))
        if recognised.before is not None and _is_of(alias, recognised.before, linked_to):
            _withdraw(alias, recognised.before, recognised.store, may_add=may_add)
    if recognised.visitor is None or restrictions.are_known(recognised.visitor):
        return False
    customer = (recognised.account, *recognised.once)
    if restrictions.are_known(*customer):
        # The link was made before this process heard of it: this browser is the customer's.
        is_erased = restrictions.are_known(*customer, kind=restrictions.Kind.ERASED)
        # What was stored while nobody knew whose it is goes with the sweep.
        leave_alone = bury if is_erased else _pause
        leave_alone([recognised.visitor])
        if recognised.before is not None and _is_of(alias, recognised.before, customer):
            leave_alone([recognised.before])
        return False
    if recognised.before is not None and restrictions.are_known(recognised.before):
        # Heard since: left alone, and no reason to leave alone who goes on.
        recognised = replace(recognised, before=None)
    return _keep(alias, recognised, rank)


def _pause(keys: Collection[int]) -> int:
    return restrictions.restrict(keys, restrictions.Kind.PAUSED)


def _is_of(alias: str, visitor: int, customer: Collection[int | None]) -> bool:
    """Whether what a browser did before somebody signed in is theirs, and not, by now, somebody
    else's: a copied cookie or an app's first token may have been anybody's. To be asked after the
    first write of a transaction."""
    rows = Visitor.objects.using(alias).filter(key=visitor, account__isnull=False)
    return not rows.exclude(account__in=customer).exists()


def _withdraw(alias: str, visitor: int, store: int, *, may_add: bool) -> None:
    # Whatever of theirs is still on its way finds no answer here, and looks again.
    remembered.forget_some([visitor])
    if restrictions.are_known(visitor, kind=restrictions.Kind.ERASED):
        return
    # The row is a mark that this visitor's events may teach nothing any more, also those
    # that were stored without one. It goes on naming the customer, who must find them wherever
    # they ask for what is held about them, or want it erased.
    _, version = _answer("")
    answer = {"purposes": "", "consent_version": version, "agreed_at": int(time.time())}
    rows = Visitor.objects.using(alias)
    # Not looked for first: SQLite may refuse the first write of a transaction that began so.
    if may_add:
        rows.bulk_create([Visitor(key=visitor, store=store, **answer)], ignore_conflicts=True)
    if not rows.filter(key=visitor).update(store=store, **answer):
        return
    # Not before it is sure: what is rolled back must be written by whoever comes next.
    known = partial(remembered.remember_withdrawn, visitor, _answer(""))
    transaction.on_commit(known, using=alias, robust=True)


def _keep(alias: str, recognised: Recognised, rank: int) -> bool:
    # Before anything is read: whoever is forgotten from now on may be this one.
    as_of = remembered.moment()
    visitor, account, before = recognised.visitor, recognised.account, recognised.before
    assert visitor is not None
    # Whoever took everything back stays so: a page of theirs was still on its way.
    theirs = Visitor.objects.using(alias).exclude(purposes="")
    _agree(theirs, visitor, recognised, rank)
    if account is not None:
        is_new = theirs.filter(key=visitor, account=None).update(account=account)
        if is_new and before is not None:
            # Only with the link itself, not whenever it is tried again: the row of before may be
            # too old by now, and gone.
            _agree(theirs, before, recognised)
            theirs.filter(key=before, account=None).update(account=account)
    if not theirs.filter(key=visitor).exists():
        # Their next page begins anew, which this one could not know.
        known = partial(remembered.remember_withdrawn, visitor, _answer(""))
        transaction.on_commit(known, using=alias, robust=True)
        return False
    # Not before it is sure: what is rolled back must be written by the next page.
    known = partial(
        remembered.remember,
        [visitor],
        _answer(recognised.purposes),
        as_of=as_of,
        is_linked=account is not None,
    )
    transaction.on_commit(known, using=alias, robust=True)
    return True


def _agree(theirs: QuerySet[Visitor], visitor: int, recognised: Recognised, rank: int = 0) -> None:
    """Have a row say what was agreed to, whether it was there or not."""
    purposes, version = _answer(recognised.purposes)
    receipt = {
        "purposes": purposes,
        "consent_version": version,
        "agreed_at": int(time.time()),
    }
    row = Visitor(key=visitor, store=recognised.store, rank=rank, **receipt)
    theirs.bulk_create([row], ignore_conflicts=True)
    changed = theirs.filter(key=visitor).exclude(purposes=purposes, consent_version=version)
    changed.update(**receipt)
