"""Imports in processes of their own: killed for real, and beside a shop that goes on selling."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
LINES = 60_000
PREPARE = """
import django; django.setup()
from django.conf import settings
from django.apps import apps
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from tests.tracking.catalogue import item_of, product
for n in range(200):
    item_of(product(f"I{n}"))
"""


def run(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder}/shop.sqlite3",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    environment.pop("PERSONA_SECOND_DATABASE", None)
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment)


def orders(path: Path) -> None:
    rng = random.Random(5)
    lines = ["user_id,item_id,timestamp,price,quantity,basket_id"]
    for n in range(LINES):
        item = f"I{rng.randrange(210)}"
        lines.append(f"{rng.randrange(900)},{item},{1_600_000_000 + n},1.5,1,{n // 9}")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.slow
def test_an_import_killed_again_and_again_ends_with_every_line_once(tmp_path):
    orders(tmp_path / "orders.csv")
    assert run(tmp_path, "-c", PREPARE).wait() == 0
    command = ["-m", "django", "persona_import", str(tmp_path / "orders.csv")]
    command += ["--model", "shop.product", "--item-field", "name"]
    rng = random.Random(6)

    kills = 0
    while True:
        process = run(tmp_path, *command)
        try:
            assert process.wait(timeout=0.3 + rng.random() + kills * 0.2) == 0
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1

    assert kills > 0
    shop = sqlite3.connect(tmp_path / "shop.sqlite3")
    stored, distinct = shop.execute(
        "SELECT count(*), count(DISTINCT \"order\" || ' ' || at) FROM persona_event"
    ).fetchone()
    done = shop.execute(
        "SELECT rows_done, stored, repeated, rejected FROM persona_importrun"
    ).fetchone()
    shop.close()
    rejects = (tmp_path / "orders.csv.rejects.csv").read_text().splitlines()[1:]
    assert stored == distinct == done[1]
    assert done == (LINES, stored, 0, LINES - stored)
    numbers = [int(line.split(",")[0]) for line in rejects]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == LINES - stored


@pytest.mark.slow
def test_a_shop_that_writes_during_an_import_hardly_waits(tmp_path):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment.pop("DATABASE_URL", None)
    started = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_orders", "--lines", "60000", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
    )

    figures: dict[str, Any] = json.loads(done.stdout)
    assert figures["lines"] == 60_000
    assert figures["waits"] > 50
    assert figures["wait_p99_ms"] <= 100
    assert figures["seconds"] < time.monotonic() - started
