"""In what circumstances something happened: device, entry, local hour, and who said so.

Packed into one whole number in the event's row, because learning reads it by the million and a
page writes it with every view.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Device(IntEnum):
    """What kind of screen."""

    UNKNOWN = 0
    PHONE = 1
    TABLET = 2
    DESKTOP = 3
    TV = 4


class Entry(IntEnum):
    """How this page was come to."""

    UNKNOWN = 0
    INTERNAL = 1
    """From another page of the shop."""
    DIRECT = 2
    SEARCH = 3
    """From a search engine."""
    CAMPAIGN = 4
    """By a link of the shop's own campaigns: an advertisement, a newsletter."""
    SITE = 5
    """From another site."""


class Sender(IntEnum):
    """Whose word it is, the least to be trusted first."""

    SCRIPT = 0
    """The script in a browser with our signed cookie."""
    PAGE = 1
    """The middleware: a page of the shop was answered."""
    SHOP = 2
    """The shop's own code."""
    SERVER = 3
    """Another server of the shop's, with a signature."""
    TASK = 4
    """Worked out of the log by a task."""


UNKNOWN_HOUR = 31
UNKNOWN_DAY = 7
SENDER_BITS, CIRCUMSTANCE_BITS = 3, 11
"""Device, entry and hour stand side by side above the sender, so that they can be read alone."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The circumstances of one event."""

    sender: Sender = Sender.SCRIPT
    device: Device = Device.UNKNOWN
    entry: Entry = Entry.UNKNOWN
    hour: int = UNKNOWN_HOUR
    """Local hour of the shopper, 0 to 23."""
    weekday: int = UNKNOWN_DAY
    """Local weekday of the shopper, Monday 0 to Sunday 6."""
    clamped: bool = False
    """The time it was given could not be, and the server's own was taken."""

    def packed(self) -> int:
        """As one number.

        >>> Context.unpacked(Context(device=Device.PHONE, hour=20).packed()).hour
        20
        """
        return (
            self.sender
            | self.device << 3
            | self.entry << 6
            | self.hour << 9
            | self.weekday << 14
            | self.clamped << 17
        )

    @classmethod
    def unpacked(cls, number: int) -> Context:
        """From its number, as stored."""
        return cls(
            sender=Sender(number & 7),
            device=Device(number >> 3 & 7),
            entry=Entry(number >> 6 & 7),
            hour=number >> 9 & 31,
            weekday=number >> 14 & 7,
            clamped=bool(number >> 17 & 1),
        )


def told_by_task(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The circumstances of what a task worked out: those of what it was worked out of."""
    return packed & ~7 | int(Sender.TASK)


def sender_of(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whose word each of many events is."""
    return packed & 7


def device_of(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The kind of screen of each of many events."""
    return packed >> 3 & 7


def entry_of(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """How the page of each of many events was come to."""
    return packed >> 6 & 7


def hour_of(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The local hour of each of many events."""
    return packed >> 9 & 31


def weekday_of(packed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The local weekday of each of many events, Monday 0."""
    return packed >> 14 & 7
