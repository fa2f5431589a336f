"""Minutes, hours and days in seconds, as all times and ages of ours are counted.

These days are 24 hours long: none is the shop's own day, which may have 23 or 25.
"""

from __future__ import annotations

MINUTE_SECONDS = 60
HOUR_SECONDS = 60 * MINUTE_SECONDS
DAY_SECONDS = 24 * HOUR_SECONDS
