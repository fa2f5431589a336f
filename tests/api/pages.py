"""A page of the shop that tells the name of its view, as its script would read it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from persona_django.tracking.ingest import view_id, viewed
from tests.shop.models import Product


def shown(request: HttpRequest, pk: int) -> HttpResponse:
    viewed(request, Product.objects.get(pk=pk))
    return HttpResponse("<html>page</html>", headers={"X-View": view_id(request)})


urlpatterns = [
    path("persona/", include("persona_django.urls")),
    path("shown/<int:pk>/", shown),
]
