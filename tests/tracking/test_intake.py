"""Events and intents go into the log once, and what is there already stays as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from persona_django import counters
from persona_django.tracking.ingest import NewEvent
from persona_django.tracking.intake import NewIntent, store_events, store_intents
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import Kind

pytestmark = pytest.mark.django_db


def event(**fields: Any) -> NewEvent:
    return NewEvent(**{"shopper": 1, "uid": 1, "kind": Kind.VIEW, "item_id": 7, "at": 99} | fields)


def search(**fields: Any) -> NewIntent:
    known = {"shopper": 1, "uid": 1, "kind": Intent.Kind.SEARCH, "at": 99, "words": "tea"}
    return NewIntent(**known | fields)


def test_each_event_has_its_own_verdict():
    assert store_events([event(uid=1), event(uid=2)]) == [True, True]
    assert store_events([event(uid=3), event(uid=2), event(shopper=2, uid=2)]) == [
        True, False, True,
    ]  # fmt: skip
    assert store_events([]) == []
    assert Event.objects.count() == 4


def test_fault_14_the_same_name_thrice_in_one_message_is_stored_once():
    assert store_events([event(), event(), event()]) == [True, False, False]
    assert store_events([event(), event(), event()]) == [False, False, False]
    assert Event.objects.count() == 1
    assert "event_mismatch" not in counters.counts()


@pytest.mark.parametrize(
    "other", [{"kind": Kind.SAVE}, {"item_id": 8}, {"quantity": 2}, {"value": 5}]
)
def test_threat_12_the_first_payload_of_a_name_stays_and_another_is_counted(other):
    store_events([event()])

    assert store_events([event(**other)]) == [False]
    assert counters.counts()["event_mismatch"] == 1
    assert Event.objects.values_list("kind", "item_id", "quantity", "value").get() == (
        Kind.VIEW, 7, 1, 0,
    )  # fmt: skip


def test_a_mismatch_within_one_message_is_counted_as_well():
    assert store_events([event(), event(value=5)]) == [True, False]
    assert counters.counts()["event_mismatch"] == 1


def test_two_clocks_that_differ_are_no_mismatch():
    store_events([event(at=99, context=1)])
    store_events([event(at=101, context=2)])

    assert "event_mismatch" not in counters.counts()


def test_intents_are_stored_once_with_everything_that_was_asked():
    price = search(uid=2, kind=Intent.Kind.FILTER, name="price", words="", low=950, high=None)

    assert store_intents([search(results=4), price, search()]) == [True, True, False]
    assert store_intents([search(words="something else")]) == [False]
    assert list(Intent.objects.order_by("uid").values_list("words", "name", "low", "results")) == [
        ("tea", "", None, 4),
        ("", "price", 950, None),
    ]


@pytest.mark.parametrize(
    "other",
    [{"name": "colour"}, {"low": 951}, {"high": 2000}, {"results": 5}, {"words": "red"}],
    ids=lambda other: next(iter(other)),
)
@pytest.mark.parametrize("is_one_message", [True, False])
def test_the_first_payload_of_an_intent_stays_and_another_is_counted(other, is_one_message):
    first = search(
        kind=Intent.Kind.FILTER, name="price", words="blue", low=950, high=1999, results=4
    )
    again = replace(first, **other)

    if is_one_message:
        assert store_intents([first, again]) == [True, False]
    else:
        store_intents([first])
        assert store_intents([again]) == [False]

    assert counters.counts()["event_mismatch"] == 1
    assert Intent.objects.values_list("name", "words", "low", "high", "results").get() == (
        "price", "blue", 950, 1999, 4,
    )  # fmt: skip


def test_words_that_were_emptied_since_are_no_mismatch():
    store_intents([search(results=4)])
    Intent.objects.update(words="")

    assert store_intents([search(results=4)]) == [False]
    assert "event_mismatch" not in counters.counts()

    store_intents([search(results=5)])
    assert counters.counts()["event_mismatch"] == 1
