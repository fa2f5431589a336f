"""Weeks of events, counted as the job counts them, and what is read of them."""

from __future__ import annotations

import time

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import WEEK_SECONDS, week_of
from persona_django.tracking import folding

NOW = int(time.time())
HOUR = 3_600


def fold(**options) -> int:
    """As for a person, who waits for nothing."""
    return folding.fold(1, beat=lambda: None, **{"at_once": True, **options})


def days_ago(days: float) -> int:
    return NOW - int(days * DAY_SECONDS)


def begins(weeks_ago: int) -> int:
    """The first moment of a week: 0 for the present one."""
    return (week_of(NOW) - weeks_ago) * WEEK_SECONDS


def told(events) -> set[tuple[int, ...]]:
    """Who did what on which day."""
    columns = (events.shopper, events.item, events.kind, events.basis, events.at // DAY_SECONDS)
    return set(zip(*(column.tolist() for column in columns), strict=True))
