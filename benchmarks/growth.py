"""How the kernel's time grows with the history, beside how its multiply-adds grow.

    python -m benchmarks.growth [--quick] [--rounds 5] [--seed 1]

One and ten million interactions of both shapes, ten times the shoppers among the same items, each
shopper cut to the newest interactions that the learning reads. Multiply-adds are counted in the
same tables, among the items that the kernel multiplies: one with too few shoppers to be in any
pair is left out by it before it begins.

Small and large take turns, and every large run is held against the small ones just before and
after it. The time is the processor's, over all threads: a busy minute between the two would look
like growth. Compiling is done before the first turn.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from benchmarks.findings import Finding, add_option, hand_over
from benchmarks.generators import SHAPES
from benchmarks.peers import GATES, ours
from benchmarks.tables import rows_of
from persona_django.conf import Settings
from persona_django.numeric.neighbours import item_owners, multiply_adds
from persona_django.numeric.rows import Rows

FULL = {"items": 50_000, "pairs": 1_000_000}
QUICK = {"items": 5_000, "pairs": 100_000}
"""As dense as the full size: with fewer rows to an item, most items would be in no pair."""
TIMES, PAIRS_A_SHOPPER = 10, 18


def measured(kind: str, *, seed: int, rounds: int, size: dict[str, int]) -> dict[str, Any]:
    """Processor seconds and multiply-adds at both sizes, and how they grow."""
    tables = [
        rows_of(
            kind,
            seed=seed,
            cap=Settings().events_per_shopper,
            shoppers=pairs // PAIRS_A_SHOPPER,
            items=size["items"],
            pairs=pairs,
        )
        for pairs in (size["pairs"], size["pairs"] * TIMES)
    ]
    small, large = (ours(rows) for rows in tables)
    small(), large()
    seconds: dict[str, list[float]] = {"small": [_worked(small)], "large": []}
    for _ in range(rounds):
        seconds["large"].append(_worked(large))
        seconds["small"].append(_worked(small))
    before_and_after = zip(seconds["small"][:-1], seconds["small"][1:], strict=True)
    work = [multiply_adds(multiplied(rows)) for rows in tables]
    return {
        "interactions": [int(rows.indptr[-1]) for rows in tables],
        "seconds": [statistics.median(taken) for taken in seconds.values()],
        "growth of seconds": statistics.median(
            2 * one / sum(both)
            for one, both in zip(seconds["large"], before_and_after, strict=True)
        ),
        "multiply-adds": work,
        "growth of multiply-adds": work[1] / work[0],
        "with items in no pair": multiply_adds(tables[1]) / multiply_adds(tables[0]),
    }


def _worked(run: Any) -> float:
    """Processor seconds of a call, over all threads."""
    began = time.process_time()
    run()
    return time.process_time() - began


def multiplied(rows: Rows) -> Rows:
    """The table without the items that too few shoppers touched to pass the support gate."""
    return rows.only((item_owners(rows) >= GATES["min_support"])[rows.item])


def findings(report: dict[str, dict[str, Any]]) -> list[Finding]:
    """Each shape for itself, and the geometric mean, which counts."""
    found = [
        Finding(
            name=f"(d) seconds at {TIMES} times the interactions, {kind}",
            value=one["growth of seconds"],
            unit="x",
            beside=f"multiply-adds {one['growth of multiply-adds']:.2f} x; with the items that "
            f"are in no pair {one['with items in no pair']:.2f} x",
        )
        for kind, one in report.items()
    ]
    means = {
        name: statistics.geometric_mean(one[name] for one in report.values())
        for name in ("growth of seconds", "growth of multiply-adds")
    }
    return [
        *found,
        Finding(
            name="(d) the same, geometric mean; limit: growth of multiply-adds",
            value=means["growth of seconds"],
            unit="x",
            limit=means["growth of multiply-adds"],
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    add_option(parser)
    asked = parser.parse_args()
    report = {}
    for kind in SHAPES:
        report[kind] = measured(
            kind, seed=asked.seed, rounds=asked.rounds, size=QUICK if asked.quick else FULL
        )
        one = report[kind]
        for place, interactions in enumerate(one["interactions"]):
            print(
                f"{kind}, {interactions:>10,} interactions: {one['seconds'][place]:.2f} s of "
                f"processor time for {one['multiply-adds'][place]:,} multiply-adds"
            )
        print(
            f"{kind}: {one['growth of seconds']:.1f} times the seconds, "
            f"{one['growth of multiply-adds']:.1f} times the multiply-adds",
            flush=True,
        )
    hand_over(findings(report), asked.findings)


if __name__ == "__main__":
    main()
