"""How often something of ours went wrong or was left out, by reason, in this process.

Every edge that swallows an exception, so that the shop's page stays whole, counts it here and
logs what to do about it, at most once a minute for each reason.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from threading import Lock
from time import monotonic

QUIET_SECONDS = 60.0

logger = logging.getLogger("persona_django")

_counts: Counter[str] = Counter()
_logged_at: dict[str, float] = {}
_lock = Lock()


def count(reason: str, n: int = 1) -> None:
    """Add to the count of one reason. Reasons are fixed words, never something a client sent."""
    with _lock:
        _counts[reason] += n


def counts() -> dict[str, int]:
    """Every count of this process since it started."""
    with _lock:
        return dict(_counts)


def failed(reason: str, advice: str, *, error: BaseException | None = None) -> None:
    """Count a failure of ours and log what to do about it, with its traceback.

    Never raises: a log that cannot be written must not break the page either.
    """
    count(reason)
    now = monotonic()
    with _lock:
        due = now - _logged_at.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS
        if due:
            _logged_at[reason] = now
    if not due:
        return
    try:
        logger.error("%s: %s", reason, advice, exc_info=error, extra={"persona_reason": reason})
    except Exception:  # noqa: BLE001 - a broken log handler of the shop's is not ours to report
        count("log_unwritable")


def forget() -> None:
    """Start counting afresh and log the next failure of each reason. For tests."""
    with _lock:
        _counts.clear()
        _logged_at.clear()


def _begin_anew() -> None:
    """What the parent counted is the parent's, and its lock may be held by a thread of its own."""
    global _lock
    _lock = Lock()
    _counts.clear()
    _logged_at.clear()


os.register_at_fork(after_in_child=_begin_anew)
