"""The API's description: complete, without a warning, and true."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.urls import get_resolver

from persona_django import urls
from persona_django.tracking.reports import TYPES
from tests.tracking.test_reports import SOUND

generators = pytest.importorskip("drf_spectacular.generators")
SPECTACULAR = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
ROOT = Path(__file__).parent.parent.parent
EVENTS = "/persona/api/v1/events/"


@pytest.fixture
def described(settings) -> tuple[dict[str, Any], str]:
    """The description of the whole API, and what its making complained about."""
    import persona_django.api.schema  # noqa: F401 - as the app does where it is installed

    settings.REST_FRAMEWORK = SPECTACULAR
    complaints = io.StringIO()
    with contextlib.redirect_stderr(complaints):
        made = generators.SchemaGenerator(patterns=get_resolver().url_patterns)
        schema = made.get_schema(request=None, public=True)
    ours = {path: one for path, one in schema["paths"].items() if path.startswith("/persona/")}
    return {**schema, "paths": ours}, complaints.getvalue()


def test_it_is_made_without_a_complaint(described):
    _, complaints = described

    assert complaints == ""


def test_every_address_of_the_api_is_in_it(described):
    schema, _ = described

    assert len(schema["paths"]) == len(urls.urlpatterns)
    for path, methods in schema["paths"].items():
        for method, one in methods.items():
            assert one["description"] and one["operationId"].startswith("persona_"), (path, method)


def test_it_is_json_and_says_what_every_type_of_event_needs(described):
    schema, _ = described
    json.dumps(schema)
    body = schema["paths"][EVENTS]["post"]["requestBody"]["content"]

    assert set(body) == {"application/json", "text/plain"}
    events = body["application/json"]["schema"]["properties"]["events"]["items"]["oneOf"]
    by_type = {one["properties"]["type"]["enum"][0]: one for one in events}
    assert set(by_type) == set(TYPES)
    for type_, fields in SOUND.items():
        assert set(fields) <= set(by_type[type_]["properties"])
        assert set(by_type[type_]["required"]) == TYPES[type_].needed


def test_every_answer_of_the_endpoint_is_described(described):
    schema, _ = described

    answers = schema["paths"][EVENTS]["post"]["responses"]
    assert set(answers) == {"200", "202", "400", "403", "413", "415", "429", "503"}


def test_what_is_wrong_with_a_parameter_is_described_in_its_one_shape(described):
    schema, _ = described
    sentences = {"type": "array", "items": {"type": "string"}, "minItems": 1}

    for path, method in [
        ("blocks/{slug}/", "get"),
        ("me/", "get"),
        ("me/", "delete"),
        ("me/pause/", "post"),
    ]:
        answer = schema["paths"][f"/persona/api/v1/{path}"][method]["responses"]["400"]
        told = answer["content"]["application/json"]["schema"]
        assert told["type"] == "object" and told["additionalProperties"] == sentences


DESCRIBES = """
import django, tests.settings as shop
shop.INSTALLED_APPS.append("drf_spectacular")
shop.REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
django.setup()
from django.core.management import call_command
call_command("spectacular", "--validate", "--fail-on-warn")
"""


def test_a_shop_that_has_installed_it_need_do_no_more_than_ask():
    environment = {**os.environ, "DATABASE_URL": "sqlite://:memory:"}
    done = subprocess.run(
        [sys.executable, "-c", DESCRIBES],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "persona_events_report" in done.stdout
