"""Settings of the worker processes that tests start: the test shop on real parts, at test pace."""

from __future__ import annotations

import os
from datetime import timedelta

from persona_django.tasks import BEAT_SCHEDULE
from tests.settings import *  # noqa: F403
from tests.settings import PERSONA as _PERSONA

CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = os.environ["BROKER_URL"]
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", "3600")),
    # Looked for every second and not every hundred, so that a test sees a redelivery happen.
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = os.environ["DEFAULT_QUEUE"]
CELERY_BEAT_SCHEDULE = {name: {**entry, "schedule": 1.0} for name, entry in BEAT_SCHEDULE.items()}

PERSONA = {
    **_PERSONA,
    "CACHE_FOLDER": os.environ["WORKER_FOLDER"],
    "QUEUE": os.environ["OWN_QUEUE"],
    "TASK_TIME_LIMIT": timedelta(seconds=int(os.environ.get("TASK_SECONDS", "3600"))),
    "LEASE_FOR": timedelta(seconds=int(os.environ.get("LEASE_SECONDS", "3"))),
    "MIN_TRAINING_SHOPPERS": 3,
    "MIN_LOG_LIKELIHOOD": 0,
    "SIMILARITY_BACKEND": "scipy",
    "WRITE_CHUNK_ROWS": int(os.environ.get("WRITE_CHUNK_ROWS", "500")),
    "WRITE_PAUSE": timedelta(milliseconds=int(os.environ.get("WRITE_PAUSE_MS", "2"))),
    "CHUNK_FOR": timedelta(milliseconds=1),
}
