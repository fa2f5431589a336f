"""One message of a client, and its clock."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.exceptions import BadMessage, TooLarge
from persona_django.tracking.batches import Clock, read_batch
from persona_django.tracking.context import Entry

NOW = 1_800_000_000.0
DAY_SECONDS = 86_400


def batch(**fields):
    return read_batch(json.dumps({"events": []} | fields).encode())


def test_a_message_says_when_and_where_and_how():
    read = batch(sent=5, tz=120, entry="search", events=[1, {}])

    assert (read.clock.sent, read.minutes_east, read.entry) == (5, 120, Entry.SEARCH)
    assert read.events == [1, {}]
    assert len(read) == 2


@pytest.mark.parametrize(
    ("tz", "entry"), [(15 * 60, "by plane"), ("120", 3), (1.5, None), (True, ["search"])]
)
def test_circumstances_that_nobody_knows_spoil_no_message(tz, entry):
    read = batch(tz=tz, entry=entry)

    assert (read.minutes_east, read.entry) == (None, Entry.UNKNOWN)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"5",
        b'{"events": {}}',
        b'{"events": null}',
        b'{"events": [], "visitor": "somebody"}',
        b'{"events": [], "user": 5}',
        b'{"events": [], "sent": "now"}',
        b'{"events": [], "sent": true}',
        b'{"events": [[[[[1]]]]]}',
    ],
)
def test_what_is_no_message_is_refused_as_a_whole(body):
    with pytest.raises(BadMessage):
        read_batch(body)


def test_threat_16_events_are_counted_before_any_is_looked_at():
    assert len(batch(events=[None] * 50)) == 50

    with pytest.raises(TooLarge, match="At most 50"):
        batch(events=[None] * 51)
    with pytest.raises(TooLarge, match="At most 2"):
        read_batch(b'{"events": [1, 2, 3]}', most=2)


def test_text_that_no_database_stores_is_found_in_its_event_alone():
    read = read_batch(rb'{"events": ["\u0000", "\u0041", {"a": {"\ud800": 1}}]}')

    assert read.odd == {0, 2}


def test_a_clock_that_is_years_off_but_says_so_is_understood():
    clock = Clock(now=NOW, sent=1_000_000)

    assert clock.moment(1_000_000 - 60_000) == (NOW - 60, False)


@pytest.mark.parametrize("at", [0, 4_070_908_800_000, -5, (NOW - DAY_SECONDS - 2) * 1000])
def test_fault_22_a_time_that_cannot_be_is_ours_and_marked(at):
    assert Clock(now=NOW, sent=NOW * 1000).moment(at) == (NOW, True)
    assert Clock(now=NOW).moment(at) == (NOW, True)


def test_a_day_ago_and_a_moment_ahead_are_believed_but_nothing_has_happened_later_than_now():
    clock = Clock(now=NOW)

    assert clock.moment((NOW - DAY_SECONDS) * 1000) == (NOW - DAY_SECONDS, False)
    assert clock.moment((NOW + 300) * 1000) == (NOW, False)
    assert clock.moment((NOW + 301) * 1000) == (NOW, True)
    assert clock.moment((NOW - DAY_SECONDS - 1) * 1000) == (NOW, True)
    assert clock.moment(None) == (NOW, False)


@given(
    st.integers(-(10**19), 10**19) | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.integers(-(10**19), 10**19) | st.floats(allow_nan=False, allow_infinity=False),
)
def test_every_time_ends_up_within_the_last_day(at, sent):
    moment, _ = Clock(now=NOW, sent=sent).moment(at)

    assert NOW - DAY_SECONDS - 1 <= moment <= NOW
