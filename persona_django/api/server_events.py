"""Events from other servers of the shop's: purchases, refunds, stock, and kinds of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, router
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.views import APIView

from persona_django import conf, counters
from persona_django.api.bodies import NotTaken, read_body
from persona_django.api.transactions import on_its_own
from persona_django.breaker import database_call
from persona_django.exceptions import BadMessage, Resting, TooLarge, Unsigned
from persona_django.tracking import signatures
from persona_django.tracking.batches import read_batch
from persona_django.tracking.models import Event
from persona_django.tracking.server_intake import record

LONGEST_BODY = 1024 * 1024
MOST_EVENTS = 500
TYPES = ("application/json",)

WORDS = {
    "signature": "The message is not signed with a key that is in force here.",
    "stale": "The message's timestamp is more than 300 seconds from this server's clock.",
    "replayed": "The message was taken before. With another nonce each event still counts once.",
}


class ServerEventsView(APIView):
    """POST server/events/: what another server of the shop's reports, signed with a shared key.

    Who may send follows from the signature and from nothing else: neither session, nor cookie, nor
    the shop's own permissions are asked. See `tracking.signatures` for how a message is signed.
    """

    http_method_names = ("post",)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return on_its_own(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Without REST framework's own way in, which would load sessions of browsers.
        settings = conf.current()
        if not settings.enabled or not settings.server_keys:
            return _answer({"detail": "There is nothing here."}, status=404)
        if request.method != "POST":
            return _answer({"detail": "Use POST."}, status=405, headers={"Allow": "POST"})
        try:
            return self.post(request)
        except Unsigned as error:
            counters.count(f"server_{error.reason}")
            return _answer({"detail": WORDS[error.reason]}, status=401, headers=_CHALLENGE)
        except BadMessage as error:
            counters.count("server_unreadable")
            return _answer({"detail": str(error)}, status=_status_of(error))
        except (DatabaseError, Resting) as error:
            return _away(error)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take a message in, and say what became of each of its events."""
        # A message that cannot be theirs is not even read.
        claim = signatures.claim_of(request.META)
        body = read_body(request, limit=LONGEST_BODY, types=TYPES)
        signatures.verify(claim, body)
        batch = read_batch(body, most=MOST_EVENTS)
        with database_call(router.db_for_write(Event)):
            return _answer(record(claim, batch).reply())


_CHALLENGE = {"WWW-Authenticate": "Persona-HMAC-SHA256"}


def _status_of(error: BadMessage) -> int:
    if isinstance(error, NotTaken):
        return 415
    return 413 if isinstance(error, TooLarge) else 400


def _away(error: Exception) -> HttpResponse:
    """Nothing is stored, and the message may come again as it is."""
    if not isinstance(error, Resting):
        counters.failed("server_events_unwritten", f"{_AWAY} ({type(error).__name__})")
    seconds = max(int(conf.current().rest_after_fault.total_seconds()), 1)
    return _answer(
        {"detail": "Nothing can be stored at the moment. Come again."},
        status=503,
        headers={"Retry-After": str(seconds)},
    )


_AWAY = (
    "Events of another server could not be written; it was asked to come again. Check the database"
)


def _answer(
    content: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    body = json.dumps(content, separators=(",", ":"))
    response = HttpResponse(body, status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response[name] = value
    return response
