"""Whose data is meant: of a request only the one who sends it, of a customer all their devices."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from persona_django.identity import cookies, restrictions, tokens
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.restrictions import Kind
from persona_django.identity.subjects import (
    is_paused,
    pause,
    resume,
    subject_of,
    subject_of_customer,
    subject_of_guest,
    subject_of_visitor,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Any:
    return get_user_model().objects.create(username="anna")


def request(cookie: VisitorCookie | None = None, user: Any = None) -> Any:
    made = RequestFactory().get("/")
    if cookie is not None:
        made.COOKIES["persona"] = cookies.signed(cookie)
    if user is not None:
        made.user = user
    return made


def linked(user: Any) -> VisitorCookie:
    fresh = VisitorCookie.fresh()
    return replace(fresh, mark=cookies.mark_of(fresh.pseudonym, user))


def key_of(cookie: VisitorCookie) -> int:
    return keyed("visitor", cookie.pseudonym)


def met(cookie: VisitorCookie) -> VisitorCookie:
    """The same, once something was stored of them."""
    Visitor.objects.create(key=key_of(cookie), purposes="measure")
    return cookie


def test_a_request_without_cookie_or_account_is_nobody():
    assert subject_of(request()).is_nobody


def test_a_visitor_is_their_cookie_agreed_or_not():
    cookie = met(VisitorCookie.fresh())

    assert subject_of(request(cookie)).keys == {key_of(cookie)}


def test_a_visitor_of_whom_nothing_was_ever_stored_is_a_stranger_until_something_is(anna):
    for cookie, user in ((VisitorCookie.fresh(), None), (linked(anna), anna)):
        asked = request(cookie, user)

        assert subject_of(asked).strangers == subject_of(asked).visitors == {key_of(cookie)}
        met(cookie)
        assert not subject_of(asked).strangers
        assert subject_of(asked).visitors == {key_of(cookie)}


def test_a_stranger_s_wish_is_kept_for_as_long_as_a_cookie_can_live_and_a_customer_s_for_good(
    anna, settings
):
    cookie = VisitorCookie.fresh()
    subject = subject_of(request(cookie, anna))

    pause(subject)

    until = dict(Restriction.objects.values_list("key", "until"))
    assert set(until) == subject.keys
    assert [key for key in until if until[key] is not None] == [key_of(cookie)]
    assert until[key_of(cookie)] >= time.time() + 395 * 86_400 - 60
    settings.PERSONA = {**settings.PERSONA, "VISITORS_KEPT": timedelta(days=800)}
    assert restrictions.end_of_strangers() >= time.time() + 800 * 86_400 - 60


def test_an_app_s_visitor_is_their_token():
    visitor = met(VisitorCookie.fresh())
    asked = RequestFactory().get("/", headers={tokens.HEADER: tokens.issue(visitor)})

    assert subject_of(asked).keys == {key_of(visitor)}


def test_a_customer_is_all_browsers_they_signed_in_with_and_their_imported_history(anna):
    customer, elsewhere = keyed("customer", str(anna.pk)), 4_711
    Visitor.objects.create(key=elsewhere, account=customer, purposes="measure")
    Visitor.objects.create(key=4_712, account=customer + 1, purposes="measure")
    here = met(linked(anna))

    found = subject_of(request(here, anna))

    assert found.visitors == {elsewhere, key_of(here)}
    assert found.customers == {customer, keyed("aggregate", str(anna.pk))}
    assert found.customer == str(anna.pk)
    assert subject_of_customer(anna.pk).visitors == {elsewhere}


def test_a_cookie_linked_to_one_customer_is_no_part_of_another(anna):
    bert = get_user_model().objects.create(username="bert")

    assert subject_of(request(linked(anna), bert)).visitors == set()
    assert subject_of(request(linked(anna))).is_nobody


def test_a_guest_is_the_same_however_they_typed_their_address():
    assert subject_of_guest(" Anna@Shop.EXAMPLE ") == subject_of_guest("anna@shop.example")
    assert subject_of_guest("a@b.example").keys == {keyed("guest", "a@b.example")}


def test_a_visitor_may_quote_the_value_of_cookie_or_token():
    visitor = VisitorCookie.fresh()

    for value in (cookies.signed(visitor), tokens.issue(visitor)):
        assert subject_of_visitor(value).keys == {key_of(visitor)}
    assert subject_of_visitor("forged").is_nobody


def test_what_was_stored_under_an_earlier_secret_is_still_theirs(settings, anna):
    cookie = met(VisitorCookie.fresh())
    asked = request(cookie, anna)
    before = subject_of(asked)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key" * 3

    assert before.customers < subject_of(asked).customers
    assert before.visitors < subject_of(asked).visitors


def test_pausing_and_resuming_hold_for_all_of_their_numbers(anna):
    subject = subject_of(request(met(VisitorCookie.fresh()), anna))

    pause(subject)
    assert all(map(restrictions.is_restricted, subject.keys))
    assert is_paused(subject)

    resume(subject)
    assert not any(map(restrictions.is_restricted, subject.keys))
    assert not is_paused(subject)


def test_an_erased_customer_may_come_back_and_an_erased_visitor_may_not(anna):
    subject = subject_of(request(met(VisitorCookie.fresh()), anna))
    restrictions.restrict(subject.keys, Kind.ERASED)

    resume(subject)

    assert not any(map(restrictions.is_restricted, subject.customers))
    assert all(map(restrictions.is_erased, subject.visitors))
