"""What is told of a type or field that is unknown or missing, and what never is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.exceptions import Refusal
from persona_django.tracking.batches import Clock
from persona_django.tracking.misnamed import LONGEST_TOLD, about_fields, about_type
from persona_django.tracking.reports import TYPES, read_report
from persona_django.tracking.server_reports import read_server_report
from persona_django.tracking.verdicts import REASONS, Verdicts

OWN = {"ask_expert": {"number": 70}, "size_help": {"number": 71, "sender": "browser"}}
VIEW = TYPES["view"]


def told(sent: dict[str, Any], *, by_server: bool = False) -> str:
    with pytest.raises(Refusal) as caught:
        read_server_report(sent) if by_server else read_report(sent, Clock())
    assert caught.value.tell is not None
    # Its own words may come into a log.
    assert str(caught.value) == caught.value.reason
    return caught.value.tell()


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"type": "view", "item": "31"}, "'id' is missing."),
        ({"id": "e1", "type": "click"}, "'token' is missing."),
        ({"id": "e1", "type": "dwell"}, "'item' and 'seconds' are missing."),
        (
            {"id": "e1", "type": "view", "item": "31", "foo": 1},
            "There is no field 'foo' in 'view'.",
        ),
        (
            {"id": "e1", "type": "view", "itme": "31"},
            "There is no field 'itme' in 'view'. Did you mean 'item'?",
        ),
        (
            {"id": "e1", "type": "view", "foo": 1},
            "There is no field 'foo' in 'view'. 'item' is missing.",
        ),
        ({"id": "e1", "type": "dismiss"}, "It needs either 'token' or 'item', and not both."),
        ({"id": "e1"}, "'type' is missing."),
        (
            {"id": "e1", "type": "vieww"},
            "There is no type 'vieww', or it may not be reported here. Did you mean 'view'?",
        ),
        (
            {"id": "e1", "type": "VIEW"},
            "There is no type 'VIEW', or it may not be reported here. Did you mean 'view'?",
        ),
        (
            {"id": "e1", "type": "purchase"},
            "'purchase' is taken from another server of the shop's only.",
        ),
    ],
)
def test_what_is_wrong_is_named(sent, text):
    assert told(sent) == text


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"id": "e1", "type": "purchase", "item": "31"}, "'order' is missing."),
        (
            {"id": "e1", "type": "save", "item": "31", "customer": 1, "guest": "g"},
            "It may have 'customer' or 'guest', and not both.",
        ),
        (
            {"id": "e1", "type": "purchace"},
            "There is no type 'purchace', or it may not be reported here. "
            "Did you mean 'purchase'?",
        ),
    ],
)
def test_another_server_is_told_so_too(sent, text):
    assert told(sent, by_server=True) == text


def test_a_page_hears_of_kinds_of_the_shop_that_pages_report_and_of_no_other(settings):
    settings.PERSONA = {**settings.PERSONA, "EVENT_KINDS": OWN}

    assert told({"id": "e1", "type": "size_hlp"}).endswith("Did you mean 'size_help'?")
    unknown, there = (told({"id": "e1", "type": name}) for name in ("ask_exper", "ask_expert"))
    assert there == unknown.replace("ask_exper", "ask_expert")
    assert "mean" not in there
    by_server = told({"id": "e1", "type": "ask_exprt"}, by_server=True)
    assert by_server.endswith("Did you mean 'ask_expert'?")


@pytest.mark.parametrize(
    "name",
    [
        "<script>", "jane@example.com", "a b", "", "a\nb", "a\x1b[0m", "é", "x" * 33, "5",
        "x'; DROP", "{0}", "%s",
    ],
)  # fmt: skip
def test_threat_42_what_is_no_short_plain_word_is_not_repeated(name):
    of_field = told({"id": "e1", "type": "view", "item": "31", name: 1})
    of_type = told({"id": "e1", "type": name})

    assert of_field == "It has a field that 'view' does not have."
    assert of_type == REASONS["type"]


@given(st.dictionaries(st.text(max_size=64), st.text(max_size=256), max_size=20), st.text())
def test_threat_17_three_of_the_longest_texts_stay_below_two_kilobytes(fields, type_):
    texts = [
        about_type({"type": type_}, TYPES),
        about_fields({**fields, "type": type_}, VIEW.needed, VIEW.known),
        about_fields({"q" * LONGEST_TOLD: 1, "type": "view"}, VIEW.needed, VIEW.known),
    ]
    verdicts = Verdicts(500)
    for at in range(500):
        verdicts.refuse(at, sorted(REASONS)[at % len(REASONS)], lambda: max(texts, key=len))

    assert len(json.dumps(verdicts.reply())) < 2_048


def test_words_are_made_for_the_first_three_only():
    verdicts, asked = Verdicts(50), []
    for at in range(50):
        verdicts.refuse(at, "field", lambda at=at: asked.append(at) or "told")

    assert [one["text"] for one in verdicts.reply()["errors"]] == ["told"] * 3
    assert asked == [0, 1, 2]


def test_an_event_refused_again_for_another_reason_has_that_ones_words():
    verdicts = Verdicts(1)
    verdicts.refuse(0, "field", lambda: "'id' is missing.")
    verdicts.refuse(0, "consent")

    assert verdicts.reply()["errors"][0]["text"] == REASONS["consent"]
