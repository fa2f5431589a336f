"""From raw event rows in a database to a published version, beside implicit's in-memory fit.

    python -m benchmarks.end_to_end [--rounds 3] [--shape skewed] [--database sqlite] [--json FILE]

Each shape's history is written once into an SQLite file and into a PostgreSQL database of this
script's own, both dropped at the end. Then rounds alternate: learn on SQLite, fit implicit, learn
on PostgreSQL, each in a fresh process, so that a noisy machine is noisy for all of them. What
implicit is spared: reading, families, decay, distinct counts, gates, writing, publishing.

A second history of each shape holds what the first one does not: a fifth of the views again on the
same day, and a tenth of the pairs bought, three to an order. It has no aim; it stands beside.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.event_rows import BOUGHT, REPEATED, history
from benchmarks.generators import SHAPES, interactions
from benchmarks.waiting_writer import customer, percentiles

LIMITS = {"skewed": 3.0, "mild": 4.0}
"""Most times implicit's fit that the whole path may take."""
POSTGRESQL = os.environ.get(
    "PERSONA_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres"
)
FILE = "shop.sqlite3"
THREADS = 2


def configure(url: str, folder: str, **persona: Any) -> None:
    """A shop with nothing but our tables, in this process."""
    import environ
    from django.conf import settings

    database = environ.Env.db_url_config(url)
    if url.startswith("sqlite"):
        database["OPTIONS"] = {"init_command": "PRAGMA journal_mode=wal;", "timeout": 60}
    settings.configure(
        SECRET_KEY="benchmark",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "persona_django"],
        DATABASES={"default": database},
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PERSONA={"CACHE_FOLDER": folder, "LEARNING_THREADS": THREADS, **persona},
    )
    import django

    django.setup()


