"""Addresses of the API. A shop puts `include("persona_django.urls")` under a path of its own."""

from __future__ import annotations

from django.urls import path

from persona_django.api.blocks import BlockView
from persona_django.api.events import EventsView
from persona_django.api.mine import EraseView, MineView, PauseView, ResumeView
from persona_django.api.server_events import ServerEventsView
from persona_django.api.visitors import VisitorView

app_name = "persona"
urlpatterns = [
    path("api/v1/blocks/<slug:slug>/", BlockView.as_view(), name="block"),
    path("api/v1/events/", EventsView.as_view(), name="events"),
    path("api/v1/me/", MineView.as_view(), name="me"),
    path("api/v1/me/erase/", EraseView.as_view(), name="me-erase"),
    path("api/v1/me/pause/", PauseView.as_view(), name="me-pause"),
    path("api/v1/me/resume/", ResumeView.as_view(), name="me-resume"),
    path("api/v1/server/events/", ServerEventsView.as_view(), name="server-events"),
    path("api/v1/visitor/", VisitorView.as_view(), name="visitor"),
]
