"""A shop on a file, worked on by processes that a test starts, speaks to and ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import network

ROOT = Path(__file__).resolve().parents[2]
START = """
import os, sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.test.utils import setup_test_environment
"""


class Shop:
    """The test shop in a database of its own, under the settings of a module."""

    def __init__(self, folder: Path, *, settings: str = "tests.settings", **env: str) -> None:
        self.env = {
            **{name: value for name, value in os.environ.items() if "PERSONA" not in name},
            "DJANGO_SETTINGS_MODULE": settings,
            "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite3'}",
            "PYTHONPATH": os.pathsep.join([network.python_path(ROOT), str(folder)]),
            "PYTHONUNBUFFERED": "1",
            **env,
        }

    def run(self, code: str) -> str:
        """Run a few lines to their end and return what they printed."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", START + code],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def process(self, code: str) -> Iterator[Any]:
        """A process that lasts as long as the block, spoken to line by line."""
        started = subprocess.Popen(
            [sys.executable, "-c", START + code],
            cwd=ROOT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield started
        finally:
            started.kill()
            started.communicate(timeout=20)


def said(process: Any, line: str = "") -> str:
    """Say a line, if there is one, and hear the next."""
    if line:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    heard: str = process.stdout.readline()
    assert heard, "the process ended"
    return heard.strip()
