"""The visitor cookie cannot be guessed, read, planted, or found in a page (threat 33)."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from persona_django.identity import cookies
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.keys import keyed
from tests.browsing import ACCEPT_ALL, agreeing, ask_for_consent, browser, open_shop, visitor_of
from tests.factories import product, read_catalogue

NOW = 1_900_000_000
MONTH = 30.44 * 24 * 3600


def issued(*, secure: bool = False) -> Any:
    request = RequestFactory().get("/", secure=secure)
    response = HttpResponse()
    cookies.issue(request, response, VisitorCookie.fresh())
    (morsel,) = response.cookies.values()
    return morsel


def test_it_is_out_of_reach_of_scripts_and_other_sites_and_lives_thirteen_months_at_most():
    morsel = issued()

    assert morsel["httponly"] and morsel["samesite"] == "Lax" and morsel["path"] == "/"
    assert not morsel["domain"]
    assert morsel["max-age"] <= 13 * MONTH


def test_it_begins_with_a_letter_or_a_digit_so_that_commands_take_it_for_a_value():
    values = [issued().value for _ in range(500)]

    assert all(value[0].isalnum() for value in values)


def test_it_lives_no_longer_than_its_visitor_is_kept(settings):
    """Else nobody could tell any more that its visitor took their consent back."""
    settings.PERSONA = {**settings.PERSONA, "VISITORS_KEPT": timedelta(days=30)}
    morsel = issued()
    day = timedelta(days=1).total_seconds()

    assert morsel["max-age"] == 30 * day
    with time_machine.travel(time.time() + 31 * day):
        assert cookies.unsigned(morsel.value) is None


def test_one_that_was_good_a_moment_ago_is_none_once_it_is_too_old():
    with time_machine.travel(NOW, tick=False) as clock:
        value = issued().value
        clock.shift(cookies.life())
        assert cookies.unsigned(value) is not None

        clock.shift(1)

        assert cookies.unsigned(value) is None


def test_one_that_was_good_a_moment_ago_is_none_under_another_key_or_for_another_use(settings):
    value = issued().value
    assert cookies.unsigned(value) is not None

    assert cookies.unsigned(value, salt="persona_django.another") is None
    settings.SECRET_KEY = "another"
    assert cookies.unsigned(value) is None


def test_on_https_it_is_secure_and_no_sister_domain_can_plant_one():
    morsel = issued(secure=True)

    assert morsel.key == "__Host-persona"
    assert morsel["secure"]
    assert not issued()["secure"]


def test_a_cookie_planted_without_the_prefix_counts_for_nothing_on_https():
    planted = issued().value
    request = RequestFactory().get("/", secure=True)
    request.COOKIES["persona"] = planted

    assert cookies.opened(request) is None


def test_a_pseudonym_is_128_random_bits_that_repeat_for_nobody():
    pseudonyms = {VisitorCookie.fresh().pseudonym for _ in range(2_000)}

    raw = [bytes.fromhex(one) for one in pseudonyms]
    assert len(raw) == 2_000
    assert {len(one) for one in raw} == {16}
    # Every bit is set about as often as not: none of them is fixed or derived.
    for bit in range(128):
        ones = sum(int.from_bytes(one, "big") >> bit & 1 for one in raw)
        assert 800 < ones < 1_200


@given(st.text(max_size=200))
def test_no_value_that_we_did_not_sign_is_anybody(value):
    assert cookies.unsigned(value) is None


def test_one_changed_character_is_nobody():
    value = issued().value

    for at in range(len(value)):
        forged = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        assert cookies.unsigned(forged) is None or forged == value


@pytest.mark.django_db
def test_it_is_never_renewed_and_worth_nothing_after_its_time(settings):
    open_shop(settings)
    ask_for_consent(settings)
    with time_machine.travel(NOW, tick=False) as clock:
        client = agreeing()
        client.get("/plain/")
        first = client.cookies["persona"].value

        clock.shift(timedelta(days=389))
        page = client.get("/plain/")
        assert not page.cookies

        clock.shift(timedelta(days=2))
        page = client.get("/plain/")
        assert page.cookies["persona"].value != first


@override_settings(PERSONA={"COOKIE_MAX_AGE": timedelta(days=3650)})
def test_no_setting_makes_it_live_longer_than_thirteen_months():
    assert issued()["max-age"] <= 13 * MONTH


@pytest.mark.django_db
@pytest.mark.parametrize("signed_in", [False, True])
def test_no_page_address_header_or_answer_of_rest_holds_it(settings, signed_in):
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}
    shown = [product(f"Tea {number}") for number in range(3)]
    read_catalogue()
    client = browser()
    if signed_in:
        client.force_login(get_user_model().objects.create(username="anna"))
    for one in shown:
        client.get(one.get_absolute_url())
    cookie = client.cookies["persona"].value
    pseudonym = cookie.partition(".")[0]
    hidden = [cookie, pseudonym, str(visitor_of(client)), f"{visitor_of(client):x}"]
    hidden += [str(keyed("customer", str(user.pk))) for user in get_user_model().objects.all()]

    for address in (
        shown[0].get_absolute_url(),
        "/plain/",
        f"/persona/api/v1/blocks/similar-items/?seed=shop.product:{shown[0].pk}",
        "/persona/api/v1/blocks/reorder/",
        "/persona/api/v1/me/",
    ):
        answer = client.get(address)
        headers = "\n".join(f"{name}: {value}" for name, value in answer.items())
        seen = answer.content.decode() + headers + answer.get("Location", "")
        assert answer.status_code == 200
        assert [one for one in hidden if one in seen] == []
        assert not re.search(r"[?&](visitor|persona)=", seen)
