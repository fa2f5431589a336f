"""The banner's answer, kept in a cookie of the shop's own that persona_django reads."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "shop_consent"
CHOICES = ("accepted", "refused")
REMEMBERED_SECONDS = 180 * 24 * 3600
"""Half a year; then the shop asks again."""


def choice(request: HttpRequest) -> str:
    """`accepted`, `refused`, or empty while the visitor has not answered."""
    given = request.COOKIES.get(COOKIE, "")
    return given if given in CHOICES else ""


def remember(response: HttpResponse, answer: str) -> None:
    """Keep the answer. Refusing after accepting makes persona_django forget its own cookie."""
    response.set_cookie(
        COOKIE,
        answer,
        max_age=REMEMBERED_SECONDS,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
