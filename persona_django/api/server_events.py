"""Events from other servers of the shop's: purchases, refunds, stock, and kinds of its own."""

from __future__ import annotations

from typing import Any

from django.db import router
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from persona_django import conf, counters
from persona_django.api.answers import answer, unless_away, unreadable
from persona_django.api.bodies import read_body
from persona_django.api.transactions import OnItsOwn
from persona_django.exceptions import BadMessage, Unsigned
from persona_django.tracking import networks, signatures, throttling
from persona_django.tracking.batches import read_batch
from persona_django.tracking.models import Event
from persona_django.tracking.server_intake import record

LONGEST_BODY = 1024 * 1024
MOST_EVENTS = 500
TYPES = ("application/json",)
DOOR = "server"

WORDS = {
    "signature": "The message is not signed with a key that is in force here.",
    "stale": "The message's timestamp is more than 300 seconds from this server's clock.",
    "replayed": "The message was taken before. With another nonce each event still counts once.",
}


class ServerEventsView(OnItsOwn):
    """POST server/events/: what another server of the shop's reports, signed with a shared key.

    Who may send follows from the signature and from nothing else: neither session, nor cookie, nor
    the shop's own permissions are asked. See `tracking.signatures` for how a message is signed.
    """

    http_method_names = ("post",)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Without REST framework's own way in, which would load sessions of browsers.
        settings = conf.current()
        if not settings.enabled or not settings.server_keys:
            return answer({"detail": "There is nothing here."}, status=404)
        if request.method != "POST":
            return answer({"detail": "Use POST."}, status=405, Allow="POST")
        try:
            return self.post(request)
        except Unsigned as error:
            return _unsigned(error)
        except BadMessage as error:
            counters.count("server_unreadable")
            return unreadable(error)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take a message in, and say what became of each of its events."""
        # Before a signature is worked out, which costs as much as its sender likes.
        network = networks.network_now(request.META)
        wait = throttling.wait_at_door(DOOR, network)
        if wait:
            networks.say_if_unknown(request.META)
            detail = "That is more than one network may send."
            return answer({"detail": detail}, status=429, Retry_After=str(wait))
        # A message that cannot be theirs is not even read.
        claim = signatures.claim_of(request.META)
        body = read_body(request, limit=LONGEST_BODY, types=TYPES)
        signatures.verify(claim, body)
        batch = read_batch(body, most=MOST_EVENTS)

        def taken() -> HttpResponse:
            try:
                return answer(record(claim, batch).reply())
            except Unsigned as error:
                return _unsigned(error)

        return unless_away(taken, alias=router.db_for_write(Event), door="server_events")


def _unsigned(error: Unsigned) -> HttpResponse:
    counters.count(f"server_{error.reason}")
    return answer({"detail": WORDS[error.reason]}, status=401, WWW_Authenticate=CHALLENGE)


CHALLENGE = "Persona-HMAC-SHA256"
