"""From raw event rows in a database to a published version, beside implicit's in-memory fit.

    python -m benchmarks.end_to_end [--rounds 3] [--shape skewed] [--database sqlite] [--json FILE]

Each shape's history is written once into an SQLite file and into a PostgreSQL database of this
script's own, both dropped at the end. Then rounds alternate: learn on SQLite, fit implicit, learn
on PostgreSQL, each in a fresh process, so that a noisy machine is noisy for all of them. What
implicit is spared: reading, families, decay, distinct counts, gates, writing, publishing.

Then the weeks that are over are counted, and rounds are run again: learning from the counts and
from what came since, beside implicit.

On SQLite a customer checks out in the same file during one rebuild more, and while versions are
taken back and published again. One last rebuild does without the compiled kernel, for its memory.

A second history of each shape holds what the first one does not: a fifth of the views again on the
same day, and a tenth of the pairs bought, three to an order. It has no aim; it stands beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.end_to_end_steps import BEGINS
from benchmarks.event_rows import BOUGHT, REPEATED
from benchmarks.findings import TITLES, Finding, add_option, hand_over, wait_of_a_checkout
from benchmarks.generators import SHAPES
from benchmarks.scratch import FILE, Scratch, why_no_postgresql
from benchmarks.waiting_writer import customer, percentiles

LIMITS = {"skewed": 3.0, "mild": 4.0}
"""Most times implicit's fit that the whole path may take."""
OF_COUNTS = {"skewed": 2.0, "mild": 2.5}
"""The same where all but the last days of the history are counts."""
PEAK_MB, PEAK_MB_BY_FALLBACK = 600, 1024
STAGES = ("reading", "reducing", "kernel", "writing", "publishing")


def step(name: str, scratch: Scratch | None, *what: Any) -> dict[str, Any]:
    """Run one step in a process of its own."""
    with _started(name, scratch, *what) as process:
        return _figures(process, name, scratch)


def step_beside_a_customer(
    name: str, scratch: Scratch, *what: Any
) -> tuple[dict[str, Any], dict[str, float]]:
    """The same while somebody checks out, from its BEGINS to its end; and what they waited."""
    with _started(name, scratch, *what) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) and line.strip() != BEGINS:
            pass
        with customer(scratch.folder / FILE) as waited:
            figures = _figures(process, name, scratch)
    return figures, percentiles(waited)


def _started(name: str, scratch: Scratch | None, *what: Any) -> subprocess.Popen[str]:
    url, folder = (scratch.url, str(scratch.folder)) if scratch else ("", "")
    given = json.dumps([name, url, folder, *what])
    call = [sys.executable, "-m", "benchmarks.end_to_end_steps", given]
    return subprocess.Popen(call, stdout=subprocess.PIPE, text=True)


def _figures(process: subprocess.Popen[str], name: str, scratch: Scratch | None) -> dict[str, Any]:
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    if process.wait():
        raise SystemExit(f"{name} on {scratch.vendor if scratch else 'arrays'} failed, see above")
    found: dict[str, Any] = json.loads(lines[-1])
    return found


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
                _tell(f"{told}: filling {scratch.vendor}")
                step("fill", scratch, *what)
            beside: dict[str, Any] = {}
            counts: dict[str, Any] = {}
            ours, implicit = in_turn(told, scratches, rounds, *what)
            for scratch in scratches:
                if scratch.vendor == "sqlite" and not fuller:
                    _tell(f"{told}: waits and memory on {scratch.vendor}")
                    beside = beside_the_race(scratch, *what)
            counts = {} if fuller else from_counts(scratches, rounds, *what)
            beside.get("waits_ms", {}).update(counts.pop("waits_ms", {}))
        finally:
            for scratch in scratches:
                scratch.drop()
    return {
        "implicit": implicit,
        **beside,
        **{vendor: _summary(runs, implicit) for vendor, runs in ours.items()},
        **({"counts": counts} if counts else {}),
    }


