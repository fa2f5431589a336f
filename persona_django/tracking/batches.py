"""One message of a client: what it says about itself, and its events, not looked at yet."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from persona_django.exceptions import BadMessage, TooLarge
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking.clients import MOST_MINUTES_EAST
from persona_django.tracking.context import Entry
from persona_django.tracking.schema import CLOCK_TOLERANCE_SECONDS
from persona_django.tracking.strict_json import has_odd_text, parsed

LONGEST_BODY = 64 * 1024
"""Bytes: what browsers let a page send while it is being left."""
MOST_EVENTS = 50
ENDS_OF_AN_EVENT = 20
"""Times that an event may hold what looks like the end of one: in a search for a piece of code."""
EVENT_DEPTH = 3
"""An event, a list in it, and what stands in the list."""
_BODY_DEPTH = 2 + EVENT_DEPTH
_FIELDS = frozenset({"sent", "tz", "entry", "events"})
OLDEST_SECONDS = DAY_SECONDS
"""What happened longer ago is dated now, and marked so."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Turns a client's times into ours, by how far its clock was off when it sent the message."""

    now: float = field(default_factory=time.time)
    sent: float | None = None
    """Milliseconds since 1970 by the client's clock."""

    def moment(self, at: float | None) -> tuple[int, bool]:
        """Seconds since 1970 UTC for a time in milliseconds, and whether it had to be replaced.

        A client whose clock is years off, but that says so by `sent`, is understood.
        """
        if at is None:
            return int(self.now), False
        ours = at / 1000 if self.sent is None else self.now - (self.sent - at) / 1000
        if not -OLDEST_SECONDS <= ours - self.now <= CLOCK_TOLERANCE_SECONDS:
            return int(self.now), True
        # Nothing has happened later than now.
        return int(min(ours, self.now)), False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one message holds."""

    clock: Clock
    minutes_east: int | None = None
    """Of UTC, where the client is; None where it did not say."""
    entry: Entry = Entry.UNKNOWN
    events: list[Any]
    odd: frozenset[int] = frozenset()
    """Places of events with text that no database stores."""

    def __len__(self) -> int:
        return len(self.events)


def read_batch(body: bytes, *, most: int = MOST_EVENTS) -> Batch:
    """The message in a body. Raises BadMessage, or TooLarge for more than `most` events."""
    if body.count(b"},") > ENDS_OF_AN_EVENT * most:
        # Thousands of tiny events are not even read.
        raise TooLarge(f"At most {most} events are taken at once.")
    given = parsed(body, depth=_BODY_DEPTH)
    if not isinstance(given, dict) or not isinstance(given.get("events"), list):
        raise BadMessage('The body is an object with a list of "events".')
    if not given.keys() <= _FIELDS:
        raise BadMessage(f"Beside the events there may be {', '.join(sorted(_FIELDS))} only.")
    events = given["events"]
    if len(events) > most:
        raise TooLarge(f"At most {most} events are taken at once.")
    sent = given.get("sent")
    if sent is not None and type(sent) not in (int, float):
        raise BadMessage('"sent" is a number of milliseconds since 1970.')
    may_be_odd = b"\\u" in body
    return Batch(
        clock=Clock(sent=sent),
        minutes_east=_minutes_east(given.get("tz")),
        entry=_entry(given.get("entry")),
        events=events,
        odd=frozenset(n for n, event in enumerate(events) if may_be_odd and has_odd_text(event)),
    )


def _minutes_east(said: Any) -> int | None:
    """What is no zone of this world is not known; it spoils nothing else."""
    return said if type(said) is int and abs(said) <= MOST_MINUTES_EAST else None


def _entry(said: Any) -> Entry:
    return _ENTRIES.get(said, Entry.UNKNOWN) if isinstance(said, str) else Entry.UNKNOWN


_ENTRIES = {entry.name.lower(): entry for entry in Entry}
"""How a page was come to, by the words that clients have for it."""
