"""Puts our tables into a database of their own, as a shop may."""

from __future__ import annotations

from typing import Any


class PersonaRouter:
    """Routes the app label `persona` to the alias `persona`, everything else to `default`."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "persona" if model._meta.app_label == "persona" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "persona") == (app_label == "persona")
