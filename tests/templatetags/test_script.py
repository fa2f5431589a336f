"""The script's tag, and what tags leave in the page for it to find."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import engines
from django.test import RequestFactory, override_settings

from persona_django import counters
from persona_django.identity import consent
from persona_django.identity.consent import FromCookie
from persona_django.tracking.ingest import view_id, viewed
from tests.browsing import ACCEPT_ALL, FROM_COOKIE, ask_for_consent
from tests.factories import product, publish_neighbours, read_catalogue
from tests.shop.models import Brand, Product
from tests.templatetags.test_persona import Parsed

pytestmark = pytest.mark.django_db

SCRIPT = "{% persona_script %}"
SIMILAR = '{% persona_block "similar-items" product %}'


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.script.urls"
    ask_for_consent(settings)


def asked(**cookies: str) -> HttpRequest:
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies)
    request.user = AnonymousUser()
    return request


def render(text: str, request: HttpRequest | None = None, **context: Any) -> Parsed:
    made = engines["django"].from_string("{% load persona %}" + text)
    return Parsed(str(made.render(context, request)))


def tag(text: str = SCRIPT, request: HttpRequest | None = None, **context: Any) -> dict[str, str]:
    (found,) = render(text, request or asked(), **context).all("script")
    return found


# -- the tag --------------------------------------------------------------------------------------


def test_the_script_is_told_where_to_report_and_where_to_find_the_answer_of_the_banner():
    assert tag() == {
        "type": "module",
        "src": "/static/persona/persona.min.js",
        "data-events": "/persona/api/v1/events/",
        "data-off": "persona_off",
        "data-consent": "banner",
        "data-accepted": "yes",
        "data-signals": "1",
    }


def test_the_view_is_named_only_in_pages_of_visitors_who_agreed():
    request = asked(banner="yes")

    assert tag(request=request)["data-view"] == view_id(request)
    # All others are given the same page, which a cache may keep.
    assert tag(request=asked()) == tag(request=asked(banner="no"))


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, True),
        ({"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_SEC_PURPOSE": "prefetch"}, True),
        ({"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_SEC_FETCH_USER": "?1"}, False),
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, False),
        ({"HTTP_SEC_FETCH_SITE": "none"}, False),
        ({}, False),
    ],
)
def test_the_script_is_told_to_wait_where_another_site_may_have_led_somebody(headers, waits):
    request = asked(banner="yes")
    request.META.update(headers)

    assert ("data-unasked" in tag(request=request)) is waits


def test_values_with_the_separator_in_them_are_written_so_that_they_stay_whole(settings):
    options = {"cookie": "banner", "accepted": ["a|b", 'say "yes"', "ja"]}
    backend = FROM_COOKIE["CONSENT_POLICY"]["BACKEND"]
    settings.PERSONA = {
        **settings.PERSONA,
        "CONSENT_POLICY": {"BACKEND": backend, "OPTIONS": options},
    }

    assert tag()["data-accepted"] == "a%7Cb|say%20%22yes%22|ja"


def test_a_policy_that_no_cookie_explains_leaves_the_question_to_the_script(settings):
    settings.PERSONA = {**settings.PERSONA, **ACCEPT_ALL}

    told = tag()

    assert "data-consent" not in told
    assert told["data-signals"] == "1"


@pytest.mark.parametrize("in_apps", [True, False])
@pytest.mark.parametrize("on_pages", [True, False])
def test_in_a_shop_with_an_app_the_script_hears_the_browser_as_the_policy_for_pages_does(
    settings, in_apps, on_pages
):
    pages = FROM_COOKIE["CONSENT_POLICY"]
    pages = {**pages, "OPTIONS": {**pages["OPTIONS"], "respect_signals": on_pages}}
    settings.PERSONA = {
        **settings.PERSONA,
        "CONSENT_POLICY": {
            "BACKEND": "persona_django.identity.consent.FromHeader",
            "OPTIONS": {"otherwise": pages, "respect_signals": in_apps},
        },
    }
    objecting = asked(banner="yes")
    objecting.META["HTTP_SEC_GPC"] = "1"

    assert ("data-signals" in tag()) is on_pages
    assert consent.allowed(objecting, "measure") is not on_pages


def test_where_nobody_may_be_recognised_there_is_no_script(settings):
    refusing = {"BACKEND": "persona_django.identity.consent.RefuseAll"}
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": refusing}

    page = render(SCRIPT, asked())

    assert not page.all("script")
    assert page.all("link")


def test_without_our_addresses_the_stylesheet_comes_alone(settings):
    settings.ROOT_URLCONF = "tests.browsing"

    page = render(SCRIPT, asked(banner="yes"))

    assert not page.all("script")
    assert page.all("link")


def test_a_policy_that_cannot_be_made_costs_the_script_only(settings):
    broken = {"BACKEND": "persona_django.identity.consent.FromCookie", "OPTIONS": {"colour": 1}}
    settings.PERSONA = {**settings.PERSONA, "CONSENT_POLICY": broken}

    page = render(SCRIPT, asked(banner="yes"))

    assert page.all("link") and not page.all("script")
    assert counters.counts()["consent_policy"] >= 1


def test_a_nonce_of_the_shop_s_policy_is_passed_on():
    assert tag("{% persona_script nonce=csp_nonce %}", csp_nonce="abc123")["nonce"] == "abc123"
    assert "nonce" not in tag("{% persona_script nonce=csp_nonce %}")


@override_settings(STATIC_URL="https://cdn.example/s/")
def test_the_script_may_come_from_where_the_shop_keeps_its_files():
    assert tag()["src"] == "https://cdn.example/s/persona/persona.min.js"


def test_without_a_request_the_script_still_comes():
    page = render(SCRIPT)

    assert "data-view" not in page.all("script")[0]


def test_a_cookie_that_no_script_can_read_is_asked_about():
    assert FromCookie(http_only=True).browser_cookie() is None


def test_mapped_purposes_accept_what_any_identifying_one_accepts():
    policy = FromCookie(
        cookie="choice", accepted={"measure": ["all", "some"], "personalise": ["all"]}
    )

    assert policy.browser_cookie() == ("choice", ("all", "some"))


# -- what the page is about -----------------------------------------------------------------------


def test_the_head_names_the_item_where_the_view_or_its_object_did():
    tea = product("Tea")
    request = asked()
    viewed(request, tea)

    assert tag(request=request)["data-item"] == f"shop.product:{tea.pk}"
    assert tag(object=tea)["data-item"] == f"shop.product:{tea.pk}"
    assert tag(request=request, object=product("Pot"))["data-item"] == f"shop.product:{tea.pk}"


def test_what_is_no_item_is_not_named():
    unsaved = Product(name="new")
    for shown in (Brand.objects.create(name="Leaf"), unsaved, "shop.product:1", None):
        assert "data-item" not in tag(object=shown)


def test_the_body_names_the_item_out_of_sight_once():
    tea = product("Tea")

    page = render("{% persona_item product %}" * 2, asked(), product=tea)

    assert page.elements == [("template", {"data-persona-about": f"shop.product:{tea.pk}"})]


def test_a_block_seeded_with_the_page_s_item_names_it_too():
    tea, mug = product("Tea"), product("Mug")
    read_catalogue()
    publish_neighbours("similar", {tea: [(mug, 0.9, 214)]})

    page = render(SIMILAR + SIMILAR, asked(), product=tea)
    after = render("{% persona_item other %}" + SIMILAR, asked(), product=tea, other=mug)
    before = render(SIMILAR + "{% persona_item other %}", asked(), product=tea, other=mug)

    def named(parsed: Parsed) -> list[str]:
        all_ = [given.get("data-persona-about") for _, given in parsed.elements]
        return [one for one in all_ if one]

    assert named(page) == [f"shop.product:{tea.pk}"]
    assert named(after) == [f"shop.product:{mug.pk}"]
    # The script takes the last.
    assert named(before) == [f"shop.product:{tea.pk}", f"shop.product:{mug.pk}"]
