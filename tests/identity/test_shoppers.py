"""Who asks, as the rooms below see them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from persona_django import counters
from persona_django.identity import cookies
from persona_django.identity.consent import ConsentPolicy
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.shoppers import resolve, visitor_to_know

ACCEPT_ALL = {"CONSENT_POLICY": {"BACKEND": "persona_django.identity.consent.AcceptAll"}}


class Measured(ConsentPolicy):
    """Everyone agreed to be counted, and to nothing else."""

    def allowed(self, request: Any, purpose: str) -> bool:
        return purpose == "measure"


def request(**cookies_carried: str) -> Any:
    """A request as it comes out of Django's session and authentication middleware."""
    made = RequestFactory().get("/")
    made.COOKIES.update(cookies_carried)

    def answer(request: Any) -> HttpResponse:
        return HttpResponse()

    SessionMiddleware(AuthenticationMiddleware(answer))(made)
    return made


def with_cookie(made: Any, cookie: VisitorCookie) -> Any:
    response = HttpResponse()
    cookies.issue(made, response, cookie)
    made.COOKIES["persona"] = response.cookies["persona"].value
    return made


def of_store_two(request: Any) -> int:
    return 2


def of_no_store(request: Any) -> int:
    raise RuntimeError("which shop is this?")


@pytest.mark.django_db
def test_an_anonymous_visitor_is_nobody_and_their_session_stays_untouched(
    django_assert_num_queries,
):
    made = request()

    with django_assert_num_queries(0):
        shopper = resolve(made)

    assert (shopper.visitor, shopper.customer, shopper.user) == (None, None, None)
    assert not shopper.consented and not shopper.is_staff
    assert not made.session.accessed


@pytest.mark.django_db
def test_a_signed_in_user_is_known_for_what_is_theirs_even_without_consent():
    made = request()
    made.user = get_user_model().objects.create(username="anna", is_staff=True)

    shopper = resolve(made)

    assert shopper.user == made.user
    assert shopper.customer == keyed("customer", str(made.user.pk))
    assert shopper.visitor is None
    assert shopper.is_staff


def test_a_visitor_cookie_counts_only_with_consent(settings):
    cookie = VisitorCookie.fresh()
    refused = resolve(with_cookie(request(), cookie))
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}

    allowed = resolve(with_cookie(request(), cookie))

    assert refused.visitor is None
    assert allowed.visitor == keyed("visitor", cookie.pseudonym)
    assert allowed.consented


def test_a_cookie_as_old_as_its_life_is_nobody(settings, time_machine):
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}
    time_machine.move_to("2026-01-01")
    given = with_cookie(request(), VisitorCookie.fresh()).COOKIES
    early, late = request(), request()
    early.COOKIES, late.COOKIES = given, given
    time_machine.move_to("2027-01-25")
    before = cookies.opened(early)
    time_machine.move_to("2027-01-27")

    assert before is not None
    assert cookies.opened(late) is None


def test_the_cookie_never_lives_longer_than_thirteen_months(settings):
    from datetime import timedelta

    long = timedelta(days=4000)
    settings.PERSONA = {**settings.PERSONA, "COOKIE_MAX_AGE": long, "VISITORS_KEPT": long}
    response = HttpResponse()

    cookies.issue(request(), response, VisitorCookie.fresh())

    assert response.cookies["persona"]["max-age"] == 395 * 86_400


@pytest.mark.parametrize("kind", ["lazy", "plain"])
def test_a_user_of_another_kind_of_sign_in_is_found_without_a_session_cookie(kind):
    class Token:
        is_authenticated = True
        is_staff = False
        pk = "7f1c"

    made = request()
    made.user = SimpleLazyObject(Token) if kind == "lazy" else Token()

    assert resolve(made).customer == keyed("customer", "7f1c")


def test_a_signed_out_user_object_is_nobody():
    made = request()
    made.user = AnonymousUser()

    assert resolve(made).user is None


def test_a_user_backend_that_raises_leaves_the_shopper_signed_out(caplog):
    def broken() -> None:
        raise RuntimeError("directory service away")

    made = request()
    made.user = SimpleLazyObject(broken)

    assert resolve(made).user is None
    assert counters.counts()["user_unreadable"] == 1
    assert "Check the user backend" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["signed out", "another user", "herself"])
def test_a_cookie_linked_to_a_customer_stands_for_her_alone(settings, who):
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}
    anna = get_user_model().objects.create(username="anna")
    fresh = VisitorCookie.fresh()
    linked = replace(fresh, mark=cookies.mark_of(fresh.pseudonym, anna))
    made = with_cookie(request(), linked)
    if who != "signed out":
        made.user = anna if who == "herself" else get_user_model().objects.create(username="bert")

    assert (resolve(made).visitor is not None) is (who == "herself")


def test_an_agreement_to_measure_alone_recognises_the_visitor_and_personalises_nothing(settings):
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": {"BACKEND": f"{__name__}.Measured"}}

    shopper = resolve(with_cookie(request(), VisitorCookie.fresh()))

    assert shopper.visitor is not None
    assert not shopper.consented


@pytest.mark.parametrize(
    ("function", "store"), [("", 1), ("of_store_two", 2), ("of_no_store", 1), ("nowhere", 1)]
)
def test_the_shop_says_which_store_a_request_is_for(settings, function, store):
    path = f"{__name__}.{function}" if function else ""
    settings.PERSONA = {**settings.PERSONA, "STORE_OF": path}

    assert resolve(request()).store == store
    failed = function in ("of_no_store", "nowhere")
    assert bool(counters.counts().get("store_unknown")) is failed


def test_the_language_is_the_requests():
    made = request()
    made.LANGUAGE_CODE = "pl"

    assert resolve(made).language == "pl"
    assert resolve(request()).language == "en"


def test_a_page_is_made_for_a_visitor_who_agreed_to_that_and_for_nobody_who_only_may_be_counted(
    settings,
):
    cookie = VisitorCookie.fresh()
    known = []

    for policy in ({"BACKEND": f"{__name__}.Measured"}, ACCEPT_ALL["CONSENT_POLICY"]):
        settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": policy}
        known.append(visitor_to_know(with_cookie(request(), cookie)))

    assert known == [None, cookie.key]
