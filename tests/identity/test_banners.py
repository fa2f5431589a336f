"""What the usual banners leave in their cookies, and whatever else a browser may send."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_django.identity import banners, json_banners
from persona_django.identity.banners import (
    Banner,
    Complianz,
    Cookiebot,
    CookieConsentStatus,
    CookieYes,
    DjangoCookieConsent,
    OneTrust,
    Tarteaucitron,
    TrustArc,
)
from persona_django.identity.consent import PURPOSES, load
from persona_django.identity.json_banners import (
    Axeptio,
    Borlabs,
    CookieFirst,
    CookieInformation,
    CookieScript,
    Iubenda,
    Klaro,
    TransparencyAndConsent,
    VanillaCookieConsent,
)

READERS = [
    one
    for module in (banners, json_banners)
    for one in vars(module).values()
    if isinstance(one, type) and issubclass(one, Banner) and one is not Banner
]


def request(cookies: dict[str, str] | None = None, **headers: str) -> Any:
    made = RequestFactory().get("/", headers=headers)
    made.COOKIES.update(cookies or {})
    return made


def agreed(policy: Banner, cookies: dict[str, str], **headers: str) -> set[str]:
    asked = request(cookies, **headers)
    return {purpose for purpose in PURPOSES if policy.allowed(asked, purpose)}


def tcf(*purposes: int, version: int = 2) -> str:
    """A consent text of the framework, with these purposes and a plausible head."""
    bits = version << 207 - 5 | 0x1234567 << 100
    for purpose in purposes:
        bits |= 1 << 208 - 152 - purpose
    packed = bits.to_bytes(26, "big")
    return base64.urlsafe_b64encode(packed).decode().rstrip("=") + ".YAAAAAAAAAAA"


def escaped(value: Any) -> str:
    return quote(json.dumps(value))


COOKIEBOT = (
    "{stamp:%27x%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:STATS%2Cmarketing:false"
    "%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1738400000000%2Cregion:%27de%27}"
)
ONETRUST = (
    "isGpcEnabled=0&datestamp=Mon+Feb+03+2025&version=202401.2.0&isIABGlobal=false&hosts="
    "&consentId=a&interactionCount=1&groups=C0001%3A1%2CC0002%3A1%2CC0003%3A0%2CC0004%3A0"
)
COOKIEYES = "consentid:abc,consent:yes,action:yes,necessary:yes,analytics:yes,advertisement:no"
COUNTED = {"measure", "experiment"}
CASES: list[tuple[Banner, dict[str, str], set[str]]] = [
    (CookieConsentStatus(), {"cookieconsent_status": "allow"}, set(PURPOSES)),
    (CookieConsentStatus(), {"cookieconsent_status": "dismiss"}, set()),
    (CookieConsentStatus(), {"cookieconsent_status": "deny"}, set()),
    (Complianz(), {"cmplz_statistics": "allow", "cmplz_marketing": "deny"}, COUNTED),
    (Complianz(), {"cmplz_marketing": "allow"}, {"personalise"}),
    (Complianz(cookie="cmplz_rt_"), {"cmplz_rt_statistics": "allow"}, COUNTED),
    (Cookiebot(), {"CookieConsent": COOKIEBOT.replace("STATS", "true")}, COUNTED),
    (Cookiebot(), {"CookieConsent": COOKIEBOT.replace("STATS", "false")}, set()),
    (Cookiebot(), {"CookieConsent": "-1"}, set()),
    (Cookiebot(accept_implied=True), {"CookieConsent": "-1"}, set(PURPOSES)),
    (
        Cookiebot(),
        {"CookieConsent": COOKIEBOT.replace("STATS", "true").replace("explicit", "implied")},
        set(),
    ),
    (OneTrust(), {"OptanonConsent": ONETRUST, "OptanonAlertBoxClosed": "2025-02-03"}, COUNTED),
    (OneTrust(), {"OptanonConsent": ONETRUST}, set()),
    (OneTrust(answered_by=""), {"OptanonConsent": ONETRUST}, COUNTED),
    (
        OneTrust(answered_by=""),
        {"OptanonConsent": f"{ONETRUST}&AwaitingReconsent=true"},
        set(),
    ),
    (
        OneTrust(categories={"personalise": ["C0001", "C0002"]}, answered_by=""),
        {"OptanonConsent": ONETRUST},
        set(PURPOSES),
    ),
    (CookieYes(), {"cookieyes-consent": COOKIEYES}, COUNTED),
    (CookieYes(), {"cookieyes-consent": quote(COOKIEYES)}, COUNTED),
    (CookieYes(), {"cookieyes-consent": COOKIEYES.replace("action:yes", "action:")}, set()),
    (
        DjangoCookieConsent(),
        {"cookie_consent": "analytics=2025-02-03T10:00:00|personalisation=-1"},
        COUNTED,
    ),
    (TrustArc(), {"cmapi_cookie_privacy": "permit 1,2", "notice_preferences": "1:"}, COUNTED),
    (TrustArc(), {"cmapi_cookie_privacy": "permit_1|2|3", "notice_preferences": "2:"},
     set(PURPOSES)),
    (TrustArc(), {"cmapi_cookie_privacy": "permit 1,2,3"}, set()),
    (TrustArc(), {"cmapi_cookie_privacy": "deny", "notice_preferences": "0:"}, set()),
    (Tarteaucitron(), {"tarteaucitron": "!youtube=wait!persona=true"}, set(PURPOSES)),
    (Tarteaucitron(), {"tarteaucitron": "!persona=wait"}, set()),
    (Klaro(), {"klaro": escaped({"matomo": True, "persona": False})}, set()),
    (Klaro(), {"klaro": escaped({"persona": True})}, set(PURPOSES)),
    (
        VanillaCookieConsent(),
        {"cc_cookie": json.dumps({"categories": ["necessary", "analytics"], "revision": 0})},
        COUNTED,
    ),
    (
        VanillaCookieConsent(categories={"personalise": ["targeting"], "measure": []}),
        {"cc_cookie": escaped({"level": ["analytics", "targeting"]})},
        {"personalise", "experiment"},
    ),
    (
        CookieScript(),
        {"CookieScriptConsent": escaped({"action": "accept", "categories": '["performance"]'})},
        COUNTED,
    ),
    (
        CookieScript(),
        {"CookieScriptConsent": escaped({"action": "accept", "categories": ["targeting"]})},
        {"personalise"},
    ),
    (
        CookieScript(),
        {"CookieScriptConsent": escaped({"action": "reject", "categories": '["performance"]'})},
        set(),
    ),
    (
        Borlabs(),
        {"borlabs-cookie": escaped({"consents": {"statistics": ["matomo"], "marketing": []}})},
        COUNTED,
    ),
    (Borlabs(), {"borlabs-cookie": escaped({"consents": "all"})}, set()),
    (
        CookieFirst(),
        {"cookiefirst-consent": escaped({"performance": True, "advertising": False})},
        COUNTED,
    ),
    (
        CookieInformation(),
        {"CookieInformationConsent": escaped({"consents_approved": ["cookie_cat_marketing"]})},
        {"personalise"},
    ),
    (Axeptio(), {"axeptio_cookies": escaped({"$$completed": True, "persona": True})},
     set(PURPOSES)),
    (Axeptio(), {"axeptio_cookies": escaped({"$$completed": False, "persona": True})}, set()),
    (
        Iubenda(),
        {"_iub_cs-50053366": escaped({"purposes": {"1": True, "4": True, "5": False}})},
        COUNTED,
    ),
    (Iubenda(), {"_iub_cs-1-granular": escaped({"purposes": {"4": True}})}, set()),
    (Iubenda(cookie="_iub_cs-7"), {"_iub_cs-7": escaped({"consent": True})}, set(PURPOSES)),
    (Iubenda(cookie="_iub_cs-7"), {"_iub_cs-8": escaped({"consent": True})}, set()),
    (TransparencyAndConsent(), {"euconsent-v2": tcf(1, 8)}, COUNTED),
    (TransparencyAndConsent(), {"euconsent-v2": tcf(1, 5, 6)}, {"personalise"}),
    (TransparencyAndConsent(), {"euconsent-v2": tcf(5, 6, 8)}, set()),
    (TransparencyAndConsent(), {"euconsent-v2": tcf(1, 8, version=1)}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "cookies", "purposes"), CASES)
def test_a_banners_cookie_says_what_its_user_ticked(policy, cookies, purposes):
    assert agreed(policy, cookies) == purposes


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_stands_in_the_cases_above_with_a_yes(reader):
    assert any(type(policy) is reader and purposes for policy, _, purposes in CASES)


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
@pytest.mark.parametrize(("policy", "cookies", "purposes"), CASES)
def test_a_browser_that_objects_is_refused_whatever_its_banner_says(
    policy, cookies, purposes, header
):
    assert agreed(policy, cookies, **{header: "1"}) == set()
    policy_that_does_not_ask = type(policy)(respect_signals=False)
    assert policy_that_does_not_ask.respect_signals is False


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=40)
@given(text=st.text(max_size=300))
def test_no_text_in_the_cookie_raises(reader, text):
    policy = reader()
    names = (policy.cookie, "_iub_cs-1", "notice_preferences", "OptanonAlertBoxClosed")

    found = agreed(policy, dict.fromkeys(names, text))

    assert found <= set(PURPOSES)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=20,
)
_keys = st.sampled_from(
    ["categories", "level", "action", "consents", "consents_approved", "purposes", "consent",
     "persona", "$$completed"]
)  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=40)
@given(value=_values | st.dictionaries(_keys, _values))
def test_no_json_of_another_shape_raises(reader, value):
    policy = reader()

    for text in (escaped(value), quote(escaped(value))):
        agreed(policy, {policy.cookie: text, "_iub_cs-1": text})


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text", ["[" * 5_000, "{" * 5_000, "a" * 100_000, "%", "\x00", '{"purposes": NaN}', "-1", "="]
)
def test_depth_length_and_odd_characters_are_no_consent(reader, text):
    policy = reader()

    assert agreed(policy, {policy.cookie: text, "_iub_cs-1": text}) == set()


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_can_be_named_in_the_settings_with_options(reader):
    declared = {
        "BACKEND": f"{reader.__module__}.{reader.__name__}",
        "OPTIONS": {"categories": {"personalise": ["mine"]}, "respect_signals": False},
    }

    policy = load(declared)

    assert policy.check() == []
    assert list(policy.categories["personalise"]) == ["mine"]
    assert policy.categories["measure"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"categories": {"marketing": ["marketing"]}}, "none of measure"),
        ({"categories": {"measure": "statistics"}}, "not a text"),
    ],
)
def test_options_that_cannot_work_are_said_in_a_system_check(options, words):
    (message,) = Cookiebot(**options).check()

    assert words in message.msg
    assert message.id == "persona.E060"


def test_a_script_is_told_the_cookie_only_where_one_value_of_it_says_everything():
    everything = {"measure": ["statistics"], "personalise": ["statistics"]}

    assert CookieConsentStatus().browser_cookie() == ("cookieconsent_status", ("allow",))
    assert Complianz(categories=everything).browser_cookie() == ("cmplz_statistics", ("allow",))
    assert Complianz().browser_cookie() is None
    assert CookieConsentStatus(categories={"measure": []}).browser_cookie() is None
