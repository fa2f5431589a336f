"""Whatever is sent to the endpoint of events: never a fault of the server, never a long reply to
what is wrong, and never a row outside the limits."""

from __future__ import annotations

import json
import time
import unicodedata
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from persona_django.catalogue.models import Item
from persona_django.feedback.models import ServedSlate
from persona_django.tracking.context import Context
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import FROM_BROWSER, MOST_QUANTITY, MOST_VALUE
from persona_django.tracking.words import MOST_DIGITS
from tests.browsing import ask_for_consent
from tests.reporting import EVENTS, key_of, post, slate, visitor
from tests.tracking.catalogue import stocked
from tests.tracking.test_reports import SOUND

pytestmark = pytest.mark.django_db

EXAMPLES = 150
KNOWN = {200, 202, 400, 403, 413, 415}


@pytest.fixture
def shop(settings):
    """A shop with one product, that does not count how often it is asked."""
    ask_for_consent(settings)
    plenty: dict[str, Any] = {
        "VISITOR_REQUESTS": 10**6,
        "VISITOR_EVENTS": 10**6,
        "VISITOR_EVENTS_A_DAY": 10**7,
        "SITE_REQUESTS": 10**8,
    }
    settings.PERSONA = {**settings.PERSONA, **plenty}
    cache.clear()
    product, item_id = stocked()
    yield {"item": f"shop.product:{product.pk}", "tokens": slate("similar-items", item_id, 5_001)}
    cache.clear()


def check(response: Any, sent: int | None = None) -> None:
    """The three things that hold whatever was sent."""
    assert response.status_code in KNOWN, response.content
    assert len(response.content) < 2_048
    answer = json.loads(response.content)
    if response.status_code == 200:
        verdicts = answer["result"]
        assert set(verdicts) <= set("adr")
        assert sent is None or len(verdicts) == sent
        assert sum(answer["counts"].values()) == len(verdicts)
        stored = Event.objects.count() + Intent.objects.count() + ServedSlate.objects.count()
        assert stored or "a" not in verdicts
    check_rows()


def check_rows() -> None:
    now = time.time()
    known = set(Item.objects.values_list("pk", flat=True)) | {5_001}
    for row in Event.objects.all():
        assert (row.shopper, row.store, row.basis, row.order) == (key_of(), 1, 1, 0)
        assert row.kind in FROM_BROWSER and row.item_id in known and row.price is None
        assert 0 <= row.value <= MOST_VALUE and 1 <= row.quantity <= MOST_QUANTITY
        check_moment(row, now)
    for wish in Intent.objects.all():
        assert wish.shopper == key_of() and wish.kind in Intent.Kind.values
        check_moment(wish, now)
        for text in (wish.name, wish.words):
            assert len(text) <= 64 and "@" not in text and "\0" not in text
            assert not any(unicodedata.category(letter)[0] == "C" for letter in text)
            assert all(sum(map(str.isdigit, word)) <= MOST_DIGITS for word in text.split())
        assert all(one is None or 0 <= one < 2**63 for one in (wish.low, wish.high, wish.results))
    for row in ServedSlate.objects.all():
        assert row.shopper == key_of() and len(row.block) <= 60 and len(bytes(row.items)) <= 63 * 8
        check_moment(row, now)
        assert all(0 <= marks < 2**63 for marks in (row.seen, row.clicked, row.dismissed))


def check_moment(row: Any, now: float) -> None:
    assert now - 86_402 <= row.at <= now
    assert 0 < row.uid < 2**63
    assert Context.unpacked(row.context).packed() == row.context


def clear() -> None:
    for model in (Event, Intent, ServedSlate):
        model.objects.all().delete()


texts = st.text(max_size=300) | st.sampled_from(
    [
        "\0",
        "\ud800",
        "' OR 1=1 --",
        "jane@example.com",
        "+49 171 1234567",
        "{{7*7}}",
        "é",
        "e\u0301",
    ]
)
numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 1e308, 2**31, 2**63, 10**18])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    [*sorted({name for one in SOUND.values() for name in one}), "id", "at", "type", "visitor", "x"]
)
events = st.tuples(st.sampled_from(sorted(SOUND)), st.dictionaries(names, values, max_size=2))
beside = st.dictionaries(st.sampled_from(["sent", "tz", "entry", "user"]), values, max_size=2)


