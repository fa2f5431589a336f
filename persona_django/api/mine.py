"""What is held about whoever asks: to be read, erased, paused. Nobody else's can be named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError, router
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from rest_framework.authentication import BaseAuthentication, CSRFCheck, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from persona_django import counters
from persona_django.api.answers import seconds_to_rest
from persona_django.api.origins import origin_of
from persona_django.api.parameters import refuse_unknown
from persona_django.api.throttles import MineThrottle, StrangersThrottle
from persona_django.api.transactions import OnItsOwn
from persona_django.api.views import PersonaView
from persona_django.breaker import database_call
from persona_django.catalogue.state import read_state
from persona_django.exceptions import Resting
from persona_django.identity import consent, cookies, erasure, tokens
from persona_django.identity.models import Visitor
from persona_django.identity.subjects import Subject, is_paused, pause, resume, subject_of

FORM_FIELDS = frozenset({"csrfmiddlewaretoken", "next"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ERASE_SECONDS = 2.0
"""About how long a person waits, and a process of the shop is held, at most; the job
`persona.erasures` does the rest."""
SENT_BY_BROWSERS = frozenset({"basic", "digest", "negotiate", "ntlm"})
"""Ways of Authorization that a browser adds by itself, also to what another site's page sends."""


class SeeOther(HttpResponseRedirect):
    """Leads a form to a page, which is then asked for by GET."""

    status_code = 303


class MineView(OnItsOwn, PersonaView):
    """GET me/: everything held about whoever asks. DELETE me/: erase it for good.

    Who asks is known by the visitor's cookie, an app's token, or the shop's own authentication.
    Its permissions do not matter: everybody may ask about themselves. What changes something
    needs the shop's CSRF token, unless an app asks. A plain form without any script gets along
    with POST to me/erase/, me/pause/ and me/resume/, and is led back to `next`.
    """

    http_method_names: Any = ("get", "head", "delete")
    permission_classes = ()
    throttle = MineThrottle
    parser_classes = (JSONParser, FormParser, MultiPartParser)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """The shop's own, and its sessions even where its API knows none: customers come with
        a browser to ask this."""
        found = super().get_authenticators()
        if not any(isinstance(one, SessionAuthentication) for one in found):
            found.append(SessionAuthentication())
        return found

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        asked = request._request
        refuse_unknown(set(asked.GET) | (set(asked.POST) - FORM_FIELDS))
        if asked.method not in SAFE:
            _refuse_other_sites(request)

    def get(self, request: Request) -> Response:
        asked = request._request
        with _our_database():
            subject = subject_of(asked)
            told = erasure.export(subject)
            paused = consent.opted_out(asked) or is_paused(subject)
        return Response({**told, "paused": paused})

    def delete(self, request: Request) -> HttpResponseBase:
        return self._erase(request)

    def _subject(self, request: Request) -> Subject:
        """Whoever asks, of whom something is about to be kept."""
        subject = subject_of(request._request)
        if subject.strangers:
            limit = StrangersThrottle()
            if not limit.allow_request(request, self):
                self.throttled(request, limit.wait() or 0)
        return subject

    def _erase(self, request: Request) -> HttpResponseBase:
        asked = request._request
        with _our_database():
            done = erasure.erase(self._subject(request), seconds=ERASE_SECONDS)
        answer = {"erased": done.rows, "failed": list(done.failed), "later": list(done.left)}
        response = _answer(asked, answer, status=503 if done.failed else 200)
        if cookies.name_for(asked) in asked.COOKIES:
            cookies.withdraw(asked, response)
        return response

    def handle_exception(self, error: Exception) -> Response:
        """While the database is away nothing is told and nothing promised: ask again later."""
        if not isinstance(error, (DatabaseError, Resting)):
            return super().handle_exception(error)
        counters.failed("mine_unanswered", _AWAY, error=error)
        return Response(
            {"detail": "This cannot be answered at the moment. Come again."},
            status=503,
            headers={"Retry-After": seconds_to_rest()},
        )


_AWAY = "Somebody asked what is held about them, and the database could not be asked. Check it."


class EraseView(MineView):
    """POST me/erase/: as DELETE me/, for forms."""

    http_method_names = ("post",)

    def post(self, request: Request) -> HttpResponseBase:
        return self._erase(request)


class PauseView(MineView):
    """POST me/pause/: keep what is there, record and personalise nothing from now on."""

    http_method_names = ("post",)

    def post(self, request: Request) -> HttpResponseBase:
        asked = request._request
        with _our_database():
            subject = self._subject(request)
            pause(subject)
        if subject.is_nobody and tokens.is_by_app(asked):
            # Nobody is recognised by such a token, and an app need not keep any cookie.
            return _answer(asked, {"paused": False})
        response = _answer(asked, {"paused": True})
        cookies.opt_out(asked, response)
        return response


class ResumeView(MineView):
    """POST me/resume/: take it back."""

    http_method_names = ("post",)

    def post(self, request: Request) -> HttpResponseBase:
        asked = request._request
        with _our_database():
            resume(subject_of(asked))
        response = _answer(asked, {"paused": False})
        cookies.opt_in(response)
        return response


@contextmanager
def _our_database() -> Iterator[None]:
    """All of somebody's rows may take long. One quick question before them tells whether this is
    a moment to ask for them at all."""
    read_state(fresh=True)
    with database_call(router.db_for_write(Visitor), may_take_long=True):
        yield


def _refuse_other_sites(request: Request) -> None:
    """What another site's page makes a browser send is not its user's wish."""
    asked = request._request
    if asked.META.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        raise PermissionDenied("Another site cannot ask this for its visitor.")
    if isinstance(request.successful_authenticator, SessionAuthentication):
        # It has looked at the token already.
        return
    if _has_a_header_of_its_own(asked):
        if "HTTP_ORIGIN" in asked.META and not origin_of(asked).is_trusted:
            raise PermissionDenied("Another site cannot ask this for its visitor.")
        return
    check = CSRFCheck(_unused)
    check.process_request(asked)
    reason = check.process_view(asked, _unused, (), {})
    if reason:
        raise PermissionDenied(f"CSRF: {reason}")


def _has_a_header_of_its_own(asked: HttpRequest) -> bool:
    """Whether a header says who asks that no page of another site can make a browser send.

    How the shop knows its customers is its own affair: a class of its own may read a cookie.
    """
    scheme = asked.META.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
    return tokens.is_by_app(asked) or (bool(scheme) and scheme not in SENT_BY_BROWSERS)


def _unused(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _answer(asked: HttpRequest, answer: dict[str, Any], *, status: int = 200) -> HttpResponseBase:
    """JSON; a form is led back to the page it names, if that is one of this shop, unless what it
    asked for could not be done: nobody must read there that it was."""
    if status != HTTPStatus.OK or not (asked.content_type or "").startswith(
        ("application/x-www-form-urlencoded", "multipart/")
    ):
        return Response(answer, status=status)
    target = asked.POST.get("next", "")
    safe = target.isprintable() and url_has_allowed_host_and_scheme(
        target, allowed_hosts={asked.get_host()}, require_https=asked.is_secure()
    )
    return SeeOther(target if safe else "/")
