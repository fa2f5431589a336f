"""The app's entry in INSTALLED_APPS."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _

HOLD_PERSONAL_DATA = ("identity", "tracking", "feedback", "deriving")
"""Rooms whose module `personal` declares what they hold about people, in the data's order."""


class PersonaConfig(AppConfig):
    """Discovers every `persona.py` and connects signals, unless PERSONA["ENABLED"] is False."""

    name = "persona_django"
    label = "persona"
    verbose_name = _("Personalization")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from persona_django import checks, conf  # noqa: F401  (checks register on import)
        from persona_django.catalogue.registry import discover

        for room in HOLD_PERSONAL_DATA:
            import_module(f"persona_django.{room}.personal")

        if apps.is_installed("drf_spectacular"):
            import_module("persona_django.api.schema")

        if not conf.current().enabled:
            return
        discover()
        from persona_django import receivers

        receivers.connect()
