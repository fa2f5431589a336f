"""Addresses of the API. A shop puts `include("persona_django.urls")` under a path of its own."""

from __future__ import annotations

from django.urls import path

from persona_django.api.blocks import BlockView
from persona_django.api.events import EventsView

app_name = "persona"
urlpatterns = [
    path("api/v1/blocks/<slug:slug>/", BlockView.as_view(), name="block"),
    path("api/v1/events/", EventsView.as_view(), name="events"),
]
