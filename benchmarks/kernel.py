"""How long and how much memory similar items take, beside the peers, in one run.

    python -m benchmarks.kernel [--quick] [--json FILE] [--repeats 5] [--seed 1]

200,000 shoppers, 50,000 items, 3.6 million distinct pairs, the best 50 of each item, two threads,
for both seeded generators. Ours counts distinct shoppers and applies its gates; the peers do not.
Repeats alternate between the methods, so that a busy minute of the machine hits all of them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.findings import Finding, add_option, hand_over
from benchmarks.generators import SHAPES
from benchmarks.memory import peak_megabytes
from benchmarks.peers import PEERS, ours
from benchmarks.tables import rows_of
from persona_django.numeric.neighbours import Neighbours, multiply_adds
from persona_django.numeric.rows import Rows

FULL = {"shoppers": 200_000, "items": 50_000, "pairs": 3_600_000}
QUICK = {"shoppers": 20_000, "items": 5_000, "pairs": 360_000}
ONCE = {"ours, fallback", "plain scipy"}
"""Too slow to repeat; one run each."""
ORDERS = 3
"""Rows of one owner in the second measurement: the orders of a customer who came back."""
AIMS = {"ours, compiled": 600, "ours, fallback": 1024}
"""Most peak megabytes."""
IMPLICIT_TIMES = 1.0
"""Most times implicit's seconds, in the geometric mean of both shapes."""
DIFFERENCE = 1e-5
"""Most that a score may differ between the two ways of counting."""


def timed(work: Any, clock: Any = time.perf_counter) -> tuple[float, Any]:
    """Seconds that a call took, and what it gave."""
    began = clock()
    result = work()
    return clock() - began, result


def race(rows: Rows, *, repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Median seconds of each method, and what ours and the fallback found."""
    runners = {name: make(rows) for name, make in PEERS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    found = {}
    for turn in range(repeats):
        for name, run in runners.items():
            if name in ONCE and turn:
                continue
            took, result = timed(run)
            seconds[name].append(took)
            if isinstance(result, Neighbours):
                found[name] = result
            tell(f"  {name} {took:.2f} s")
    return {name: statistics.median(times) for name, times in seconds.items()}, found


def orders_of_owners(
    kind: str, *, seed: int, repeats: int, size: dict[str, int]
) -> dict[str, Any]:
    """The same table with several rows to an owner, whose pairs are counted once: ours only.

    The peers know no owners, so the seconds that they took for the table are those beside it.
    """
    rows = rows_of(kind, seed=seed, orders=ORDERS, **size)
    run = ours(rows)
    run()
    found = [timed(run) for _ in range(repeats)]
    took, fallback = timed(PEERS["ours, fallback"](rows))
    tell(f"  {ORDERS} orders an owner: ours {found[0][0]:.2f} s, fallback {took:.2f} s")
    return {
        "ours, compiled": statistics.median(seconds for seconds, _ in found),
        "ours, fallback": took,
        "agreement": same_neighbours(found[0][1], fallback),
    }


def same_neighbours(one: Neighbours, other: Neighbours) -> dict[str, Any]:
    """Whether two results agree: sizes, scores, and identities except between equal scores."""
    if not np.array_equal(one.indptr, other.indptr):
        return {
            "agree": False,
            "why": "different numbers of neighbours",
            "largest difference": math.inf,
        }
    worst = float(np.abs(one.score - other.score).max(initial=0.0))
    item = np.repeat(np.arange(len(one.indptr) - 1), np.diff(one.indptr))
    pairs = [item * np.int64(len(one.indptr)) + found.item for found in (one, other)]
    # A neighbour found by one only must tie with the last of its list.
    last = one.score[np.maximum(one.indptr[1:] - 1, 0)]
    alone = [~np.isin(pairs[0], pairs[1]), ~np.isin(pairs[1], pairs[0])]
    strangers = sum(
        int((np.abs(found.score[only] - last[item[only]]) > DIFFERENCE).sum())
        for found, only in zip((one, other), alone, strict=True)
    )
    return {
        "agree": worst <= DIFFERENCE and strangers == 0,
        "largest difference": worst,
        "pairs": len(one.item),
        "ties broken otherwise": int(alone[0].sum()),
    }


def compile_seconds() -> dict[str, float]:
    """Seconds of the first call in a new process: compiling afresh, and loading from the cache."""
    code = (
        "import time; from persona_django.numeric.rows import Rows; import numpy as np;"
        "from persona_django.numeric.neighbours import top_neighbours as t;"
        "r = Rows(indptr=np.array([0, 2, 4]), item=np.array([0, 1, 0, 1], np.int32),"
        "weight=np.ones(4, np.float32), owner=np.arange(2, dtype=np.int32), n_items=2,"
        "n_owners=2);"
        "b = time.perf_counter();"
        "t(r, k=1, min_support=1, min_llr=0, prior=1, discount=.5, backend='numba');"
        "print(time.perf_counter() - b)"
    )
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, cache in (("afresh", "-"), ("filling", folder), ("from the cache", folder)):
            environment = {**os.environ, "PERSONA_KERNEL_CACHE": cache}
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, check=True
            )
            seconds[name] = float(done.stdout)
    return {name: seconds[name] for name in ("afresh", "from the cache")}


def peak_of(rows: Rows, method: str) -> float:
    """Peak memory of a process of its own that loads the rows and runs one method."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        np.savez(path, **{name: np.asarray(value) for name, value in vars(rows).items()})
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.kernel", "--peak", method, str(path)],
            capture_output=True,
            check=True,
        )
    return float(done.stdout)


