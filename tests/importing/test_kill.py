"""An import in a process of its own is killed for real, and what comes after it goes on there."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PREPARE = """
import django; django.setup()
from django.conf import settings
from django.apps import apps
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from django.db import transaction
from tests.tracking.catalogue import item_of, product
with transaction.atomic():
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


def orders(path: Path, lines: int) -> None:
    rng = random.Random(5)
    text = ["user_id,item_id,timestamp,price,quantity,basket_id"]
    for n in range(lines):
        item = f"I{rng.randrange(210)}"
        text.append(f"{rng.randrange(900)},{item},{1_600_000_000 + n},1.5,1,{n // 9}")
    path.write_text("\n".join(text) + "\n")


def ask(folder: Path, sql: str) -> tuple[int, ...]:
    """The one row of a query, or none."""
    with closing(sqlite3.connect(folder / "shop.sqlite3", timeout=20)) as shop:
        return shop.execute(sql).fetchone() or ()


def killed_while_it_stores(
    process: subprocess.Popen[bytes], folder: Path, moment: random.Random
) -> bool:
    """Kill it a moment after it has stored something more; False when it was done before."""
    stored = "SELECT stored FROM persona_importrun"
    before = ask(folder, stored)
    while process.poll() is None:
        now = ask(folder, stored)
        if now and now > (before or (0,)):
            time.sleep(moment.uniform(0, 0.03))
            process.kill()
            break
        time.sleep(0.002)
    return process.wait(timeout=60) != 0


@pytest.mark.alone
@pytest.mark.parametrize(
    ("lines", "kills"), [(10_000, 2), pytest.param(60_000, 12, marks=pytest.mark.slow)]
)
def test_an_import_killed_again_and_again_ends_with_every_line_once(lines, kills, tmp_path):
    orders(tmp_path / "orders.csv", lines)
    assert run(tmp_path, "-c", PREPARE).wait(timeout=60) == 0
    command = ["-m", "django", "persona_import", str(tmp_path / "orders.csv"), "-v", "0"]
    command += ["--model", "shop.product", "--item-field", "name"]
    moment = random.Random(6)

    for _ in range(kills):
        assert killed_while_it_stores(run(tmp_path, *command), tmp_path, moment)
        assert ask(tmp_path, "SELECT finished_at IS NULL FROM persona_importrun") == (1,)
    assert run(tmp_path, *command).wait(timeout=60) == 0

    stored, distinct = ask(
        tmp_path, "SELECT count(*), count(DISTINCT \"order\" || ' ' || at) FROM persona_event"
    )
    done = ask(tmp_path, "SELECT rows_done, stored, repeated, rejected FROM persona_importrun")
    rejects = (tmp_path / "orders.csv.rejects.csv").read_text().splitlines()[1:]
    assert stored == distinct == done[1]
    assert done == (lines, stored, 0, lines - stored)
    numbers = [int(line.split(",")[0]) for line in rejects]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == lines - stored
