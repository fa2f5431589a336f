"""Whose data: a visitor, a customer, or both, with every number that stands for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import router
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from persona_django.identity import cookies, restrictions, tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed_ever
from persona_django.identity.models import Visitor
from persona_django.identity.restrictions import Kind
from persona_django.identity.shoppers import signed_in_user

AS_CUSTOMER = ("customer", "aggregate")
"""Purposes for which the shop's key of a customer is hashed: events, and imported history."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One person as far as we can tell: what is asked for, erased or paused together."""

    visitors: frozenset[int] = frozenset()
    customers: frozenset[int] = frozenset()
    """Keyed hashes of the customer's own key, also by secrets of before."""
    customer: str = ""
    """The customer's own key, as text, for tables of the shop; empty for visitors."""
    strangers: frozenset[int] = frozenset()
    """Those of the visitors under whom nothing was ever stored. What they wish is kept for as
    long as anybody can come with their cookie or token, and not for good."""

    @property
    def keys(self) -> frozenset[int]:
        """Every number that may stand for them in our tables."""
        return self.visitors | self.customers

    @property
    def is_nobody(self) -> bool:
        """Whether there is nobody to speak of."""
        return not self.keys


@sensitive_variables()
def subject_of(request: HttpRequest) -> Subject:
    """Whoever sends a request: the visitor by cookie or token, and the customer signed in.

    Nothing in the request can name anybody else. A visitor under whom nothing was ever stored is
    a stranger, and meant as well: their first page may still be on its way. Anybody can have as
    many such numbers as they like, so whoever lets strangers pause or erase sets a limit to it.
    """
    user = signed_in_user(request)
    cookie = tokens.carried(request)
    found = subject_of_customer(user.pk) if user is not None else Subject()
    # A cookie that was linked to a customer speaks for nobody else who uses the browser.
    if cookie is None or (cookie.mark and not cookie.is_of(user)):
        return found
    numbers = frozenset(keyed_ever("visitor", cookie.pseudonym))
    before = _before(cookie, found.customers)
    strangers = (one for one in (numbers, before) if one and not _is_kept(one))
    return replace(
        found,
        visitors=found.visitors | numbers | before,
        strangers=frozenset().union(*strangers),
    )


def _before(cookie: VisitorCookie, customers: frozenset[int] = frozenset()) -> frozenset[int]:
    """The visitor until sign-in, whose link may never have been written: only the cookie knows
    them then. Not where they are somebody else's by now."""
    if cookie.before is None:
        return frozenset()
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(key=cookie.before)
    accounts = set(rows.values_list("account", flat=True)) - {None}
    return frozenset({cookie.before}) if accounts <= customers else frozenset()


def _is_kept(numbers: frozenset[int]) -> bool:
    """Whether anything stands under one of these: nothing does before the visitor's own row. Who
    was erased may have been only half-way."""
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(key__in=sorted(numbers))
    return rows.exists() or any(map(restrictions.is_restricted, numbers))


@sensitive_variables()
def subject_of_customer(pk: Any) -> Subject:
    """A customer by their primary key in the shop, with every visitor who signed in as them."""
    key = str(pk)
    customers = {one for purpose in AS_CUSTOMER for one in keyed_ever(purpose, key)}
    rows = Visitor.objects.using(router.db_for_write(Visitor)).filter(account__in=customers)
    return Subject(
        visitors=frozenset(rows.values_list("key", flat=True)),
        customers=frozenset(customers),
        customer=key,
    )


@sensitive_variables()
def subject_of_guest(key: str) -> Subject:
    """A guest by what the order map calls their `guest_key`, such as their e-mail address."""
    normal = key.strip().casefold()
    return Subject(customers=frozenset(keyed_ever("guest", normal)))


@sensitive_variables()
def subject_of_visitor(value: str) -> Subject:
    """A visitor by the value of their cookie or of an app's token, as they may quote it.

    Nobody where we did not sign it, or too long ago.
    """
    cookie = cookies.unsigned(value) or tokens.opened(value)
    if cookie is None:
        return Subject()
    numbers = frozenset(keyed_ever("visitor", cookie.pseudonym))
    return Subject(visitors=numbers | _before(cookie))


def subject_of_keys(keys: Iterable[int]) -> Subject:
    """Somebody of whom nothing is known any more but their numbers."""
    return Subject(visitors=frozenset(keys))


def pause(subject: Subject) -> None:
    """Keep what is there; record nothing more of them, learn nothing from it, show nothing by it.

    Holds in every process within a second.
    """
    restrictions.restrict(subject.keys - subject.strangers, Kind.PAUSED)
    if subject.strangers:
        until = restrictions.end_of_strangers()
        restrictions.restrict(subject.strangers, Kind.PAUSED, until=until)


def resume(subject: Subject) -> None:
    """Take `pause` back. A customer who was erased is recognised from now on, with nothing of
    before; a visitor who was erased never is, because a browser gets another number anyway."""
    restrictions.lift(subject.visitors)
    restrictions.lift(subject.customers, tuple(Kind))


def is_paused(subject: Subject) -> bool:
    """Whether any of their numbers is left alone, paused or erased."""
    return any(map(restrictions.is_restricted, subject.keys))
