"""Times as files of recommender data have them: seconds since 1970, or ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from persona_django.exceptions import BadEvaluation

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECONDS = 1_000_000
"""Of a second: finer than that no two events of a log are told apart."""
LATEST_SECONDS = 1e11
"""The year 5138: what is later was written in milliseconds."""
_FRACTION = re.compile(r"\.(\d+)")


def refuse_days(path: Path, written: Sequence[str]) -> None:
    """Raise BadEvaluation for days without dashes, which would be read as seconds of 1970. Among
    other numbers they are seconds."""
    day = next((text for text in written if _is_day(text)), None)
    if day is not None and all(_is_day(text) or not _is_number(text) for text in written):
        raise BadEvaluation(
            f"{path.name}: {day!r} may be a day or a second of 1970. Write 2024-01-31 for a day, "
            f"{day}.0 for a second."
        )


def microseconds(path: Path, text: str) -> int:
    """Since 1970 UTC. Raises BadEvaluation for what is no time."""
    try:
        seconds = float(text)
    except ValueError:
        return _moment(path, text)
    if not abs(seconds) < LATEST_SECONDS:
        raise BadEvaluation(
            f"{path.name}: {text!r} is no time, write ISO 8601 or seconds, not milliseconds."
        )
    return round(seconds * MICROSECONDS)


def _moment(path: Path, text: str) -> int:
    # Python 3.10 takes a fraction of three or of six digits, and no Z.
    iso = _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text.replace("Z", "+00:00"))
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError as error:
        raise BadEvaluation(
            f"{path.name}: {text!r} is no time, write ISO 8601 or seconds."
        ) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return (aware - EPOCH) // timedelta(microseconds=1)


def _is_day(text: str) -> bool:
    if not (len(text) == 8 and text.isdecimal() and text[:2] in ("19", "20")):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
