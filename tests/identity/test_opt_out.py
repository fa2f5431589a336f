"""Header, banner, sign-in and the cookie that says "leave me alone": who is recognised."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import RequestFactory

from persona_django.identity import consent, cookies
from persona_django.identity.models import Visitor
from persona_django.tracking.events import read_events
from persona_django.tracking.models import Event
from persona_django.tracking.shop_calls import track
from tests.browsing import agreeing, ask_for_consent, browser, open_shop, visitor_of
from tests.tracking.catalogue import stocked

pytestmark = pytest.mark.django_db

OFF = "persona_off"


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    ask_for_consent(settings)


@pytest.mark.parametrize(
    ("header", "banner", "signed_in", "opted_out"),
    list(product(("", "Sec-GPC", "DNT"), ("", "yes", "no"), (False, True), (False, True))),
)
def test_only_a_yes_without_any_no_is_recognised(header, banner, signed_in, opted_out):
    tea, _ = stocked()
    client = browser(**({header: "1"} if header else {}))
    if banner:
        client.cookies["banner"] = banner
    if opted_out:
        client.cookies[OFF] = "1"
    if signed_in:
        anna = get_user_model().objects.create(username="anna")
        client.get(f"/in/{anna.pk}/")

    client.get(f"/shown/{tea.pk}/")

    may = banner == "yes" and not header and not opted_out
    assert ("persona" in client.cookies) is may
    assert Event.objects.exists() is may
    assert Visitor.objects.exists() is may


@pytest.mark.parametrize("purpose", consent.PURPOSES)
def test_the_opt_out_cookie_refuses_everything_whatever_the_policy_says(settings, purpose):
    settings.PERSONA = {
        "CONSENT_POLICY": {
            "BACKEND": "persona_django.identity.consent.AcceptAll",
            "OPTIONS": {"respect_signals": False},
        },
        "OPT_OUT_COOKIE": "not_me",
    }
    before, after = RequestFactory().get("/"), RequestFactory().get("/")
    after.COOKIES["not_me"] = "yes please"

    assert consent.allowed(before, purpose)
    assert not consent.allowed(after, purpose)


def test_the_opt_out_cookie_names_nobody_is_readable_by_scripts_and_lives_thirteen_months():
    response = HttpResponse()

    cookies.opt_out(RequestFactory().get("/", secure=True), response)

    morsel = response.cookies[OFF]
    assert morsel.value == "1"
    assert (morsel["samesite"], morsel["path"], morsel["secure"]) == ("Lax", "/", True)
    assert not morsel["httponly"] and not morsel["domain"]
    assert morsel["max-age"] == 395 * 24 * 3600


def test_who_opts_out_keeps_cookie_and_history_and_comes_back_as_the_same():
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    visitor = visitor_of(client)

    client.cookies[OFF] = "1"
    page = client.get(f"/shown/{tea.pk}/")
    assert not page.cookies
    assert Event.objects.count() == 1
    assert Visitor.objects.get().purposes == "measure,personalise"

    del client.cookies[OFF]
    client.get(f"/shown/{tea.pk}/")
    assert visitor_of(client) == visitor
    assert len(read_events()) == 2


def test_who_opts_out_and_then_takes_consent_back_has_taken_it_back():
    tea, _ = stocked()
    client = agreeing()
    client.get(f"/shown/{tea.pk}/")
    client.cookies[OFF] = "1"
    client.cookies["banner"] = "no"

    page = client.get("/plain/")

    assert page.cookies["persona"]["max-age"] == 0
    assert Visitor.objects.get().purposes == ""


def test_the_shops_own_code_records_nothing_for_who_opted_out():
    tea, _ = stocked()
    client = agreeing()
    client.get("/plain/")
    request = RequestFactory().post("/cart/")
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    request.COOKIES[OFF] = "1"

    assert not track(request, "cart_add", tea)
    assert not Event.objects.exists()
