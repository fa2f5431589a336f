"""The one address that the tags ask for."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nowhere(request: HttpRequest) -> HttpResponse:
    """Reports go to the recording site instead."""
    return HttpResponse()


ours = ([path("api/v1/events/", nowhere, name="events")], "persona")
urlpatterns = [
    path("persona/", include(ours)),
    path("product/<int:pk>/", nowhere, name="product"),
]
