"""The shop's pages, ours where the app is installed, and what the tests steer the process with."""

from __future__ import annotations

from django.apps import apps
from django.urls import include, path

from tests.faults.shop import steering, views

urlpatterns = [
    path("page/<int:pk>/", views.page, name="product"),
    path("loop/<int:pk>/", views.page_in_the_loop),
    path("gift/<uuid:pk>/", views.page, name="gift"),
    path("tag/<slug:name>/<int:pk>/", views.tag),
    path("call/<slug:name>/<int:pk>/", views.call),
    path("signal/<slug:name>/<int:pk>/", views.signal),
    path("steer/<slug:order>/", steering.steer),
]
if apps.is_installed("persona_django"):
    urlpatterns.append(path("persona/", include("persona_django.urls")))
