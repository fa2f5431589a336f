"""What a page without blocks costs with the app installed, over the same page without the app.

    python -m benchmarks.page_overhead [--pairs 5] [--rounds 10] [--json]
    DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres python -m benchmarks.page_overhead

Two processes serve the same product page of the same shop through Django's WSGI handler, one with
persona_django in its settings and one without. They take turns in short rounds, so that a noisy
machine is noisy for both. Two processes of the very same shop differ by some per cent for as long
as they live, by how their memory happens to lie, so several pairs are started one after the other.
Measured are the time to the last byte, and the time until the worker
is free again, which includes the view written after the response. Also measured, without a page
around it, is what the middleware itself takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.findings import TITLES, Finding, add_option, hand_over
from benchmarks.page_shop import configure

LAST_BYTE_MS, WORKER_MS = 0.2, 0.8
"""Most that a page may take longer, at the median."""
MIDDLEWARE_US = {"ignored path": 10.0, "no consent": 30.0, "tracked": 150.0}
POSTGRESQL = "postgres://postgres@127.0.0.1:5432/postgres"
MEASURED = ("byte", "free", "cpu")
NAMES = ("with", "without")
CASES = ("no consent", "tracked")
Times = dict[str, list[tuple[float, float, float]]]
"""Of each worker: seconds to the last byte, until it was free, and of work, page by page."""
PRODUCTS = 2_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--rounds", type=int, default=10, help="turns of each pair")
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    add_option(options)
    chosen = options.parse_args()
    figures = measure(chosen.pairs, chosen.rounds)
    hand_over(findings(figures), chosen.findings)
    print(json.dumps(figures) if chosen.json else as_text(figures))


def as_text(figures: dict[str, Any]) -> str:
    lines = [f"A product page on {figures['database']}, milliseconds, median of alternating turns"]
    lines.append(f"{'':22}{'last byte':>22}{'worker free':>22}{'worker cpu':>22}")
    lines.append(f"{'':22}" + f"{'without':>11}{'more':>11}" * 3)
    for case, row in figures["cases"].items():
        numbers = "".join(
            f"{row[name]['without']:11.3f}{row[name]['more']:+11.3f}" for name in MEASURED
        )
        ratios = ", ".join(f"{row[name]['ratio']:.2f}x" for name in MEASURED)
        lines.append(f"{case:22}{numbers}   ({ratios})")
    lines.append("The middleware alone, microseconds before the response goes out")
    for case, row in figures["middleware"].items():
        verdict = "kept" if row["p50"] <= MIDDLEWARE_US[case] else "MISSED"
        lines.append(
            f"{case:22}p50 {row['p50']:7.1f}  p99 {row['p99']:7.1f}  "
            f"(aim p50 {MIDDLEWARE_US[case]:.0f}: {verdict}); {row['queries']} queries"
        )
    return "\n".join(lines)


def findings(figures: dict[str, Any]) -> list[Finding]:
    """The middleware by itself, and the tracked page, whose view is written after it."""
    tracked = figures["cases"]["tracked"]
    middleware = [
        Finding(
            name=f"the middleware before the response, {case}, p50",
            value=figures["middleware"][case]["p50"],
            unit="µs",
            limit=limit,
            beside=f"p99 {figures['middleware'][case]['p99']:.0f} µs",
        )
        for case, limit in MIDDLEWARE_US.items()
    ]
    queries = Finding(
        name="queries of the middleware before its responses, all of them together",
        value=sum(row["queries"] for row in figures["middleware"].values()),
        limit=0,
        at_any_size=True,
    )
    return [
        *middleware,
        queries,
        *(
            Finding(
                name=f"a page without blocks, {what}, p50, {TITLES[figures['database']]}",
                value=tracked[measured]["more"],
                unit="ms more",
                limit=limit,
                beside=f"without the app {tracked[measured]['without']:.2f} ms, with it "
                f"{tracked[measured]['ratio']:.2f} x",
            )
            for what, measured, limit in (
                ("to the last byte", "byte", LAST_BYTE_MS),
                ("until the worker is free", "free", WORKER_MS),
            )
        ),
    ]


# The parent: a shop's database, and two workers that take turns


def measure(pairs: int, rounds: int) -> dict[str, Any]:
    """Alternate the two workers of each pair and compare the medians over all pairs."""
    configure(is_installed=True, url=os.environ.get("DATABASE_URL", POSTGRESQL))
    from django.db import connection

    created = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        keys = fill()
        times: dict[str, Times] = {case: {name: [] for name in NAMES} for case in CASES}
        for _ in range(pairs):
            workers = {name: Worker(name, created, keys) for name in NAMES}
            try:
                for case in CASES:
                    alternate(workers, case, rounds, times[case])
                middleware = workers["with"].ask("middleware")
            finally:
                for worker in workers.values():
                    worker.stop()
        cases = {case: compared(times[case]) for case in CASES}
        written = stored_views()
        assert written, "the tracked pages wrote no views, so nothing was measured"
        return {
            "database": connection.vendor,
            "cases": cases,
            "middleware": middleware,
            "views": written,
        }
    finally:
        connection.creation.destroy_test_db("bench", verbosity=0)


def alternate(workers: dict[str, Worker], case: str, rounds: int, times: Times) -> None:
    """Let the workers take turns, and note what each page took."""
    for worker in workers.values():
        worker.ask("pages", case)
    for turn in range(rounds):
        # Whoever goes second finds warmer caches of the database: take turns at that, too.
        order = sorted(workers, reverse=bool(turn % 2))
        for name in order:
            times[name] += workers[name].ask("pages", case)


def compared(times: Times) -> dict[str, Any]:
    """What is measured, at the median: without, with, and by how much more."""
    found: dict[str, Any] = {}
    for place, measured in enumerate(MEASURED):
        median = {
            name: 1000 * statistics.median(row[place] for row in rows)
            for name, rows in times.items()
        }
        found[measured] = {
            **median,
            "more": median["with"] - median["without"],
            "ratio": median["with"] / median["without"],
        }
    return found


class Worker:
    """A process of the shop, told over a pipe what to do next."""

    def __init__(self, name: str, database: str, keys: list[int]) -> None:
        environment = {**os.environ, "BENCH_DATABASE": database, "BENCH_KEYS": json.dumps(keys)}
        environment.setdefault("DATABASE_URL", POSTGRESQL)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.page_shop", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).parent.parent,
        )

    def ask(self, *order: str) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def fill() -> list[int]:
    """A shop with products, a catalogue and its snapshot."""
    from persona_django.catalogue.snapshot import build_snapshot
    from persona_django.catalogue.sync import sync
    from tests.shop.models import Category, Product

    category = Category.objects.create(path="Kitchen > Tea")
    Product.objects.bulk_create(
        [
            Product(
                name=f"Product {n}", price=n % 90 + 1, list_price=n % 90 + 2, category=category
            )
            for n in range(PRODUCTS)
        ]
    )
    sync()
    build_snapshot()
    return list(Product.objects.values_list("pk", flat=True)[:200])


def stored_views() -> int:
    from persona_django.tracking.models import Event

    return Event.objects.count()


if __name__ == "__main__":
    main()
