"""How long `persona_import` takes for a file of orders, and how long a shop waits meanwhile.

    python -m benchmarks.import_orders FILE [--items FILE] [--json]
    DATABASE_URL=postgres://postgres@127.0.0.1:5432/test python -m benchmarks.import_orders FILE

FILE is any CSV, CSV.gz or Parquet that `persona_import` understands by itself; without it the
environment variable PERSONA_ORDERS_FILE names one. Without either it is `online_retail.csv.gz` of
the folder with the public sets, where that is there (`../shared/data`, or PERSONA_DATA), and else
a drawn file of 540,000 lines; `--lines` always draws one. Which it was is printed. The items are
what the file's item column holds. While the import runs on SQLite, another process writes as
a shop does and notes how long each write waited.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.findings import TITLES, Finding, add_option, hand_over, wait_of_a_checkout
from benchmarks.memory import peak_megabytes

REAL = "online_retail.csv.gz"
AIM_SECONDS = 60.0
DRAWN_LINES = 540_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("file", nargs="?", default=os.environ.get("PERSONA_ORDERS_FILE"))
    options.add_argument("--lines", type=int, help="draw a file of so many")
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    add_option(options)
    chosen = options.parse_args()
    if chosen.file and not Path(chosen.file).is_file():
        sys.exit(f"skipped: there is no file {chosen.file}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/shop.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        path = None if chosen.lines else Path(chosen.file) if chosen.file else real_file()
        told = path.name if path else "a drawn file"
        if path is None:
            path = drawn(folder / "orders.csv", chosen.lines or DRAWN_LINES)
        figures = {"file": told, **measure(path, folder)}
    hand_over(findings(figures), chosen.findings)
    print(json.dumps(figures) if chosen.json else as_text(figures))


def as_text(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['file']}, {figures['lines']:,} lines on {figures['database']}: "
        f"{figures['seconds']:.1f} s",
        f"  stored {figures['stored']:,}, there already {figures['repeated']:,}, "
        f"refused {figures['rejected']:,}; reading and checking alone "
        f"{figures['check_seconds']:.1f} s; again, changing nothing, "
        f"{figures['again_seconds']:.1f} s; peak memory {figures['peak_mb']:.0f} MB",
    ]
    for reason, count in figures["reasons"].items():
        lines.append(f"  {count:>9,}  {reason}")
    if figures["waits"]:
        lines.append(
            f"  {figures['waits']} writes of a shop meanwhile waited p50 "
            f"{figures['wait_p50_ms']:.1f}, p99 {figures['wait_p99_ms']:.1f}, at most "
            f"{figures['wait_max_ms']:.1f} ms"
        )
    return "\n".join(lines)


def findings(figures: dict[str, Any]) -> list[Finding]:
    """The import, and what the shop's own writer waits meanwhile."""
    found = [
        Finding(
            name=f"import of {figures['file']}, {TITLES[figures['database']]}",
            value=figures["seconds"],
            unit="s",
            limit=AIM_SECONDS,
            beside=f"{figures['lines']:,} lines, {figures['stored']:,} stored",
        )
    ]
    if figures["waits"]:
        found.append(
            wait_of_a_checkout(
                "an import, p99",
                figures["wait_p99_ms"],
                beside=f"longest {figures['wait_max_ms']:.1f} ms",
            )
        )
    return found


def real_file() -> Path | None:
    """The real history of a shop, where this machine has it."""
    # The example shop chooses its own settings when it is the first to be imported.
    from example_shop.loaders.public_sets import DataMissingError, data_folder

    try:
        path = data_folder() / REAL
    except DataMissingError:
        return None
    return path if path.is_file() else None


def measure(path: Path, folder: Path) -> dict[str, Any]:
    """Import the file into an empty shop that sells everything in it."""
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.db import connection

    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    if connection.vendor == "sqlite":
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "bench.db")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "bench.db")
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        from persona_django.importing.runs import Options, import_file

        fill(path)
        options = Options(model="shop.product", item_field="name")
        rejects = folder / "rejects.csv"
        checked = import_file(path, options, rejects=rejects, dry_run=True)
        writer = Writer(folder / "bench.db") if connection.vendor == "sqlite" else None
        report = import_file(path, options, rejects=rejects)
        waits = writer.stop() if writer else []
        again = import_file(path, options, rejects=rejects, restart=True)
        assert again.stored == 0 and again.repeated == report.stored
        return {
            "database": connection.vendor,
            "lines": report.lines,
            "stored": report.stored,
            "repeated": report.repeated,
            "rejected": report.rejected,
            "reasons": dict(report.reasons),
            "seconds": report.seconds,
            "check_seconds": checked.seconds,
            "again_seconds": again.seconds,
            "peak_mb": peak_megabytes(),
            "waits": len(waits),
            "wait_p50_ms": 1000 * statistics.median(waits) if waits else 0.0,
            "wait_p99_ms": 1000 * sorted(waits)[int(len(waits) * 0.99)] if waits else 0.0,
            "wait_max_ms": 1000 * max(waits) if waits else 0.0,
        }
    finally:
        connection.creation.destroy_test_db("bench", verbosity=0)


def fill(path: Path) -> None:
    """A shop that sells every item of the file."""
    from persona_django.catalogue.sync import sync
    from persona_django.importing.files import Source
    from tests.shop.models import Product

    keys: dict[str, None] = {}
    with Source(path=path, mapping={}, kind="order").opened() as (_, chunks):
        for chunk in chunks:
            keys.update(dict.fromkeys(text.strip() for text in chunk.columns["item"]))
    products = [Product(name=key, price=1) for key in keys if key]
    Product.objects.bulk_create(products, batch_size=1_000)
    sync()


def drawn(path: Path, lines: int) -> Path:
    """A file of orders that nobody placed, of the usual shape."""
    import numpy as np

    rng = np.random.default_rng(7)
    order = np.sort(rng.integers(0, lines // 21 + 1, lines))
    item = (rng.zipf(1.3, lines) - 1) % 4_000
    quantity = np.where(rng.random(lines) < 0.02, -1, 1) * rng.integers(1, 13, lines)
    start = 1_291_190_000
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["user_id", "item_id", "timestamp", "price", "quantity", "basket_id"])
        for basket, what, pieces in zip(
            order.tolist(), item.tolist(), quantity.tolist(), strict=True
        ):
            customer = basket * 7919 % 4_400 if basket % 4 else ""
            moment = start + basket * 1_200
            writer.writerow([customer, f"I{what}", moment, f"{what % 90}.95", pieces, basket])
    return path


class Writer:
    """Another process that writes to the shop's own table, one row every few milliseconds."""

    CODE = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute("CREATE TABLE IF NOT EXISTS checkout (at REAL)")
print("ready", flush=True)
import select
while not select.select([sys.stdin], [], [], 0.013)[0]:
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    waited = time.perf_counter() - started
    connection.execute("INSERT INTO checkout VALUES (?)", (waited,))
    connection.execute("COMMIT")
"""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, str(database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def stop(self) -> list[float]:
        """Seconds that each write waited for the lock."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.close()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        connection = sqlite3.connect(self.database)
        try:
            return [row[0] for row in connection.execute("SELECT at FROM checkout")]
        finally:
            connection.close()


if __name__ == "__main__":
    main()
