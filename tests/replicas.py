"""A replica of our tables that stopped following: it knows what stood when it was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.test import override_settings

REPLICA = "replica"


class ReadsTheReplica:
    """Sends every read of ours to the replica, and every write to where it always went."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return REPLICA if model._meta.app_label == "persona" else None


@contextmanager
def lagging(folder: Path) -> Iterator[None]:
    """From here on a replica answers whatever may be asked of one, with what stands by now."""
    connections.settings[REPLICA] = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(folder / "replica.sqlite3"),
        "OPTIONS": {},
    }
    try:
        # By hand, because tests may open no database that they did not declare.
        connections[REPLICA].connect()
        _copy()
        with override_settings(DATABASE_ROUTERS=[ReadsTheReplica(), *settings.DATABASE_ROUTERS]):
            yield
    finally:
        connections[REPLICA].close()
        del connections.settings[REPLICA]
        del connections[REPLICA]


def _copy() -> None:
    models_of_ours = list(apps.get_app_config("persona").get_models())
    with connections[REPLICA].schema_editor() as editor:
        for model in models_of_ours:
            editor.create_model(model)
    for model in models_of_ours:
        model._base_manager.using(REPLICA).bulk_create(list(model._base_manager.all()))
