"""The app's entry in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PersonaConfig(AppConfig):
    """Discovers every `persona.py` and connects signals, unless PERSONA["ENABLED"] is False."""

    name = "persona_django"
    label = "persona"
    verbose_name = _("Personalization")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from persona_django import checks, conf  # noqa: F401  (checks register on import)
        from persona_django.catalogue.registry import discover

        if not conf.current().enabled:
            return
        discover()
        from persona_django import receivers

        receivers.connect()
