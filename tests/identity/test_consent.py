"""Who may be identified, by every policy that comes with the app and by one that misbehaves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import RequestFactory

from persona_django import counters
from persona_django.checks import consent_policy_can_work
from persona_django.identity import consent
from persona_django.identity.consent import AcceptAll, ConsentPolicy, FromCookie, RefuseAll


def request(cookie: str | None = None, **headers: str) -> Any:
    made = RequestFactory().get("/", headers=headers)
    if cookie is not None:
        made.COOKIES["cookie_consent"] = cookie
    return made


class Moody(ConsentPolicy):
    """A policy as a shop might write it, on a bad day."""

    def allowed(self, request: Any, purpose: str) -> bool:
        raise RuntimeError("the consent service is away")


class NoPolicy:
    pass


@pytest.mark.parametrize("purpose", consent.PURPOSES)
def test_by_default_everyone_is_refused_for_everything(purpose):
    assert not consent.allowed(request("accepted"), purpose)
    assert not RefuseAll().allowed(request("accepted"), purpose)


@pytest.mark.parametrize(
    ("value", "agreed"),
    [("accepted", True), ("yes", True), ("no", False), ("", False), ("ACCEPTED", False)],
)
def test_the_banners_cookie_decides_by_its_value(value, agreed):
    assert FromCookie().allowed(request(value), "measure") is agreed


def test_no_cookie_of_the_banner_is_no_consent():
    assert not FromCookie().allowed(request(), "measure")


def test_a_banner_may_ask_for_each_purpose_and_escape_its_answer():
    policy = FromCookie(accepted={"measure": ["all", '{"stats":1}']})

    assert policy.allowed(request("all"), "measure")
    assert policy.allowed(request("%7B%22stats%22%3A1%7D"), "measure")
    assert not policy.allowed(request("all"), "personalise")


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_signal_of_the_browser_counts_as_an_objection_unless_switched_off(header):
    objecting = request("accepted", **{header: "1"})
    silent = request("accepted", **{header: "0"})

    assert not FromCookie().allowed(objecting, "measure")
    assert FromCookie().allowed(silent, "measure")
    assert FromCookie(respect_signals=False).allowed(objecting, "measure")
    assert not AcceptAll().allowed(objecting, "measure")
    assert AcceptAll().allowed(silent, "measure")
    assert AcceptAll(respect_signals=False).allowed(objecting, "measure")


class Agrees(ConsentPolicy):
    """A shop's own, which never heard of any signal."""

    def allowed(self, request: Any, purpose: str) -> bool:
        return True


class Decides(Agrees):
    """A shop's own, which wants to be asked all the same."""

    respect_signals = False


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_signal_counts_under_a_shops_own_policy_unless_it_says_otherwise(settings, header):
    objecting = {header: "1"}

    settings.PERSONA = {"CONSENT_POLICY": {"BACKEND": f"{__name__}.Agrees"}}
    assert not consent.allowed(request("accepted", **objecting), "measure")
    assert consent.is_withdrawn(request("accepted", **objecting))
    assert consent.allowed(request("accepted"), "measure")
    settings.PERSONA = {"CONSENT_POLICY": {"BACKEND": f"{__name__}.Decides"}}
    assert consent.allowed(request("accepted", **objecting), "measure")


def test_pages_of_a_shop_with_an_app_are_asked_about_by_their_own_policy(settings):
    """It alone decides whether a signal of theirs counts."""
    settings.PERSONA = {
        "CONSENT_POLICY": {
            "BACKEND": "persona_django.identity.consent.FromHeader",
            "OPTIONS": {"otherwise": {"BACKEND": f"{__name__}.Decides"}},
        }
    }
    in_app = {"X-Persona-Consent": "measure"}

    assert consent.allowed(request("accepted", DNT="1"), "measure")
    assert not consent.allowed(request("accepted", DNT="1", **in_app), "measure")
    assert consent.allowed(request("accepted", **in_app), "measure")


@pytest.mark.parametrize("backend", [f"{__name__}.Moody", f"{__name__}.NoPolicy", "no.such.Thing"])
def test_a_policy_that_fails_refuses_is_counted_and_says_where_to_look(settings, caplog, backend):
    settings.PERSONA = {"CONSENT_POLICY": {"BACKEND": backend}}

    refused = [consent.allowed(request("accepted"), "measure") for _ in range(3)]

    assert refused == [False, False, False]
    assert counters.counts()["consent_policy"] == 3
    assert caplog.text.count("Check PERSONA") == 1


def test_one_request_asks_the_policy_once_for_each_purpose(settings):
    asked: list[str] = []

    class Noting(AcceptAll):
        def allowed(self, request: Any, purpose: str) -> bool:
            asked.append(purpose)
            return True

    globals()["Noting"] = Noting
    settings.PERSONA = {"CONSENT_POLICY": {"BACKEND": f"{__name__}.Noting"}}
    one = request()

    assert [consent.allowed(one, purpose) for purpose in ("measure", "measure", "personalise")]
    assert asked == ["measure", "personalise"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accepted": "yes"}, "must be a list"),
        ({"accepted": {"marketing": ["yes"]}}, "none of measure, personalise, experiment"),
        ({"cookie": ""}, "must be the name"),
    ],
)
def test_options_that_cannot_work_are_said_in_a_system_check(options, words):
    (message,) = FromCookie(**options).check()

    assert words in message.msg
    assert message.id == "persona.E060"
    assert "CONSENT_POLICY" in message.hint


def test_sound_policies_have_nothing_to_say():
    for policy in (RefuseAll(), AcceptAll(), FromCookie()):
        assert policy.check() == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"BACKEND": "persona_django.identity.consent.RefuseAll"}, None),
        ({"BACKEND": "no.such.Thing"}, None),
        (
            {
                "BACKEND": "persona_django.identity.consent.FromCookie",
                "OPTIONS": {"accepted": "yes"},
            },
            "must be a list",
        ),
        (
            {
                "BACKEND": "persona_django.identity.consent.FromCookie",
                "OPTIONS": {"colour": "red"},
            },
            "cannot be made: .*colour",
        ),
        ({"BACKEND": f"{__name__}.NoPolicy"}, "is not a ConsentPolicy"),
    ],
)
def test_manage_py_check_names_a_policy_that_cannot_work(settings, policy, words):
    settings.PERSONA = {"CONSENT_POLICY": policy}

    messages = consent_policy_can_work(None)

    assert bool(messages) is bool(words)
    for message in messages:
        assert re.search(words, message.msg)
        assert message.id == "persona.E060"
    settings.PERSONA = {"ENABLED": False, "CONSENT_POLICY": policy}
    assert consent_policy_can_work(None) == []