def fill(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """Write the history as raw rows."""
    # Nobody else writes here: no pauses, large transactions.
    configure(url, folder, WRITE_CHUNK_ROWS=200_000, WRITE_PAUSE=timedelta())
    from django.core.management import call_command

    from persona_django.catalogue.models import Item
    from persona_django.catalogue.refs import refs_of
    from persona_django.catalogue.snapshot import build_snapshot
    from persona_django.columns.write import write_rows
    from persona_django.tracking.models import Event

    call_command("migrate", run_syncdb=True, verbosity=0)
    keys = [str(number) for number in range(size["items"])]
    write_rows(
        "default",
        Item,
        {
            "model": ["shop.product"] * len(keys),
            "key": keys,
            "ref": refs_of("shop.product", keys),
            "title": [f"Product {key}" for key in keys],
        },
    )
    build_snapshot()
    events = history(shape, size, fuller=fuller)
    events["item_id"] += Item.objects.order_by("id").values_list("id", flat=True)[0]
    write_rows("default", Event, events)
    if url.startswith("postgres"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return {}


def learn(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """Rebuild `similar` as the command does; the kernel was compiled before the clock starts."""
    import resource

    configure(url, folder)
    import numpy as np

    from persona_django.numeric.neighbours import top_neighbours
    from persona_django.numeric.rows import Rows
    from persona_django.training.rebuild import rebuild

    rows = Rows(
        indptr=np.array([0, 2, 4]), item=np.array([0, 1, 0, 1], np.int32),
        weight=np.ones(4, np.float32), owner=np.arange(2, dtype=np.int32), n_items=2, n_owners=2,
    )  # fmt: skip
    top_neighbours(rows, k=2, min_support=1, min_llr=0, prior=0, discount=0.5, threads=THREADS)
    started = time.perf_counter()
    outcome = rebuild("similar", force=True)
    seconds = time.perf_counter() - started
    assert outcome.live, outcome.reason
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = outcome.figures
    together = 0.0
    if fuller:
        started = time.perf_counter()
        outcome = rebuild("bought-together", force=True)
        together = time.perf_counter() - started
        assert outcome.live, outcome.reason
    return {
        "total": seconds,
        "stages": figures["seconds"],
        "pairs": figures["pairs"],
        "backend": figures["backend"],
        "peak_mb": peak,
        "together": together,
    }


def peer(url: str, folder: str, shape: str, size: dict[str, int], fuller: bool) -> dict[str, Any]:
    """implicit's cosine recommender, from arrays in memory to neighbours in memory."""
    import warnings

    import numpy as np
    from scipy.sparse import csr_matrix

    shopper, item = interactions(shape, **size)
    table = csr_matrix(
        (np.ones(len(shopper), np.float32), (shopper, item)),
        shape=(size["shoppers"], size["items"]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from implicit.nearest_neighbours import CosineRecommender

        started = time.perf_counter()
        CosineRecommender(K=50, num_threads=THREADS).fit(table, show_progress=False)
    return {"total": time.perf_counter() - started}


CHILDREN = {"fill": fill, "learn": learn, "peer": peer}


def child(name: str, url: str, folder: str, *history: Any) -> dict[str, Any]:
    """Run one of the functions above in a process of its own."""
    given = json.dumps([name, url, folder, *history])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.end_to_end", "--child", given],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} on {url} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Scratch:
    """A database of our own, made now and dropped at the end."""

    def __init__(self, vendor: str, folder: Path, name: str) -> None:
        self.vendor, self.folder = vendor, folder / name
        self.folder.mkdir(mode=0o700)
        if vendor == "sqlite":
            self.url = f"sqlite:///{self.folder / FILE}"
            return
        self.name = f"persona_bench_{os.getpid()}_{name}".replace("-", "_")
        self._execute(f"CREATE DATABASE {self.name}")
        self.url = f"{POSTGRESQL.rsplit('/', 1)[0]}/{self.name}"

    def drop(self) -> None:
        if self.vendor == "postgresql":
            self._execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]


def why_no_postgresql() -> str:
    """Why PostgreSQL cannot be measured here; "" when it can."""
    try:
        import psycopg

        psycopg.connect(POSTGRESQL, connect_timeout=5).close()
    except Exception as error:  # noqa: BLE001 - whatever the driver says is what we report
        return str(error).strip().splitlines()[0]
    return ""


def measure(
    shape: str, vendors: list[str], rounds: int, size: dict[str, int], *, fuller: bool = False
) -> dict[str, Any]:
    """All rounds of one shape; medians by vendor, with implicit's beside them."""
    told = f"{shape}, fuller" if fuller else shape
    what = (shape, size, fuller)
    with tempfile.TemporaryDirectory(prefix="persona-bench-") as temporary:
        scratches = [
            Scratch(vendor, Path(temporary), f"{shape}_{vendor}{'_fuller' if fuller else ''}")
            for vendor in vendors
        ]
        try:
            for scratch in scratches:
                print(f"{told}: filling {scratch.vendor} …", flush=True)
                child("fill", scratch.url, str(scratch.folder), *what)
            ours: dict[str, list[dict[str, Any]]] = {vendor: [] for vendor in vendors}
            peers: list[float] = []
            waits: dict[str, float] = {}
            for number in range(rounds):
                for scratch in scratches:
                    print(
                        f"{told}: round {number + 1} of {rounds} on {scratch.vendor} …",
                        flush=True,
                    )
                    ours[scratch.vendor].append(
                        child("learn", scratch.url, str(scratch.folder), *what)
                    )
                    peers.append(child("peer", "", "", *what)["total"])
            for scratch in scratches:
                if scratch.vendor == "sqlite" and not fuller:
                    with customer(scratch.folder / FILE) as waited:
                        child("learn", scratch.url, str(scratch.folder), *what)
                    waits = percentiles(waited)
        finally:
            for scratch in scratches:
                scratch.drop()
    implicit = statistics.median(peers)
    return {
        "implicit": implicit,
        "waits_ms": waits,
        **{vendor: _summary(runs, implicit) for vendor, runs in ours.items()},
    }


def _summary(runs: list[dict[str, Any]], implicit: float) -> dict[str, Any]:
    stages = {
        name: statistics.median(run["stages"][name] for run in runs) for name in runs[0]["stages"]
    }
    total = statistics.median(run["total"] for run in runs)
    return {
        "total": total,
        "ratio": total / implicit,
        "stages": stages,
        "peak_mb": max(run["peak_mb"] for run in runs),
        "backend": runs[0]["backend"],
        "pairs": runs[0]["pairs"],
        "together": statistics.median(run["together"] for run in runs),
    }


def show(shape: str, result: dict[str, Any]) -> None:
    """One table of a shape, in seconds and shares."""
    print(f"\n{shape}: implicit's fit in memory {result['implicit']:.2f} s")
    for vendor in ("sqlite", "postgresql"):
        if vendor not in result:
            continue
        found = result[vendor]
        shares = ", ".join(
            f"{name} {seconds:.2f} s ({seconds / found['total']:.0%})"
            for name, seconds in found["stages"].items()
        )
        limit = LIMITS[shape]
        verdict = "within" if found["ratio"] <= limit else "MISSES"
        print(
            f"  {vendor:<11}{found['total']:6.2f} s = {found['ratio']:.2f}x implicit ({verdict} "
            f"{limit:g}x), peak {found['peak_mb']:.0f} MB, {found['backend']}\n    {shares}"
        )
        if vendor in result["fuller"]:
            fuller = result["fuller"][vendor]
            print(
                f"    with {REPEATED:.0%} repeats and {BOUGHT:.0%} bought: "
                f"{fuller['total']:.2f} s = {fuller['ratio']:.2f}x implicit, "
                f"peak {fuller['peak_mb']:.0f} MB; bought-together {fuller['together']:.2f} s"
            )
    if result["waits_ms"]:
        waits = ", ".join(f"{name} {wait:.1f}" for name, wait in result["waits_ms"].items())
        print(f"  a checkout on the same SQLite file waits (ms): {waits}; aim p99 100")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", action="append", choices=list(SHAPES))
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--shoppers", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--pairs", type=int, default=3_600_000)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, *rest = json.loads(options.child)
        print(json.dumps(CHILDREN[name](*rest)))
        return
    vendors = options.database or ["sqlite", "postgresql"]
    reason = why_no_postgresql() if "postgresql" in vendors else ""
    if reason:
        print(f"PostgreSQL is left out: {reason}")
        vendors = [vendor for vendor in vendors if vendor != "postgresql"]
    size = {"shoppers": options.shoppers, "items": options.items, "pairs": options.pairs}
    results = {}
    for shape in options.shape or list(SHAPES):
        results[shape] = measure(shape, vendors, options.rounds, size)
        results[shape]["fuller"] = measure(shape, vendors, options.rounds, size, fuller=True)
        show(shape, results[shape])
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
