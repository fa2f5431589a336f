"""Events over REST: what the script in the shop's pages, and the shop's apps, report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import router
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from persona_django import conf, counters
from persona_django.api.answers import answer, packed, unless_away, unreadable
from persona_django.api.bodies import read_body
from persona_django.api.origins import Origin, let_read, origin_of
from persona_django.api.transactions import OnItsOwn
from persona_django.exceptions import BadMessage
from persona_django.feedback.record import Reporter, record
from persona_django.identity import consent, restrictions, shoppers, tokens, visitors
from persona_django.identity.visitors import Recognised
from persona_django.tracking import drops, networks, robot_networks, throttling, writing
from persona_django.tracking.batches import LONGEST_BODY, Batch, read_batch
from persona_django.tracking.bots import is_robot
from persona_django.tracking.clients import device_of
from persona_django.tracking.models import Event
from persona_django.tracking.newcomers import place_in_network
from persona_django.tracking.verdicts import Verdicts

TYPES = ("application/json", "text/plain")
"""A beacon of plain text arrives as such; what it comes from is asked first."""
FOREIGN = "Sent by no page of this shop, of no origin in EVENT_ORIGINS, and with no app's token."
METHODS = "GET, POST, OPTIONS"
DOOR, ASKED = "events", "asked"
"""Reports are counted apart from the question whether there may be any."""


class EventsView(OnItsOwn):
    """POST events/: what happened, in batches. GET events/: whether anything may be reported.

    Whose events they are follows from the signed cookie, or from an app's signed token, and from
    nothing in the body. Pages of the shop may send here, and origins that the shop lists.
    """

    http_method_names = ("get", "post", "options")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Without REST framework's own way in: its authentication would load the session before
        # the body is read, and its negotiation refuse what a beacon accepts.
        if not conf.current().enabled:
            return answer({"detail": "There is nothing here."}, status=404)
        origin = origin_of(request)
        handle = {"GET": self.get, "POST": self.post, "OPTIONS": self.options}.get(
            request.method or ""
        )
        if handle is None:
            response = answer({"detail": "Use GET or POST."}, status=405, Allow=METHODS)
        elif not origin.is_trusted:
            counters.count("events_cross_site")
            response = answer({"detail": FOREIGN}, status=403)
        else:
            response = handle(request, origin)
        let_read(response, origin, methods=METHODS)
        return response

    def options(self, request: HttpRequest, origin: Origin) -> HttpResponse:  # type: ignore[override]
        """What a browser asks before a page of another origin may send."""
        response = HttpResponse(status=204)
        response["Allow"] = METHODS
        return response

    def get(self, request: HttpRequest, origin: Origin) -> HttpResponse:
        """Whether the visitor agreed, for scripts that cannot read it themselves."""
        network = networks.network_now(request.META)
        shut = _shut(request, ASKED, network, {"allowed": False, "purposes": []})
        if shut is not None:
            return shut
        purposes = [purpose for purpose in consent.PURPOSES if consent.allowed(request, purpose)]
        allowed = any(purpose in consent.IDENTIFYING for purpose in purposes)
        return answer({"allowed": allowed, "purposes": purposes})

    def post(self, request: HttpRequest, origin: Origin) -> HttpResponse:
        """Take a message in, and say what became of each of its events."""
        network = networks.network_now(request.META)
        shut = _shut(request, DOOR, network, Verdicts(0).reply())
        if shut is not None:
            return shut
        try:
            batch = read_batch(read_body(request, limit=LONGEST_BODY, types=TYPES))
        except BadMessage as error:
            counters.count("events_unreadable")
            return unreadable(error)
        is_app = tokens.is_by_app(request)
        if not consent.identifying(request):
            return _unless_away(lambda: _without_consent(request, batch, is_app=is_app))
        says_so = not is_app and is_robot(request.META.get("HTTP_USER_AGENT", ""))
        if says_so or robot_networks.is_within(request.META):
            return _refused(batch, "robot")
        wait = _seconds_to_wait(request, network, len(batch))
        if wait:
            return _too_much(batch, wait)
        response = HttpResponse(content_type="application/json")
        response["Cache-Control"] = "private, no-store"
        may_begin = origin.is_own_page and not is_app
        return _unless_away(lambda: _taken(request, response, batch, may_begin=may_begin))


def _unless_away(give: Callable[[], HttpResponse]) -> HttpResponse:
    return unless_away(give, alias=router.db_for_write(Event), door="events")


def _seconds_to_wait(request: HttpRequest, network: int, events: int) -> int:
    cookie = tokens.carried(request)
    wait = throttling.wait_with_events(
        DOOR, visitor=cookie.key if cookie else None, network=network, events=events
    )
    if wait:
        networks.say_if_unknown(request.META)
    return wait


def _shut(
    request: HttpRequest, door: str, network: int, nothing: dict[str, Any]
) -> HttpResponse | None:
    """The answer to a request that is over a limit of its network, or of all: it is not read.

    It has the shape of `nothing`, which the door says of nothing: a client looks for no other.
    """
    wait = throttling.wait_at_door(door, network)
    if not wait:
        return None
    networks.say_if_unknown(request.META)
    told = {**nothing, "unread": True}
    if not conf.current().refuse_excess:
        return answer(told, status=202)
    return answer(told, status=429, Retry_After=str(wait))


def _too_much(batch: Batch, wait: int) -> HttpResponse:
    if not conf.current().refuse_excess:
        return _refused(batch, "throttled", status=202)
    return _refused(batch, "throttled", status=429, Retry_After=str(wait))


def _without_consent(request: HttpRequest, batch: Batch, *, is_app: bool) -> HttpResponse:
    """Nothing is taken. That an app's user took their consent back is noted, as a page notes it of
    a browser's: what was stored under the token teaches nothing any more."""
    token = tokens.carried(request) if is_app and consent.is_withdrawn(request) else None
    if token is not None:
        gone = visitors.taken_back(token, shoppers.store_of(request))
        if gone.has_news:
            restrictions.refresh()
            with writing.contained(one_statement=False):
                visitors.write(gone)
    return _refused(batch, "consent")


