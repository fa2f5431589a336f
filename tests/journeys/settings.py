"""Settings of the example shop as journeys serve it: its own, on a machine that may be busy."""

from __future__ import annotations

from datetime import timedelta

from example_shop.settings import *  # noqa: F403
from example_shop.settings import PERSONA as _PERSONA

# However busy the machine is, its database is not taken for one that fails.
PERSONA = {**_PERSONA, "SLOW_CALL": timedelta(minutes=1)}
