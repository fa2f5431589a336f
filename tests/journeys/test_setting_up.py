"""The shop's settings: what the environment chooses, and what it does without being told."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings
from django.core.checks import run_checks

from example_shop import celery_app
from persona_django.tasks import BEAT_SCHEDULE


def settings_in(**environment: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of their own and print some of them."""
    ours = {"SECRET_KEY", "DEBUG", "DATABASE_URL", "BROKER_URL", "CACHE_URL"}
    kept = {key: value for key, value in os.environ.items() if key not in ours}
    shown = (
        "DATABASES['default']['ENGINE'], CELERY_TASK_ALWAYS_EAGER, CACHES['default']['BACKEND']"
    )
    return subprocess.run(
        [sys.executable, "-c", f"from example_shop.settings import *; print({shown})"],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_celery_runs_in_the_calling_process_and_beat_knows_our_tasks():
    assert celery_app.conf.task_always_eager
    assert celery_app.conf.task_eager_propagates
    assert celery_app.conf.beat_schedule.items() >= BEAT_SCHEDULE.items()


def test_database_broker_and_cache_are_chosen_by_address():
    done = settings_in(
        DATABASE_URL="postgres://someone@127.0.0.1:5432/shop",
        BROKER_URL="redis://127.0.0.1:6379/0",
        CACHE_URL="rediscache://127.0.0.1:6379/1",
    )

    assert "postgresql" in done.stdout, done.stderr
    assert "False" in done.stdout
    assert "redis" in done.stdout.lower()


def test_outside_the_demonstration_a_secret_key_must_be_given():
    without = settings_in(DEBUG="0", DATABASE_URL="sqlite://:memory:")
    given = settings_in(DEBUG="0", SECRET_KEY="x" * 50, DATABASE_URL="sqlite://:memory:")

    assert "SECRET_KEY" in without.stderr
    assert given.returncode == 0, given.stderr


def test_the_shop_s_own_settings_pass_every_check():
    assert settings.ROOT_URLCONF == "example_shop.urls"
    assert [str(message) for message in run_checks()] == []