def _taken(
    request: HttpRequest, response: HttpResponse, batch: Batch, *, may_begin: bool
) -> HttpResponse:
    """Store the events of whoever sent them, once that is known."""
    # Before a transaction of ours: one that begins by reading may be refused its first write.
    restrictions.refresh()
    shopper = shoppers.resolve(request)
    if shopper.left_alone:
        return _refused(batch, "consent")
    seen = Recognised(
        visitor=shopper.visitor,
        store=shopper.store,
        purposes=",".join(consent.identifying(request)),
    )
    if seen.visitor is not None:
        seen = visitors.linked(seen, tokens.carried(request), shopper.user)
    if seen.visitor is None and may_begin and tokens.carried(request) is None:
        # On a page out of a cache nobody could be given a cookie: its script is the first word.
        seen = visitors.recognise(request, response, may_begin=True)
    if seen.visitor is None:
        if shoppers.may_be_signed_in(request):
            # Who cannot be known because the database is away may be known the next time.
            bool(getattr(request.user, "is_authenticated", False))
        return _refused(batch, "visitor")
    who = Reporter(
        seen=seen,
        customer=shopper.customer,
        device=device_of(request),
        place=partial(place_in_network, request),
    )
    response.content = packed(record(who, batch).reply())
    drops.flush_if_due()
    return response


def _refused(batch: Batch, reason: str, *, status: int = 200, **headers: str) -> HttpResponse:
    """Nothing of a message is taken."""
    verdicts = Verdicts.all_refused(len(batch), reason)
    verdicts.count()
    return answer(verdicts.reply(), status=status, **headers)
