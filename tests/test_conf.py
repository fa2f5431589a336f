"""The one dictionary of settings is found by its name, and what only resembles it is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from persona_django import checks


def told(**written: Any) -> list[str]:
    with override_settings(**written):
        return [f"{message.id} {message.msg} {message.hint}" for message in written_wrong()]


def written_wrong() -> list[Any]:
    return checks.settings_are_found(None)


@pytest.mark.parametrize("name", ["PERSONNA", "PERONSA", "PERSONAS", "PERSON", "PERSONA_DJANGO"])
@pytest.mark.parametrize("key", ["MIN_BUYERS", "MIN_BUYRES", "min_buyers"])
def test_a_misspelt_dictionary_is_told_by_its_name(name: str, key: str):
    (said,) = told(**{name: {key: 7}})

    assert said.startswith(f"persona.W003 {name} in your settings is read by nobody")
    assert "Did you mean PERSONA?" in said


def test_it_is_told_also_where_there_is_no_other():
    with override_settings(PERSONNA={"MIN_BUYERS": 7}):
        del settings.PERSONA
        (message,) = written_wrong()

    assert "PERSONNA" in message.msg


@pytest.mark.parametrize(
    "written",
    [
        {"PERSONNA": "MIN_BUYERS"},
        {"PERSONAL": {"FULL_NAME": True}},
        {"PERSONAL": {}},
        {"THE_REST": {"MIN_BUYERS": 7}},
    ],
)
def test_settings_of_other_apps_are_their_own_affair(written: dict[str, Any]):
    assert told(**written) == []


def test_the_right_name_hears_nothing():
    assert told(PERSONA={"MIN_BUYERS": 7}) == []
