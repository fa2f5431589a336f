"""Pages that are not about one product: home, privacy, and the notes about the shop itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from example_shop import consent, showcase
from persona_django.identity.consent import opted_out
from persona_django.identity.subjects import is_paused, subject_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/home.html", {"showcase": showcase.build()})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/about.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Says what is kept, and lets the visitor change the answer given to the banner."""
    refused_by_browser = "1" in (request.META.get("HTTP_SEC_GPC"), request.META.get("HTTP_DNT"))
    told = {
        "refused_by_browser": refused_by_browser,
        "is_left_alone": is_paused(subject_of(request)) or opted_out(request),
    }
    return render(request, "shop/privacy.html", told)


@require_POST
def answer_consent(request: HttpRequest) -> HttpResponse:
    """The banner's two buttons, and the same two on the privacy page."""
    response = redirect(_back_to(request))
    answer = request.POST.get("choice", "")
    if answer in consent.CHOICES:
        consent.remember(response, answer)
    return response


def _back_to(request: HttpRequest) -> str:
    """Where the visitor was, as long as that is on this shop."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "home"