def print_peak(method: str, path: str) -> None:
    """The other side of `peak_of`."""
    with np.load(path) as stored:
        columns = {name: stored[name] for name in stored.files}
    rows = Rows(**{k: int(v) if v.ndim == 0 else v for k, v in columns.items()})
    PEERS[method](rows)()
    print(peak_megabytes())


def tell(text: str) -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one run."""
    size = QUICK if options.quick else FULL
    report: dict[str, Any] = {"size": size, "seconds": {}, "agreement": {}, "megabytes": {}}
    # Compiling takes as long at any size, so a fast look goes without.
    report["compiling"] = {} if options.quick else compile_seconds()
    for kind in SHAPES:
        tell(f"{kind}: drawing {size['pairs']:,} pairs")
        rows = rows_of(kind, seed=options.seed, **size)
        report.setdefault("multiply_adds", {})[kind] = multiply_adds(rows)
        ours(rows)()
        report["seconds"][kind], found = race(rows, repeats=options.repeats)
        report["agreement"][kind] = same_neighbours(*found.values())
        report["megabytes"][kind] = {name: peak_of(rows, name) for name in PEERS}
        report.setdefault("orders of owners", {})[kind] = orders_of_owners(
            kind, seed=options.seed, repeats=options.repeats, size=size
        )
    seconds = report["seconds"].values()
    report["geometric mean"] = {
        name: statistics.geometric_mean(times[name] for times in seconds) for name in PEERS
    }
    report["ratio to implicit"] = {
        kind: times["ours, compiled"] / times["implicit"]
        for kind, times in [*report["seconds"].items(), ("mean", report["geometric mean"])]
    }
    return report


def show(report: dict[str, Any]) -> None:
    """The table for people."""
    size = report["size"]
    print(
        f"\nSimilar items, {size['shoppers']:,} shoppers x {size['items']:,} items, "
        f"{size['pairs']:,} pairs, top 50, two threads: median seconds and peak MB\n"
    )
    kinds = list(report["seconds"])
    print(f"{'':18}" + "".join(f"{kind:>10}{'MB':>7}" for kind in kinds) + f"{'geo mean':>10}")
    for name in PEERS:
        cells = "".join(
            f"{report['seconds'][kind][name]:>10.2f}"
            f"{report['megabytes'].get(kind, {}).get(name, float('nan')):>7.0f}"
            for kind in kinds
        )
        print(f"{name:18}{cells}{report['geometric mean'][name]:>10.2f}")
    ratios = report["ratio to implicit"]
    print(
        "\nours / implicit: " + ", ".join(f"{kind} {value:.2f}" for kind, value in ratios.items())
    )
    for kind, found in report["orders of owners"].items():
        seconds = found["ours, compiled"]
        print(
            f"{ORDERS} orders an owner, {kind}: {seconds:.2f} s, "
            f"{seconds / report['seconds'][kind]['ours, compiled']:.2f} times one row an owner, "
            f"{seconds / report['seconds'][kind]['implicit']:.2f} times implicit; "
            f"fallback {found['ours, fallback']:.2f} s"
        )
    for state, seconds in report["compiling"].items():
        print(f"first call, {state}: {seconds:.2f} s")
    for kind, found in report["agreement"].items():
        print(f"fallback and compiled, {kind}: {found}")


def findings(report: dict[str, Any]) -> list[Finding]:
    """What docs/how-it-is-measured.md promises of the kernel."""
    columns = {**report["seconds"], "geometric mean": report["geometric mean"]}
    found = [
        Finding(
            name=f"(a) our kernel's time over {peer}'s, {kind}",
            value=seconds["ours, compiled"] / seconds[peer],
            unit="x",
            limit=IMPLICIT_TIMES if (kind, peer) == ("geometric mean", "implicit") else None,
            beside=f"{seconds['ours, compiled']:.2f} s and {seconds[peer]:.2f} s",
        )
        for kind, seconds in columns.items()
        for peer in ("implicit", "sparse_dot_topn", "plain scipy")
    ]
    for name, most in AIMS.items():
        peaks = {kind: peaks[name] for kind, peaks in report["megabytes"].items()}
        found.append(
            Finding(
                name=f"(c) peak memory of the kernel alone, {name}",
                value=max(peaks.values()),
                unit="MB",
                limit=most,
                beside=", ".join(f"{kind} {peak:.0f} MB" for kind, peak in peaks.items()),
            )
        )
    agreements = {**report["agreement"]} | {
        f"{kind}, {ORDERS} orders an owner": owners["agreement"]
        for kind, owners in report["orders of owners"].items()
    }
    for kind, agreement in agreements.items():
        found.append(
            Finding(
                name=f"(e) fallback and compiled: largest difference, {kind}",
                # Other neighbours are no small difference, whatever their scores.
                value=agreement["largest difference"] if agreement["agree"] else math.inf,
                limit=DIFFERENCE,
                at_any_size=True,
                beside="" if agreement["agree"] else str(agreement),
            )
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    add_option(parser)
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print_peak(*options.peak)
        return
    report = measure(options)
    show(report)
    hand_over(findings(report), options.findings)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
