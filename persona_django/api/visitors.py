"""Visitors' tokens for apps, which have no cookies."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import router
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from persona_django import counters
from persona_django.api.throttles import LinkThrottle
from persona_django.api.transactions import OnItsOwn
from persona_django.api.views import PersonaView
from persona_django.breaker import database_call
from persona_django.identity import consent, restrictions, tokens, visitors
from persona_django.identity.cookies import VisitorCookie
from persona_django.identity.models import Visitor
from persona_django.identity.shoppers import (
    is_left_alone,
    signed_in_user,
    store_of,
)
from persona_django.identity.visitors import Recognised
from persona_django.tracking import writing
from persona_django.tracking.newcomers import place_in_network


class VisitorView(OnItsOwn, PersonaView):
    """POST visitor/: a token for an app whose user agreed, to be sent as X-Persona-Visitor.

    The app asks at its first start after consent, and again with its present token whenever its
    user signs in or out: a token is good for one person only. Asked for without need it comes
    back as it is, and no older token lives longer for it; whoever took their consent back or was
    erased, and agrees again, gets another. Who paused gets none. Browsers are refused: they get a
    cookie that no script can read.
    """

    http_method_names = ("post",)
    parser_classes = (JSONParser,)

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), LinkThrottle()]

    def post(self, request: Request) -> Response:
        asked = request._request
        if "HTTP_ORIGIN" in asked.META or "HTTP_SEC_FETCH_SITE" in asked.META:
            raise PermissionDenied("A browser is recognised by its cookie and needs no token.")
        agreed = consent.identifying(asked)
        if not agreed:
            raise PermissionDenied("The consent policy does not allow it for this request.")
        user = signed_in_user(asked)
        old = tokens.carried(asked) if tokens.is_by_app(asked) else None
        if _is_over(old):
            old = None
        if is_left_alone(asked, old.key if old else None, user):
            raise PermissionDenied("Whoever asks has paused, or was erased, and is left alone.")
        purposes = ",".join(agreed)
        if old is not None and old.is_of(user):
            # What should have linked them when they signed in may have failed.
            self._link(asked, old, user, purposes)
            return Response({"visitor": asked.META[tokens.META]})
        fresh = VisitorCookie.begun(old, user)
        self._link(asked, fresh, user, purposes)
        return Response({"visitor": tokens.issue(fresh)})

    def _link(self, asked: Any, token: VisitorCookie, user: Any, purposes: str) -> None:
        """Link a visitor to whoever signed in, and their history of before, once."""
        nobody = Recognised(visitor=token.key, store=store_of(asked), purposes=purposes)
        known = visitors.linked(nobody, token, user)
        if known.account is None:
            return
        try:
            rank = visitors.rank_of(known, partial(place_in_network, asked))
            with writing.contained(one_statement=False):
                visitors.write(known, rank=rank)
        except Exception as error:  # noqa: BLE001 - the app gets its token whatever happens here
            counters.failed("visitor_unlinked", _UNLINKED, error=error)


def _is_over(old: VisitorCookie | None) -> bool:
    """Whether nothing is taken in under a token's number any more, so that who agrees again
    begins anew. Hears first of who paused meanwhile."""
    try:
        with database_call(router.db_for_write(Visitor)):
            restrictions.refresh()
            return old is not None and visitors.is_over(old.key)
    except Exception as error:  # noqa: BLE001 - the app gets its token whatever happens here
        counters.failed("visitor_unlinked", _UNLINKED, error=error)
        return False


_UNLINKED = (
    "A visitor of an app could not be linked to the customer who signed in; what they did before "
    "stays with the visitor alone."
)