def in_turn(
    told: str, scratches: list[Scratch], rounds: int, *what: Any
) -> tuple[dict[str, list[dict[str, Any]]], float]:
    """Each vendor and implicit by turns: figures of ours by vendor, and implicit's median."""
    ours: dict[str, list[dict[str, Any]]] = {scratch.vendor: [] for scratch in scratches}
    peers: list[float] = []
    for number in range(rounds):
        for scratch in scratches:
            _tell(f"{told}: round {number + 1} of {rounds} on {scratch.vendor}")
            ours[scratch.vendor].append(step("learn", scratch, *what))
            peers.append(step("peer", None, *what)["total"])
    return ours, statistics.median(peers)


def from_counts(scratches: list[Scratch], rounds: int, *what: Any) -> dict[str, Any]:
    """The same rounds once finished weeks are counts; by vendor, with how long counting took."""
    folded: dict[str, dict[str, Any]] = {}
    waits: dict[str, dict[str, float]] = {}
    for scratch in scratches:
        _tell(f"{what[0]}: counting weeks on {scratch.vendor}")
        if scratch.vendor == "sqlite":
            figures, waits["counting weeks"] = step_beside_a_customer("fold", scratch, *what)
        else:
            figures = step("fold", scratch, *what)
        folded[scratch.vendor] = figures
    ours, implicit = in_turn(f"{what[0]}, from counts", scratches, rounds, *what)
    of_vendors = {
        vendor: {**_summary(runs, implicit), "implicit": implicit, "folded": folded[vendor]}
        for vendor, runs in ours.items()
    }
    return {**of_vendors, "waits_ms": waits}


def beside_the_race(scratch: Scratch, *what: Any) -> dict[str, Any]:
    """What a shop on the same SQLite file waits, and the memory without the compiled kernel."""
    waits = {}
    _, waits["a rebuild"] = step_beside_a_customer("learn", scratch, *what)
    turns, waits["publishing"] = step_beside_a_customer("publish in turn", scratch, *what)
    fallback = step("learn by fallback", scratch, *what)
    assert fallback["backend"] == "scipy", fallback
    return {"waits_ms": waits, "publishing": turns, "fallback": fallback}


def _tell(text: str) -> None:
    """A line for whoever waits."""
    print(f"{text} …", flush=True)


def _summary(runs: list[dict[str, Any]], implicit: float) -> dict[str, Any]:
    stages = {
        name: statistics.median(run["stages"][name] for run in runs)
        for name in sorted(runs[0]["stages"], key=_place)
    }
    total = statistics.median(run["total"] for run in runs)
    return {
        "total": total,
        "ratio": total / implicit,
        "stages": stages,
        "shares": ", ".join(
            f"{name} {seconds:.2f} s ({seconds / total:.0%})" for name, seconds in stages.items()
        ),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "backend": runs[0]["backend"],
        "pairs": runs[0]["pairs"],
        "together": statistics.median(run["together"] for run in runs),
    }


