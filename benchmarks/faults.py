"""What a fault around the shop costs its visitors: the first of them, and those after.

    python -m benchmarks.faults [--vendor postgres] [--rounds 3]

Two processes serve the same shop, one without the app. Its database, cache and broker stand
behind proxies that refuse, hang, reset or dawdle. Each door into the app is gone through three
times while a fault lasts, and a page beside each task at work: one request may wait for its
client's timeout, mostly the first, the others must not. Every page is held against the same page
of the process without the app.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.findings import Finding, add_option, hand_over

OTHERS_MS = 50.0
"""Most that a fault may add to a request other than the one that waits, at the worst."""
HEALTHY = "nothing"
SLOW_ADAPTER = "adapter slow"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--vendor", choices=("postgres", "mysql"), default="postgres")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    add_option(options)
    chosen = options.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    figures = measure(chosen.vendor, chosen.rounds)
    hand_over(findings(figures), chosen.findings)
    print(json.dumps(figures) if chosen.json else as_text(figures))


def as_text(figures: dict[str, Any]) -> str:
    """One line for each fault and door."""
    lines = [
        "Milliseconds of three requests with a fault going on: the first, the two after it at the "
        "worst, and all but the slowest",
        f"{'fault':20}{'door':26}{'first: page':>12}{'worker':>9}{'then: page':>12}{'worker':>9}"
        f"{'others':>9}{'  page as without us'}",
    ]
    for row in figures["cells"]:
        numbers = (
            f"{row['first page']:12.0f}{row['first worker']:9.0f}"
            f"{row['following page']:12.1f}{row['following worker']:9.1f}{row['others']:9.1f}"
        )
        same = "yes" if row["same"] else "NO"
        lines.append(f"{row['fault']:20}{row['door']:26}{numbers}  {same}")
    return "\n".join(lines)


def findings(figures: dict[str, Any]) -> list[Finding]:
    """The worst that any door adds under any fault, to all requests but the one that waits."""
    usual = {row["door"]: row for row in figures["cells"] if row["fault"] == HEALTHY}
    faulty = [row for row in figures["cells"] if row["fault"] != HEALTHY]

    def more(row: dict[str, Any]) -> float:
        return float(row["others"] - usual[row["door"]]["others"])

    worst = max((row for row in faulty if not _saves_slowly(row)), key=more)
    slowest = max(faulty, key=lambda row: row["slowest"])
    saving = [row for row in faulty if _saves_slowly(row)]
    return [
        Finding(
            name=f"what a fault adds to each request but the one that waits, {figures['vendor']}",
            value=more(worst),
            unit="ms",
            limit=OTHERS_MS,
            beside=f"at the worst: {worst['door']}, {worst['fault']}; the one that waits took "
            f"{slowest['slowest']:.0f} ms at most ({slowest['door']}, {slowest['fault']})",
        ),
        Finding(
            name="what a map of the shop's that takes 300 ms adds to each save of a product",
            value=max(map(more, saving)),
            unit="ms",
            beside="it is asked what was saved, once a transaction; resting would lose the change",
        ),
        Finding(
            name=f"pages that are not as without the app, {figures['vendor']}",
            value=float(sum(not row["same"] for row in figures["cells"])),
            limit=0.0,
            beside=f"of {len(figures['cells'])} pairs of a door and a fault",
            at_any_size=True,
        ),
    ]


def _saves_slowly(row: dict[str, Any]) -> bool:
    """Whether the page saves products of the shop whose map dawdles: its own code, at its save."""
    return bool(row["fault"] == SLOW_ADAPTER and row["saves"])


def measure(vendor: str, rounds: int) -> dict[str, Any]:
    """Every door under every fault, the rounds one after the other."""
    import django

    django.setup()
    with tempfile.TemporaryDirectory(prefix="persona-faults-") as folder:
        rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        began = time.monotonic()
        for row in _measured(vendor, rounds, Path(folder)):
            rows.setdefault((row["fault"], row["door"]), []).append(row)
            _show(row, time.monotonic() - began)
            began = time.monotonic()
    return {"vendor": vendor, "cells": [_middle(each) for each in rows.values()]}


def _measured(vendor: str, rounds: int, folder: Path) -> Iterator[dict[str, Any]]:
    from tests.faults.doors import doors, tasks
    from tests.faults.faults import FAULTS, Fault
    from tests.faults.matrix import go_beside, go_through, visitor_of
    from tests.faults.running import fault_shop

    none = Fault(name=HEALTHY, of="", begin=lambda shop: None, end=lambda shop: None, waits=0)
    faults = [none, *(fault for fault in FAULTS if vendor in fault.is_for)]
    with fault_shop(vendor, folder) as shop:
        for _ in range(rounds):
            for fault in faults:
                gone = (go_through(shop, fault, door, visitor_of(shop)) for door in doors())
                beside = (go_beside(shop, fault, task, visitor_of(shop)) for task in tasks())
                for cell in chain(gone, beside):
                    workers = sorted(answer.free for answer in (cell.first, *cell.following))
                    yield {
                        "fault": fault.name,
                        "door": cell.door.name,
                        "first page": 1_000 * cell.first.last_byte,
                        "first worker": 1_000 * cell.first.free,
                        "following page": 1_000 * max(a.last_byte for a in cell.following),
                        "following worker": 1_000 * max(a.free for a in cell.following),
                        "slowest": 1_000 * workers[-1],
                        "others": 1_000 * workers[-2],
                        "saves": cell.door.is_page and cell.door.method == "POST",
                        "same": not cell.faults(),
                    }


def _show(row: dict[str, Any], took: float) -> None:
    """Say what was found at once: the whole takes long, and whoever stops it has this much."""
    print(
        f"{row['fault']:20}{row['door']:26}{row['slowest']:9.0f}{row['others']:9.1f} ms  "
        f"(took {took:.1f} s)",
        file=sys.stderr,
        flush=True,
    )


def _middle(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each time over the rounds."""
    times = [name for name, value in rows[0].items() if isinstance(value, float)]
    return {
        **rows[0],
        **{name: statistics.median(row[name] for row in rows) for name in times},
        "same": all(row["same"] for row in rows),
    }


if __name__ == "__main__":
    main()
