"""What every consent policy keeps to, ours and a shop's own."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from persona_django.identity import banners, consent, json_banners
from persona_django.identity.banners import Banner
from persona_django.identity.consent import (
    PURPOSES,
    AcceptAll,
    ConsentPolicy,
    FromCookie,
    FromHeader,
    RefuseAll,
)


class FromOurBanner(ConsentPolicy):
    """The example of the documentation."""

    def allowed(self, request, purpose):
        return purpose in request.COOKIES.get("agreed", "").split(",")


class Raises(ConsentPolicy):
    """A policy that a shop got wrong."""

    def allowed(self, request, purpose):
        raise RuntimeError("the banner's service is down")


BANNERS = tuple(
    one()
    for module in (banners, json_banners)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, Banner) and one is not Banner
)
POLICIES = (RefuseAll(), FromCookie(), FromHeader(), AcceptAll(), FromOurBanner(), *BANNERS)
every_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda given: type(given).__name__)


@every_policy
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_policy_answers_yes_or_no_for_a_bare_request(policy: ConsentPolicy, purpose: str):
    assert policy.allowed(RequestFactory().get("/"), purpose) in (True, False)


@every_policy
@pytest.mark.parametrize("value", ["", "%", "\x00", "a" * 5000, "é", '{"analytics": true}'])
def test_a_strange_cookie_is_an_answer_and_no_accident(policy: ConsentPolicy, value: str):
    request = RequestFactory().get("/")
    request.COOKIES.update(cookie_consent=value, agreed=value)

    assert policy.allowed(request, "measure") in (True, False)


@every_policy
def test_a_policy_asks_no_database(policy: ConsentPolicy):
    # Without pytest-django's permission a query is an error.
    for purpose in PURPOSES:
        policy.allowed(RequestFactory().get("/"), purpose)


@every_policy
def test_a_policy_finds_no_fault_with_its_own_defaults(policy: ConsentPolicy):
    assert policy.check() == []


@pytest.mark.parametrize("policy", [RefuseAll(), FromCookie(), AcceptAll()], ids=type)
@pytest.mark.parametrize("header", ["HTTP_SEC_GPC", "HTTP_DNT"])
def test_our_policies_respect_a_browser_that_objects(policy: ConsentPolicy, header: str):
    request = RequestFactory().get("/", **{header: "1"})
    request.COOKIES["cookie_consent"] = "accepted"

    assert not policy.allowed(request, "personalise")


@override_settings(PERSONA={"CONSENT_POLICY": {"BACKEND": f"{__name__}.Raises"}})
def test_a_policy_that_raises_is_a_refusal():
    assert consent.allowed(RequestFactory().get("/"), "measure") is False


@override_settings(PERSONA={"CONSENT_POLICY": {"BACKEND": "nowhere.Policy"}})
def test_a_policy_that_cannot_be_loaded_is_a_refusal():
    assert consent.allowed(RequestFactory().get("/"), "measure") is False


def test_without_a_setting_everyone_is_refused():
    with override_settings(PERSONA={}):
        assert not any(consent.allowed(RequestFactory().get("/"), one) for one in PURPOSES)
