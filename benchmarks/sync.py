"""How long the shop's products take into the mirror: the first sync, an unchanged one, a sale.

    python -m benchmarks.sync --products 50000
    DATABASE_URL=postgres://postgres@127.0.0.1:5432/test python -m benchmarks.sync

Makes a test database of its own beside the one that DATABASE_URL names, and removes it again.
SQLite is measured in a file, because that is what a shop has.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.findings import TITLES, Finding, add_option, hand_over, wait_of_a_checkout

SYNC_SECONDS = 30.0
"""Most that the first sync may take."""
MAP_MS = 20.0
"""Most that a process may take to map the snapshot: a page waits for it."""
PROCESSES = 9
"""New processes that map it, one after the other."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--products", type=int, default=50_000)
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    add_option(options)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/shop.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        figures = measure(chosen.products, Path(folder))
    hand_over(findings(figures), chosen.findings)
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:44} {value}")


def findings(figures: dict[str, Any]) -> list[Finding]:
    """The first sync, and what the shop's own writer waits beside all of them."""
    found = [
        Finding(
            name=f"first sync of {figures['products']:,} products, {TITLES[figures['database']]}",
            value=figures["first sync, s"],
            unit="s",
            limit=SYNC_SECONDS,
        ),
        Finding(
            name=f"a new process maps the snapshot, {TITLES[figures['database']]}",
            value=figures["a new process maps the snapshot, ms"],
            unit="ms",
            limit=MAP_MS,
            beside=f"again in a process that did before {figures['map it again, ms']:.1f} ms; "
            f"unpacked from the database, once a host, {figures['unpack it, once a host, ms']:.1f}"
            " ms",
        ),
    ]
    if "writer beside it waits, p99 ms" in figures:
        alone = figures["writer alone waits, p99 ms"]
        longest = figures["writer beside it waits, longest ms"]
        found.append(
            wait_of_a_checkout(
                "a sync, p99",
                figures["writer beside it waits, p99 ms"],
                beside=f"longest {longest:.1f} ms; alone p99 {alone:.1f} ms",
            )
        )
    return found


def measure(products: int, folder: Path) -> dict[str, Any]:
    """Fill a shop, sync it in every state, and read the snapshot as a web process does."""
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.db import connection

    # Tables straight from the models: the test shop has no migrations.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    if connection.vendor == "sqlite":
        # A test database of SQLite lives in memory unless it is given a name.
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "bench.db")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "bench.db")
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        return {
            "database": connection.vendor,
            "products": products,
            **_figures(products, connection.settings_dict["NAME"], connection.vendor),
        }
    finally:
        connection.creation.destroy_test_db("unused", verbosity=0)


def _figures(products: int, database: str, vendor: str) -> dict[str, Any]:
    from django.db.models import F

    from persona_django.catalogue import snapshot
    from persona_django.catalogue.sync import reconcile, sync
    from tests.shop.models import Product

    _fill(products)
    figures: dict[str, Any] = {}
    if vendor == "sqlite":
        alone = _Writer(database)
        time.sleep(1)
        figures |= alone.stop("alone")
    beside = _Writer(database) if vendor == "sqlite" else None
    figures["first sync, s"], report = _timed(sync)
    assert report.added == products, report
    figures["unchanged reconcile, s"], report = _timed(reconcile)
    assert report.unchanged == products, report
    Product.objects.filter(pk__lte=products // 10).update(price=F("price") + 1)
    figures["a tenth changed price, s"], report = _timed(reconcile)
    assert report.changed, report
    Product.objects.update(price=F("price") + 1)
    figures["all changed price, s"], report = _timed(reconcile)
    assert report.changed == products, report
    if beside:
        figures |= beside.stop("beside it")
    figures["build the snapshot, s"], _ = _timed(snapshot.build_snapshot)
    figures |= _mapping()
    from django.db import transaction

    one = Product.objects.first()
    times = [_timed(one.save)[0] for _ in range(50)]
    figures["save one product, signal included, ms"] = round(sorted(times)[25] * 1000, 1)
    with transaction.atomic():
        figures["save one product before commit, ms"] = round(_timed(one.save)[0] * 1000, 1)
    return figures


def _mapping() -> dict[str, Any]:
    """What the snapshot costs the first process of a host, each further one, and one that maps
    the next: times in milliseconds, medians where there are several."""
    from django.db import connections

    unpacked = _first_mapping()
    # A child must not say goodbye to the database on a connection of its parent.
    connections.close_all()
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as workers:
        first = [workers.apply(_first_mapping) for _ in range(PROCESSES)]
    again = [_first_mapping() for _ in range(PROCESSES)]
    return {
        "unpack it, once a host, ms": round(unpacked, 1),
        "a new process maps the snapshot, ms": round(sorted(first)[PROCESSES // 2], 1),
        "map it again, ms": round(sorted(again)[PROCESSES // 2], 1),
    }


def _first_mapping() -> float:
    """Milliseconds until this process has the snapshot, as if it had never had one. The state is
    read before, as a page reads it for other reasons, too."""
    from persona_django.catalogue import snapshot, state

    snapshot.forget()
    state.forget()
    state.read_state()
    started = time.perf_counter()
    found = snapshot.current_snapshot()
    took = 1_000 * (time.perf_counter() - started)
    assert found is not None and len(found)
    return took


class _Writer:
    """A shop's checkout on SQLite: writes a little, again and again, and notes each wait."""

    def __init__(self, database: str) -> None:
        self._database, self._goes_on, self.waits = database, True, []
        connection = sqlite3.connect(database)
        connection.execute("CREATE TABLE IF NOT EXISTS checkout (n integer)")
        connection.commit()
        connection.close()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        connection = sqlite3.connect(self._database, timeout=20, isolation_level=None)
        while self._goes_on:
            started = time.perf_counter()
            connection.execute("INSERT INTO checkout VALUES (1)")
            self.waits.append(time.perf_counter() - started)
            time.sleep(0.01)
        connection.close()

    def stop(self, when: str) -> dict[str, Any]:
        self._goes_on = False
        self._thread.join()
        ordered = sorted(self.waits)
        last = len(ordered) - 1
        return {
            f"writer {when} waits, {name} ms": round(ordered[last * per_cent // 100] * 1000, 1)
            for name, per_cent in (("p50", 50), ("p99", 99), ("longest", 100))
        }


def _fill(products: int) -> None:
    from tests.shop.models import Brand, Category, Product

    brands = Brand.objects.bulk_create(Brand(name=f"Maker {n}") for n in range(300))
    brands = list(Brand.objects.all())
    Category.objects.bulk_create(
        Category(path=f"Department {n // 20} > Shelf {n}") for n in range(400)
    )
    categories = list(Category.objects.all())
    Product.objects.bulk_create(
        (
            Product(
                name=f"Product number {n} of the bench",
                brand=brands[n % 300],
                category=categories[n % 400],
                price=Decimal(n % 9_000) / 100 + 1,
                family=f"family {n // 4}" if n % 3 else "",
                colour=("red", "green", "blue")[n % 3],
                picture=f"/media/{n}.jpg",
            )
            for n in range(products)
        ),
        batch_size=2_000,
    )


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return round(time.perf_counter() - started, 4), result


if __name__ == "__main__":
    main()
