"""The shop's Celery app, whose broker is behind a proxy."""

from __future__ import annotations

from celery import Celery

app = Celery("fault-shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["persona_django"], force=True)
