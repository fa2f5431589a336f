"""What this process refused and lost, added to the counts that all processes share.

Beside another write, once a minute at most: after a response, in the endpoint, or at the end of a
job. So a page never waits for it, and what a process counted in its last minute is lost with it.
"""

from __future__ import annotations

import os
import time

from django.db import router, transaction
from django.db.models import F

from persona_django import counters
from persona_django.breaker import database_call
from persona_django.exceptions import Resting
from persona_django.forking import Lock
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.tracking.models import DropCount

EVERY_SECONDS = 60.0
LONGEST_REASON = 60

_lock = Lock()
_told: dict[str, int] = {}
_last = time.monotonic()


def flush_if_due() -> int:
    """Write what was counted since the last time, if that was a minute ago; how many reasons.

    Never raises: what cannot be written now is written the next time.
    """
    if time.monotonic() - _last < EVERY_SECONDS or not _lock.acquire(blocking=False):
        return 0
    try:
        return _flush()
    except Resting:
        return 0
    except Exception as error:  # noqa: BLE001 - a count must not cost what it counts
        counters.failed("drops_unwritten", _ADVICE, error=error)
        return 0
    finally:
        _lock.release()


_ADVICE = (
    "What was refused and lost could not be counted in the database yet; it is kept in memory. "
    "If the table is missing, run `manage.py migrate`."
)


def flush() -> int:
    """Write what was counted since the last time; how many reasons. For jobs and commands."""
    with _lock:
        return _flush()


def _flush() -> int:
    global _last
    _last = time.monotonic()
    now = counters.counts()
    new = {
        # A count below what was told began afresh.
        reason: n - (_told.get(reason, 0) if n >= _told.get(reason, 0) else 0)
        for reason, n in now.items()
    }
    new = {reason: n for reason, n in new.items() if n}
    if not new:
        return 0
    alias = router.db_for_write(DropCount)
    with database_call(alias), transaction.atomic(using=alias):
        _add(alias, new, day=int(time.time()) // DAY_SECONDS)
    _told.clear()
    _told.update(now)
    return len(new)


def _add(alias: str, new: dict[str, int], *, day: int) -> None:
    rows = DropCount.objects.using(alias)
    # In order, so that two processes cannot wait for each other in a circle.
    for reason in sorted(new):
        name = reason[:LONGEST_REASON]
        if not rows.filter(day=day, reason=name).update(n=F("n") + new[reason]):
            rows.bulk_create([DropCount(day=day, reason=name)], ignore_conflicts=True)
            rows.filter(day=day, reason=name).update(n=F("n") + new[reason])


def forget() -> None:
    """Begin as a new process does. For tests."""
    global _last
    _told.clear()
    _last = time.monotonic()


# A child counts from nothing, so it has told of nothing.
os.register_at_fork(after_in_child=forget)