def _place(stage: str) -> int:
    """The order of the work; a database may hand the stages back in any other."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def show(shape: str, result: dict[str, Any]) -> None:
    """One table of a shape, in seconds and shares."""
    print(f"\n{shape}: implicit's fit in memory {result['implicit']:.2f} s")
    for vendor in TITLES:
        if vendor not in result:
            continue
        found = result[vendor]
        print(
            f"  {vendor:<11}{found['total']:6.2f} s = {found['ratio']:.2f}x implicit, "
            f"peak {found['peak_mb']:.0f} MB, {found['backend']}\n    {found['shares']}"
        )
        if vendor in result.get("fuller", {}):
            fuller = result["fuller"][vendor]
            print(
                f"    with {REPEATED:.0%} repeats and {BOUGHT:.0%} bought: "
                f"{fuller['total']:.2f} s = {fuller['ratio']:.2f}x implicit, "
                f"peak {fuller['peak_mb']:.0f} MB; bought-together {fuller['together']:.2f} s"
            )
    for vendor, found in result.get("counts", {}).items():
        folded = found["folded"]
        print(
            f"  from counts of {folded['weeks']} weeks and a tail of {folded['tail']:.1%} on "
            f"{TITLES[vendor]}: {found['total']:.2f} s = {found['ratio']:.2f}x implicit, peak "
            f"{found['peak_mb']:.0f} MB\n    {found['shares']}; counting once took "
            f"{folded['seconds']:.1f} s"
        )
    for during, waits in result.get("waits_ms", {}).items():
        print(f"  a checkout on the same SQLite file during {during} waits, ms: {_told(waits)}")
    if "fallback" in result:
        fallback, turns = result["fallback"], result["publishing"]
        print(
            f"  without the compiled kernel {fallback['total']:.2f} s, peak "
            f"{fallback['peak_mb']:.0f} MB; moving the pointer, {turns['times']} times, "
            f"{turns['publishing_ms']:.1f} ms each"
        )


def _told(waits: dict[str, float]) -> str:
    return ", ".join(f"{name} {wait:.1f}" for name, wait in waits.items())


def findings(results: dict[str, Any]) -> list[Finding]:
    """What docs/how-it-is-measured.md promises of the whole path."""
    found = []
    for shape, result in results.items():
        for vendor in (vendor for vendor in TITLES if vendor in result):
            where = f"{shape}, {TITLES[vendor]}"
            ours = result[vendor]
            found += [
                Finding(
                    name=f"(b) rows to published version over implicit's fit, {where}",
                    value=ours["ratio"],
                    unit="x",
                    limit=LIMITS[shape],
                    beside=f"{ours['total']:.2f} s and {result['implicit']:.2f} s: "
                    f"{ours['shares']}",
                ),
                Finding(
                    name=f"(c) peak memory from rows to version, {where}",
                    value=ours["peak_mb"],
                    unit="MB",
                    limit=PEAK_MB,
                ),
            ]
        for vendor, counts in result.get("counts", {}).items():
            found.append(
                Finding(
                    name="counts of weeks to published version over implicit's fit, "
                    f"{shape}, {TITLES[vendor]}",
                    value=counts["ratio"],
                    unit="x",
                    limit=OF_COUNTS[shape],
                    beside=f"{counts['total']:.2f} s and {counts['implicit']:.2f} s: "
                    f"{counts['shares']}; a tail of {counts['folded']['tail']:.1%}",
                )
            )
        if "fallback" in result:
            found.append(
                Finding(
                    name=f"(c) peak memory from rows to version with scipy, {shape}, SQLite",
                    value=result["fallback"]["peak_mb"],
                    unit="MB",
                    limit=PEAK_MB_BY_FALLBACK,
                )
            )
        found += [
            wait_of_a_checkout(f"{during}, p99, {shape}", waits["p99"], beside=_told(waits))
            for during, waits in result.get("waits_ms", {}).items()
        ]
    return found


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
    parser.add_argument("--plain", action="store_true", help="leave out the fuller history")
    parser.add_argument("--json", metavar="FILE")
    add_option(parser)
    options = parser.parse_args()
    vendors = options.database or ["sqlite", "postgresql"]
    reason = why_no_postgresql() if "postgresql" in vendors else ""
    if reason:
        print(f"PostgreSQL is left out: {reason}")
        vendors = [vendor for vendor in vendors if vendor != "postgresql"]
    size = {"shoppers": options.shoppers, "items": options.items, "pairs": options.pairs}
    results = {}
    for shape in options.shape or list(SHAPES):
        results[shape] = measure(shape, vendors, options.rounds, size)
        if not options.plain:
            results[shape]["fuller"] = measure(shape, vendors, options.rounds, size, fuller=True)
        show(shape, results[shape])
    hand_over(findings(results), options.findings)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