def as_sent(given_events: Any, shop: dict[str, Any]) -> list[Any]:
    """Sound events of this shop with something in them changed."""
    made = []
    for number, (type_, changed) in enumerate(given_events):
        sound = {**SOUND[type_], "id": f"e{number}", "type": type_}
        if "item" in sound:
            sound["item"] = shop["item"]
        if "token" in sound:
            sound["token"] = shop["tokens"][0]
        if "tokens" in sound:
            sound["tokens"] = shop["tokens"]
        made.append({**sound, **changed})
    return made


def fuzzed(examples: int) -> Any:
    quick = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=quick)


@fuzzed(EXAMPLES)
@given(st.lists(events, max_size=6), beside)
def test_sound_events_with_something_changed(shop, given_events, more):
    made = as_sent(given_events, shop)

    check(post(visitor(), json.dumps({"events": made, **more}).encode()), len(made))
    clear()


@fuzzed(EXAMPLES)
@given(values)
def test_any_json_at_all(shop, anything):
    for body in (anything, {"events": anything}, {"events": [anything]}):
        check(post(visitor(), json.dumps(body).encode()))


@fuzzed(EXAMPLES)
@given(st.binary(max_size=300), st.sampled_from(["application/json", "text/plain", "x", ""]))
def test_any_bytes_at_all(shop, body, content_type):
    check(post(visitor(), body, content_type))


@fuzzed(EXAMPLES)
@given(st.lists(events, min_size=1, max_size=3), st.data())
def test_a_message_with_some_bytes_of_it_changed(shop, given_events, data):
    body = bytearray(json.dumps({"events": as_sent(given_events, shop)}).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))

    check(post(visitor(), bytes(body)))
    clear()


@fuzzed(EXAMPLES)
@given(
    st.dictionaries(
        st.sampled_from(
            ["Origin", "Sec-Fetch-Site", "User-Agent", "X-Forwarded-For", "X-Persona-Visitor",
             "Content-Encoding", "Sec-CH-UA-Mobile", "Cookie", "DNT"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
        max_size=4,
    )
)  # fmt: skip
def test_any_headers_at_all(shop, headers):
    client = visitor(**headers)
    body = json.dumps({"events": [{"id": "a", "type": "nothing"}]}).encode()

    for response in (client.get(EVENTS), post(client, body), client.options(EVENTS)):
        assert response.status_code in KNOWN | {204}
        assert len(response.content) < 2_048


@pytest.mark.slow
@fuzzed(2_000)
@given(st.lists(events, max_size=8), beside)
def test_sound_events_with_something_changed_for_long(shop, given_events, more):
    made = as_sent(given_events, shop)

    check(post(visitor(), json.dumps({"events": made, **more}).encode()), len(made))
    clear()


# -- by the API's own description -------------------------------------------------------------


@pytest.fixture
def described(settings):
    schemathesis = pytest.importorskip("schemathesis")
    generators = pytest.importorskip("drf_spectacular.generators")
    from django.urls import get_resolver

    import persona_django.api.schema  # noqa: F401 - registers the descriptions

    settings.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
    made = generators.SchemaGenerator(patterns=get_resolver().url_patterns)
    return schemathesis.openapi.from_dict(made.get_schema(request=None, public=True))


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize(
    "examples", [40, pytest.param(500, marks=pytest.mark.slow)], ids=["short", "long"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_description_allows_and_forbids_is_answered_as_it_says(
    shop, described, method, examples, mode
):
    from schemathesis import GenerationMode

    operation = described[EVENTS][method]
    if mode == "NEGATIVE" and method == "GET":
        pytest.skip("there is nothing in it to be wrong")
    cases = operation.as_strategy(generation_mode=GenerationMode[mode])

    @fuzzed(examples)
    @given(cases)
    def answered(case: Any) -> None:
        body = b"" if method == "GET" else encoded(case.body)
        response = visitor().generic(
            method, EVENTS, body, content_type=case.media_type or "application/json"
        )
        assert str(response.status_code) in operation.definition.raw["responses"], response.content
        if method == "POST":
            check(response)
        if mode == "POSITIVE":
            assert response.status_code == 200, response.content
        clear()

    answered()


def encoded(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        return json.dumps(body).encode()
    except TypeError:
        # It stands for "no body at all", which the tests of any bytes send.
        reject()
