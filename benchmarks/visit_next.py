"""How long the answer "visits like this one went on to" takes on the request.

    python -m benchmarks.visit_next [--visits 1000000] [--answers 2000]

A million invented visits are stored as a version is, mapped as a process of the shop maps them,
and asked for other visits by the source that a page asks.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks.findings import Finding, add_option, hand_over

P50_MS, P90_MS = 2.0, 7.0
MIN_SUPPORT = 3
"""Visitors behind whatever counts, as a shop has it by default."""
ITEMS_A_VISIT = 5
TASTES = 2_000
"""Visits keep to one of so many groups of items, as those of a shop keep to a category."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--visits", type=int, default=1_000_000)
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--answers", type=int, default=2_000)
    add_option(options)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/shop.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        figures = measure(chosen.visits, chosen.items, chosen.answers, Path(folder))
    for name, value in figures.items():
        print(f"{name:40}{value:12.2f}")
    hand_over(findings(figures), chosen.findings)


def findings(figures: dict[str, float]) -> list[Finding]:
    """Half of the answers, and nine in ten."""
    beside = f"{figures['visits stored']:,.0f} visits stored"
    return [
        Finding(
            name=f"what comes next in a visit, {percentile}",
            value=figures[f"answer {percentile}, ms"],
            unit="ms",
            limit=limit,
            beside=beside,
        )
        for percentile, limit in (("p50", P50_MS), ("p90", P90_MS))
    ]


def measure(visits: int, items: int, answers: int, folder: Path) -> dict[str, float]:
    """Store visits, map them, and time answers."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.PERSONA = {**settings.PERSONA, "CACHE_FOLDER": str(folder / "cache")}
    call_command("migrate", run_syncdb=True, verbosity=0)
    from persona_django.artefacts import store
    from persona_django.model_registry.live import VISITS_SCHEMA
    from persona_django.ranking.stored import pipeline_arrays
    from persona_django.ranking.visits import known_visits, learn_visits
    from persona_django.sources.visits import VisitNext

    steps = invented(visits, items)
    began = time.perf_counter()
    pipeline = learn_visits(steps, min_support=MIN_SUPPORT)
    built = time.perf_counter() - began
    arrays = pipeline_arrays(pipeline)
    artefact = store.save(
        "visit-next/1", {**arrays, "group_id": np.arange(1, items + 1)}, schema=VISITS_SCHEMA
    )
    store.load(artefact, schema=VISITS_SCHEMA)
    began = time.perf_counter()
    known = known_visits(store.load(artefact, schema=VISITS_SCHEMA), min_support=MIN_SUPPORT)
    mapped = time.perf_counter() - began
    asked = invented(answers + 100, items, seed=8)
    source, took = VisitNext(), []
    for row in range(len(asked)):
        query = query_of(asked.item[asked.indptr[row] : asked.indptr[row + 1]] + 1, known)
        began = time.perf_counter()
        source.retrieve(query)
        took.append(1_000 * (time.perf_counter() - began))
    p50, p90, p99 = np.percentile(took[100:], (50, 90, 99))
    return {
        "visits stored": float(visits),
        "items": float(items),
        "learn from them, s": built,
        "size, MB": sum(array.nbytes for array in arrays.values()) / 1e6,
        "a process that maps it again, ms": 1_000 * mapped,
        "answer p50, ms": float(p50),
        "answer p90, ms": float(p90),
        "answer p99, ms": float(p99),
    }


def query_of(looked_at: Any, known: Any) -> Any:
    """The question of a page on which somebody has looked at these families."""
    from persona_django.sources.query import Query

    return Query(
        # This source asks nothing of the catalogue.
        families=cast(Any, None),
        looked_at=tuple(looked_at.tolist()),
        visits=known,
        now=1_790_000_000.0,
    )


def invented(visits: int, items: int, *, seed: int = 7) -> Any:
    """Visits of one thing to thirty, most of them short, popular things in most of them."""
    from persona_django.numeric.sorting import places_within
    from persona_django.numeric.steps import Steps

    rng = np.random.default_rng(seed)
    length = np.minimum(1 + rng.geometric(1 / ITEMS_A_VISIT, visits), 30)
    row = np.repeat(np.arange(visits), length)
    taste = rng.integers(0, TASTES, visits)[row]
    # A few things of each taste are in most of its visits.
    place = (items // TASTES * rng.random(len(row)) ** 3).astype(np.int64)
    begins = np.sort(1_790_000_000 - rng.integers(0, 90 * 86_400, visits))
    return Steps(
        indptr=np.concatenate([[0], np.cumsum(length)]),
        item=place * TASTES + taste,
        at=begins[row] + 20 * places_within(length),
        owner=rng.integers(0, max(visits // 3, 1), visits),
        n_items=items,
        n_owners=max(visits // 3, 1),
    )


if __name__ == "__main__":
    main()
