"""The visitor's token of an app, which has no cookies: the same pseudonym, sent in a header.

It lives as long as the cookie, is signed by the same keys, and changes at sign-in and sign-out as
the cookie does. Neither can be used in the other's place.
"""

from __future__ import annotations

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from persona_django.identity import cookies
from persona_django.identity.cookies import VisitorCookie

HEADER = "X-Persona-Visitor"
META = "HTTP_X_PERSONA_VISITOR"
SALT = "persona_django.identity.tokens"


@sensitive_variables()
def issue(visitor: VisitorCookie) -> str:
    """The token that an app keeps and sends with what it asks and reports."""
    return cookies.signed(visitor, salt=SALT)


@sensitive_variables()
def opened(value: str) -> VisitorCookie | None:
    """Who a token stands for, if we signed it and it is not too old."""
    return cookies.unsigned(value, salt=SALT)


def is_by_app(request: HttpRequest) -> bool:
    """Whether the request carries a token, sound or not.

    No page of another site can make a browser send one: it asks the shop for leave first.
    """
    return META in request.META


@sensitive_variables()
def carried(request: HttpRequest) -> VisitorCookie | None:
    """Who a request says it comes from: the token's visitor in an app, the cookie's in a browser.

    Says nothing about consent, nor whether it is still the same person: see `shoppers`.
    """
    if is_by_app(request):
        return cookies.unsigned_once(request, request.META[META], salt=SALT)
    return cookies.opened(request)
