"""What the addresses for events answer, which go without REST framework's own way in: JSON that
nobody may keep, and "come again" whenever something could not be stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError
from django.http import HttpResponse

from persona_django import conf, counters
from persona_django.api.bodies import NotTaken
from persona_django.breaker import database_work
from persona_django.exceptions import BadMessage, Resting, TooLarge

COME_AGAIN = "Nothing can be stored at the moment. Come again."


def answer(content: Mapping[str, Any], *, status: int = 200, **headers: str) -> HttpResponse:
    """A reply. Names of headers are written with underscores."""
    response = HttpResponse(packed(content), status=status, content_type="application/json")
    response["Cache-Control"] = "private, no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def packed(content: Mapping[str, Any]) -> str:
    """JSON in as few bytes as it takes."""
    return json.dumps(content, separators=(",", ":"))


def unreadable(error: BadMessage) -> HttpResponse:
    """Why a body was not read, or nothing could be made of it."""
    status = 415 if isinstance(error, NotTaken) else 413 if isinstance(error, TooLarge) else 400
    return answer({"detail": str(error)}, status=status)


def seconds_to_rest() -> str:
    """How long a client waits until it comes again to what failed."""
    return str(max(int(conf.current().rest_after_fault.total_seconds()), 1))


def unless_away(give: Callable[[], HttpResponse], *, alias: str, door: str) -> HttpResponse:
    """An answer for which a database of ours is needed; without it the client is asked to come
    again, and nothing is stored. `door` is the word for these events in the counts."""
    try:
        with database_work(alias):
            return give()
    except Resting:
        pass
    except DatabaseError as error:
        advice = f"{_UNWRITTEN} ({type(error).__name__})"
        counters.failed(f"{door}_unwritten", advice)
    except Exception as error:  # noqa: BLE001 - a fault of ours loses no event: it comes again
        # Without its words, which may hold what was sent.
        silent = RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
        counters.failed(f"{door}_failed", _FAILED, error=silent)
    return answer({"detail": COME_AGAIN}, status=503, Retry_After=seconds_to_rest())


_UNWRITTEN = (
    "Events could not be written; who sent them was asked to come again. Check the database"
)
_FAILED = "Events could not be taken in. This is a fault of ours: report it."
