"""The situations that people come in: the time of day, the kind of screen, the way in.

Few and coarse, so that each of them holds a crowd.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from persona_django.tracking.clients import local_time
from persona_django.tracking.context import Device, Entry, device_of, entry_of, hour_of

TIMES = ("night", "morning", "afternoon", "evening")
"""Six hours each, from midnight on."""
HOURS = 24 // len(TIMES)
DEVICES = ("phone", "tablet", "desktop")
ENTRIES = ("direct", "search", "other")
"""How the page was come to; other: by a campaign or from another site. From within the shop says
nothing."""
KINDS = (TIMES, DEVICES, ENTRIES)
"""Of each of them one holds at a time."""
SITUATIONS = (*TIMES, *DEVICES, *ENTRIES)
"""All of them, in the order in which figures about them are stored."""


def situations_of(
    context: NDArray[np.integer],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Place of each of many events among TIMES, DEVICES and ENTRIES; -1 where nobody said."""
    packed = np.asarray(context, dtype=np.int64)
    hour = hour_of(packed)
    # What was imported says nothing at all, and carries a plain 0.
    time = np.where((hour < 24) & (packed != 0), hour // HOURS, -1)
    return time, _DEVICE[device_of(packed)], _ENTRY[entry_of(packed)]


def time_of_day(at: int) -> str:
    """What time of day it is in the shop's own zone, the same for whoever asks at that moment."""
    return TIMES[local_time(at)[0] // HOURS]


def _places(names: Mapping[int, str], among: Sequence[str]) -> NDArray[np.int64]:
    """By number of a device or an entry, the place of its name; -1 for those without one."""
    places = np.full(8, -1)
    for number, name in names.items():
        places[number] = among.index(name)
    return places


_DEVICE = _places(
    {Device.PHONE: "phone", Device.TABLET: "tablet", Device.DESKTOP: "desktop"}, DEVICES
)
_ENTRY = _places(
    {
        Entry.DIRECT: "direct",
        Entry.SEARCH: "search",
        Entry.CAMPAIGN: "other",
        Entry.SITE: "other",
    },
    ENTRIES,
)
