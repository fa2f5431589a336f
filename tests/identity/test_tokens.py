"""Apps have no cookies: their visitors are known by a token in a header, by the same rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from persona_django.identity import cookies, tokens
from persona_django.identity.consent import PURPOSES, FromHeader
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from persona_django.identity.shoppers import resolve
from tests.browsing import ACCEPT_ALL

NOW = 1_900_000_000


@pytest.fixture
def accepted(settings: Any) -> None:
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}


def request(token: str | None = None, **headers: str) -> Any:
    if token is not None:
        headers[tokens.HEADER] = token
    return RequestFactory().get("/", headers=headers)


def test_a_token_stands_for_the_visitor_it_was_issued_for():
    visitor = VisitorCookie.fresh()

    assert tokens.opened(tokens.issue(visitor)) == visitor


def test_a_token_lives_as_long_as_a_cookie():
    with time_machine.travel(NOW, tick=False) as clock:
        token = tokens.issue(VisitorCookie.fresh())
        clock.shift(timedelta(days=389))
        assert tokens.opened(token) is not None
        clock.shift(timedelta(days=2))
        assert tokens.opened(token) is None


@given(st.text(max_size=200))
def test_no_text_that_we_did_not_sign_is_anybody(text):
    assert tokens.opened(text) is None


def test_cookie_and_token_cannot_be_used_in_each_others_place():
    visitor = VisitorCookie.fresh()

    assert tokens.opened(cookies.signed(visitor)) is None
    assert cookies.unsigned(tokens.issue(visitor)) is None


@pytest.mark.parametrize(
    "ask", [(cookies.opened, tokens.carried), (tokens.carried, cookies.opened)]
)
@pytest.mark.parametrize("issue", [cookies.signed, tokens.issue])
def test_one_request_with_the_same_value_in_both_places_tells_them_apart(ask, issue):
    visitor = VisitorCookie.fresh()
    value = issue(visitor)
    asked = request(value)
    asked.COOKIES[cookies.name_for(asked)] = value

    found = {one: one(asked) for one in ask}

    by_cookie = issue is cookies.signed
    assert found == {
        cookies.opened: visitor if by_cookie else None,
        tokens.carried: None if by_cookie else visitor,
    }


def test_a_request_with_a_token_is_recognised_as_one_with_a_cookie(accepted):
    visitor = VisitorCookie.fresh()

    shopper = resolve(request(tokens.issue(visitor)))

    assert shopper.visitor == keyed("visitor", visitor.pseudonym)
    assert shopper.consented


def test_a_token_that_is_none_is_nobody_even_beside_a_sound_cookie(accepted):
    asked = request("forged")
    asked.COOKIES["persona"] = cookies.signed(VisitorCookie.fresh())

    assert resolve(asked).visitor is None


def test_without_consent_a_token_says_nothing():
    assert resolve(request(tokens.issue(VisitorCookie.fresh()))).visitor is None


@pytest.mark.django_db
def test_a_token_linked_to_a_customer_speaks_for_nobody_else(accepted):
    anna, bert = (get_user_model().objects.create(username=name) for name in ("anna", "bert"))
    fresh = VisitorCookie.fresh()
    hers = replace(fresh, mark=cookies.mark_of(fresh.pseudonym, anna))
    asked = request(tokens.issue(hers))

    found = []
    for user in (anna, bert, None):
        asked.user = user
        found.append(resolve(asked).visitor)

    assert found == [keyed("visitor", fresh.pseudonym), None, None]


@pytest.mark.parametrize(
    ("said", "purposes"),
    [
        ("measure", {"measure"}),
        ("Personalise , measure", {"measure", "personalise"}),
        ("", set()),
        ("all", set()),
        ("measure" * 100, set()),
    ],
)
def test_an_app_says_in_a_header_what_its_user_agreed_to(said, purposes):
    asked = request(**{"X-Persona-Consent": said})

    assert {one for one in PURPOSES if FromHeader().allowed(asked, one)} == purposes


def test_whoever_sends_no_header_is_asked_about_by_another_policy():
    policy = FromHeader(
        otherwise={
            "BACKEND": "persona_django.identity.consent.FromCookie",
            "OPTIONS": {"cookie": "banner", "accepted": ["yes"]},
        }
    )
    page, app = request(), request(**{"X-Persona-Consent": ""})
    page.COOKIES["banner"] = app.COOKIES["banner"] = "yes"

    assert policy.allowed(page, "measure")
    assert not policy.allowed(app, "measure")
    assert not FromHeader().allowed(page, "measure")
    assert policy.check() == []
    assert policy.browser_cookie() == ("banner", ("yes",))
    assert FromHeader().browser_cookie() is None


def test_an_app_may_send_the_objection_of_its_user():
    asked = request(**{"X-Persona-Consent": "measure", "Sec-GPC": "1"})

    assert not FromHeader().allowed(asked, "measure")
    assert FromHeader(respect_signals=False).allowed(asked, "measure")
