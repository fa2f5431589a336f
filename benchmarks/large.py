"""Whether the kernel comes to its end where a shop is large, and what it takes.

    python -m benchmarks.large [--quick] [--seed 1]

Ten million interactions with 50,000 items, and twenty million with a million items, of both
shapes, beside a history of ordinary size: seconds, multiply-adds, and the most memory that the
process has had, tables and result included. Each runs in a process of its own, twice, and the
second time counts: the first compiles.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.findings import Finding, add_option, hand_over
from benchmarks.generators import SHAPES
from benchmarks.growth import multiplied
from benchmarks.memory import peak_megabytes
from benchmarks.peers import ours
from benchmarks.tables import rows_of
from persona_django.conf import Settings
from persona_django.numeric.neighbours import multiply_adds

SIZES: Mapping[str, Mapping[str, int]] = {
    "ordinary": {"shoppers": 200_000, "items": 50_000, "pairs": 3_600_000},
    "ten million interactions": {"shoppers": 550_000, "items": 50_000, "pairs": 10_000_000},
    "a million items": {"shoppers": 1_100_000, "items": 1_000_000, "pairs": 20_000_000},
}
MOST_MB = 24 * 1024
"""What a machine has that learns for a large shop."""


def measured(kind: str, name: str, *, seed: int, share: float) -> dict[str, float]:
    """One size in this process."""
    size = {part: max(int(number * share), 100) for part, number in SIZES[name].items()}
    rows = rows_of(kind, seed=seed, cap=Settings().events_per_shopper, **size)
    learn = ours(rows)
    learn()
    began, worked = time.perf_counter(), time.process_time()
    found = learn()
    return {
        "interactions": float(rows.indptr[-1]),
        "seconds": time.perf_counter() - began,
        "processor seconds": time.process_time() - worked,
        "multiply-adds": float(multiply_adds(multiplied(rows))),
        "pairs kept": float(len(found.item)),
        "memory, MB": peak_megabytes(),
    }


def findings(report: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Finding]:
    """Of each shape and size the seconds a multiply-add takes beside the ordinary, and memory."""
    found = []
    for kind, sizes in report.items():
        before = sizes["ordinary"]
        for name, one in sizes.items():
            if name == "ordinary":
                continue
            work = one["multiply-adds"] / before["multiply-adds"]
            found += [
                Finding(
                    name=f"{kind}, {name}: growth of processor seconds; limit: multiply-adds",
                    value=one["processor seconds"] / before["processor seconds"],
                    unit="x",
                    limit=work,
                    beside=f"{one['seconds']:.1f} s",
                ),
                Finding(
                    name=f"{kind}, {name}: memory at most",
                    value=one["memory, MB"],
                    unit="MB",
                    limit=MOST_MB,
                    at_any_size=True,
                ),
            ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("SHAPE", "SIZE"), help=argparse.SUPPRESS)
    add_option(parser)
    asked = parser.parse_args()
    if asked.one:
        figures = measured(*asked.one, seed=asked.seed, share=0.01 if asked.quick else 1.0)
        print(json.dumps(figures))
        return
    report: dict[str, dict[str, Any]] = {kind: {} for kind in SHAPES}
    for kind, name in ((kind, name) for kind in SHAPES for name in SIZES):
        call = [sys.executable, "-m", "benchmarks.large", "--seed", str(asked.seed)]
        call += [*(["--quick"] if asked.quick else []), "--one", kind, name]
        done = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
        one = report[kind][name] = json.loads(done.stdout)
        print(
            f"{kind}, {name}: {one['interactions']:,.0f} interactions, "
            f"{one['multiply-adds']:,.0f} multiply-adds, {one['seconds']:.2f} s "
            f"({one['processor seconds']:.2f} s of processor time), "
            f"{one['pairs kept']:,.0f} pairs, {one['memory, MB']:,.0f} MB at most",
            flush=True,
        )
    hand_over(findings(report), asked.findings)


if __name__ == "__main__":
    main()
