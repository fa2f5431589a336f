"""Whatever is sent to any address of ours, by the API's own description or not: never a fault of
the server, and no answer that the description does not name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from persona_django import breaker
from persona_django.identity import cookies, remembered, restrictions
from persona_django.identity.cookies import VisitorCookie
from tests.browsing import BROWSER, ask_for_consent
from tests.signing import SECRETS, signed
from tests.tracking.catalogue import stocked

schemathesis = pytest.importorskip("schemathesis")
generators = pytest.importorskip("drf_spectacular.generators")
requests = pytest.importorskip("requests")

pytestmark = pytest.mark.django_db

SERVER = "/persona/api/v1/server/events/"
EXAMPLES = [25, pytest.param(500, marks=pytest.mark.slow)]
OPERATIONS = [
    ("GET", "/persona/api/v1/blocks/{slug}/"),
    ("GET", "/persona/api/v1/events/"),
    ("POST", "/persona/api/v1/events/"),
    ("GET", "/persona/api/v1/me/"),
    ("DELETE", "/persona/api/v1/me/"),
    ("POST", "/persona/api/v1/me/erase/"),
    ("POST", "/persona/api/v1/me/pause/"),
    ("POST", "/persona/api/v1/me/resume/"),
    ("POST", SERVER),
    ("POST", "/persona/api/v1/visitor/"),
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]


@pytest.fixture
def shop(settings):
    """A shop with one product, that does not count how often it is asked."""
    ask_for_consent(settings)
    settings.PERSONA = {
        **settings.PERSONA,
        "REST_RATE": "",
        "SERVER_KEYS": SECRETS,
        "SITE_REQUESTS": 10**8,
        "VISITOR_EVENTS": 10**6,
        "VISITOR_EVENTS_A_DAY": 10**7,
        "VISITOR_REQUESTS": 10**6,
    }
    # The description tells of passwords, too; working one out on purpose takes long.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    stocked()
    yield
    cache.clear()


@pytest.fixture
def described(settings):
    """The description, as a shop's own `manage.py spectacular` would write it."""
    from django.urls import get_resolver

    import persona_django.api.schema  # noqa: F401 - registers the descriptions

    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
    made = generators.SchemaGenerator(patterns=get_resolver().url_patterns)
    return schemathesis.openapi.from_dict(made.get_schema(request=None, public=True))


def asking(*, by_app: bool = False) -> Client:
    """A browser that agreed, or an app, of somebody new."""
    if by_app:
        return Client(headers={"X-Persona-Consent": "measure"}, raise_request_exception=False)
    client = Client(headers={"User-Agent": BROWSER}, raise_request_exception=False)
    client.cookies["banner"] = "yes"
    client.cookies["persona"] = cookies.signed(VisitorCookie.fresh())
    return client


def answer_to(case: Any, *, signs: bool) -> Any:
    """What the shop answers to a case of schemathesis."""
    given_to = case.as_transport_kwargs(base_url="http://testserver")
    known = {"method", "url", "headers", "params", "data", "json", "cookies"}
    try:
        sent = requests.Request(**{k: v for k, v in given_to.items() if k in known}).prepare()
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        headers = {name: str(value) for name, value in sent.headers.items()}
    except (requests.RequestException, UnicodeError, ValueError):
        # No client can send it.
        reject()
    content_type = headers.pop("Content-Type", case.media_type or "application/octet-stream")
    headers.pop("Content-Length", None)
    if signs:
        headers |= signed(body)
    return asking().generic(
        case.method, sent.path_url, body, content_type=content_type, headers=headers
    )


def fuzzed(examples: int) -> Any:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


def forget() -> None:
    for module in (breaker, restrictions, remembered):
        module.forget()


def test_every_operation_of_the_description_is_among_these(described):
    found = {
        (operation.ok().method.upper(), operation.ok().path)
        for operation in described.get_all_operations()
    }

    assert {one for one in found if one[1].startswith("/persona/")} == set(OPERATIONS)


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize("examples", EXAMPLES, ids=["short", "long"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_the_description_allows_and_forbids_is_answered_as_it_says(
    shop, described, method, path, examples, mode
):
    operation = described[path][method]
    answers = set(operation.definition.raw["responses"])
    cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode])

    @fuzzed(examples)
    @given(cases, st.booleans())
    def answered(case: Any, signs: bool) -> None:
        response = answer_to(case, signs=signs and path == SERVER)

        assert response.status_code < 500, (case, response.content)
        assert str(response.status_code) in answers, (case, response.content)
        forget()

    try:
        answered()
    except Unsatisfiable:
        pytest.skip("there is nothing in it to be wrong")


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["persona", "api", "v1", "blocks", "popular", "events", "me", "erase", "server", "visitor",
     "..", "%00", "\0", "'", "{slug}"]
)  # fmt: skip
pairs = st.lists(
    st.tuples(words | st.sampled_from(["seed", "cart", "size", "format", "next"]), words),
    max_size=4,
)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
headers = st.dictionaries(
    st.sampled_from(
        ["Accept", "Accept-Language", "Authorization", "Content-Encoding", "Cookie", "Origin",
         "Referer", "Sec-Fetch-Site", "X-CSRFToken", "X-Forwarded-For", "X-HTTP-Method-Override",
         "X-Persona-Consent", "X-Persona-Visitor", "X-Requested-With"]
    ),
    header_values,
    max_size=4,
)  # fmt: skip
known_paths = st.sampled_from([path.replace("{slug}", "popular") for _, path in OPERATIONS])
any_path = st.lists(words, max_size=6).map(
    lambda parts: "/persona/" + "/".join(quote(part) for part in parts)
)


@pytest.mark.parametrize("examples", [150, pytest.param(3_000, marks=pytest.mark.slow)])
def test_any_path_method_parameter_header_and_body_at_all(shop, examples):
    @fuzzed(examples)
    @given(
        st.sampled_from(METHODS),
        known_paths | any_path,
        pairs,
        headers,
        st.binary(max_size=200),
        st.sampled_from(
            ["application/json", "text/plain", "application/x-www-form-urlencoded",
             "multipart/form-data; boundary=x", "multipart/form-data", "x", ""]
        ),
        st.booleans(),
    )  # fmt: skip
    def answered(method, path, query, named, body, content_type, by_app):
        asked = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)

        response = asking(by_app=by_app).generic(
            method, f"{path}?{asked}", body, content_type=content_type, headers=named
        )

        assert response.status_code < 500, response.content
        forget()

    answered()
