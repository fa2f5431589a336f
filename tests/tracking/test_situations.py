"""The situations that people come in, read from what events keep of their circumstances."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest
from django.test import override_settings

from persona_django.tracking.context import UNKNOWN_HOUR, Context, Device, Entry, Sender
from persona_django.tracking.situations import KINDS, SITUATIONS, situations_of, time_of_day


def named(**circumstances) -> list[str]:
    packed = np.array([Context(**circumstances).packed() & 0x3FFF], dtype=np.int16)
    return [
        names[place[0]]
        for names, place in zip(KINDS, situations_of(packed), strict=True)
        if place[0] >= 0
    ]


@pytest.mark.parametrize(
    ("hour", "time"),
    [(0, "night"), (5, "night"), (6, "morning"), (11, "morning"), (12, "afternoon"),
     (17, "afternoon"), (18, "evening"), (23, "evening")],
)  # fmt: skip
def test_a_day_has_four_times_of_six_hours(hour, time):
    assert named(hour=hour, sender=Sender.PAGE) == [time]


@pytest.mark.parametrize(
    ("device", "name"),
    [(Device.PHONE, ["phone"]), (Device.TABLET, ["tablet"]), (Device.DESKTOP, ["desktop"]),
     (Device.TV, []), (Device.UNKNOWN, [])],
)  # fmt: skip
def test_devices_that_few_have_are_no_situation(device, name):
    assert named(device=device, hour=UNKNOWN_HOUR) == name


@pytest.mark.parametrize(
    ("entry", "name"),
    [(Entry.DIRECT, ["direct"]), (Entry.SEARCH, ["search"]), (Entry.CAMPAIGN, ["other"]),
     (Entry.SITE, ["other"]), (Entry.INTERNAL, []), (Entry.UNKNOWN, [])],
)  # fmt: skip
def test_a_page_from_within_the_shop_is_no_way_in(entry, name):
    assert named(entry=entry, hour=UNKNOWN_HOUR) == name


def test_what_was_imported_without_circumstances_is_in_no_situation():
    assert [place.tolist() for place in situations_of(np.zeros(1, np.int16))] == [[-1]] * 3


def test_every_situation_is_named_once():
    assert len(set(SITUATIONS)) == len(SITUATIONS)


def test_the_time_of_day_is_that_of_the_shop():
    at = int(datetime(2026, 11, 1, 17, 30, tzinfo=timezone.utc).timestamp())

    assert time_of_day(at) == "afternoon"
    with override_settings(TIME_ZONE="Europe/Paris"):
        assert time_of_day(at) == "evening"
