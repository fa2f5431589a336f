"""How many events one second of processor time takes in, durably, and how long a client waits.

    python -m benchmarks.ingest [--vendor postgres] [--cache redis] [--seconds 6] [--rounds 3]

A real server process takes reports at the events endpoint. Beside it, in the same process and
taking turns, stands a bare Django view that does no more than insert as many of the same rows with
`bulk_create`. Both are views of one shop, behind the same middleware: Django's own for security,
sessions, common things, sign-in and messages, and ours, which recognises the visitor for either.
Only ours counts for its limits in the cache: in the process's memory, or with `--cache redis` in
Redis, whose own work is not counted, but that of asking it is. The load comes from a process of
its own, whose work is not counted. Counted is that of the server process and of the database's
own processes that serve it (on PostgreSQL, read from /proc; SQLite works within the server
process).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.findings import TITLES, Finding, add_option, hand_over

EVENTS_A_CPU_SECOND = {"postgres": 3_000.0, "sqlite": 2_000.0}
REQUESTS_A_CPU_SECOND = 300.0
LEAST_OF_BARE = 0.6
MOST_OF_BARE_P99 = 3.0
BATCH, CLIENTS = 20, 4
LOAD = 0.5
"""Share of what our endpoint can take at most, at which clients' waits are compared."""
OURS, BARE = "/persona/api/v1/events/", "/bare/"
VENDORS = {"postgres": "postgresql", "sqlite": "sqlite"}
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--vendor", choices=sorted(VENDORS), default="postgres")
    options.add_argument("--cache", choices=("local", "redis"), default="local")
    options.add_argument("--seconds", type=float, default=6.0, help="of each turn")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    add_option(options)
    chosen = options.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    figures = measure(chosen.vendor, chosen.cache, chosen.seconds, chosen.rounds)
    hand_over(findings(figures), chosen.findings)
    print(json.dumps(figures) if chosen.json else as_text(figures))


def as_text(figures: dict[str, Any]) -> str:
    lines = [
        f"Events taken in on {_title(figures)}, medians of alternating turns",
        f"{'':34}{'events a':>12}{'requests a':>12}{'p50 ms':>9}{'p99 ms':>9}",
        f"{'':34}{'cpu second':>12}{'cpu second':>12}",
    ]
    for name, row in figures["cases"].items():
        lines.append(
            f"{name:34}{row['events']:12,.0f}{row['requests']:12,.0f}"
            f"{row['p50']:9.2f}{row['p99']:9.2f}"
        )
    lines.append(f"(the last two at {figures['rate']:.0f} requests a second)")
    return "\n".join(lines)


def _title(figures: dict[str, Any]) -> str:
    beside = ", Redis as cache" if figures["cache"] == "redis" else ""
    return TITLES[VENDORS[figures["vendor"]]] + beside


def findings(figures: dict[str, Any]) -> list[Finding]:
    """What is taken in, and how it stands beside a view that does nothing but insert."""
    vendor, cases = figures["vendor"], figures["cases"]
    title = _title(figures)
    batches, bare = cases["ours, batches of 20"], cases["bare, batches of 20"]
    waits, bare_waits = cases["ours, at one load"], cases["bare, at one load"]
    return [
        Finding(
            name=f"events in batches of {BATCH} a CPU second, durable, {title}",
            value=batches["events"],
            limit=EVENTS_A_CPU_SECOND[vendor],
            is_least=True,
            beside=f"the bare view {bare['events']:,.0f}",
        ),
        Finding(
            name=f"single events a CPU second, durable, {title}",
            value=cases["ours, single"]["requests"],
            limit=REQUESTS_A_CPU_SECOND,
            is_least=True,
            beside=f"the bare view {cases['bare, single']['requests']:,.0f}",
        ),
        Finding(
            name=f"the same in batches, beside a bare view with bulk_create, {title}",
            value=batches["events"] / bare["events"],
            unit="x",
            limit=LEAST_OF_BARE,
            is_least=True,
        ),
        Finding(
            name=f"p99 of a client's wait, beside the bare view at the same load, {title}",
            value=waits["p99"] / bare_waits["p99"],
            unit="x",
            limit=MOST_OF_BARE_P99,
            beside=f"{waits['p99']:.1f} ms and {bare_waits['p99']:.1f} ms at "
            f"{figures['rate']:.0f} requests a second",
        ),
    ]


# The parent: a server process, and loads that take turns


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One load, and what it took."""

    requests: int
    events: int
    cpu: float
    seconds: float
    waits: list[float]
    """Seconds that each request took, from when it was due."""


def measure(vendor: str, cache: str, seconds: float, rounds: int) -> dict[str, Any]:
    """Alternate ours and the bare view: as fast as they can, and then at one load."""
    from tests.faults.running import lone_shop
    from tests.services import SERVICES

    with tempfile.TemporaryDirectory(prefix="persona-ingest-") as folder:
        given = {"urls": "benchmarks.ingest_shop", "keep_connections": None}
        if cache == "redis":
            given["cache"] = SERVICES["redis"].url
        with lone_shop(vendor, Path(folder), **given) as (process, database):
            process.start()
            bench = Bench(process.pid, process.port, database)
            cases = {
                f"{who}, {what}": (path, size, 0.0)
                for what, size in (("batches of 20", BATCH), ("single", 1))
                for who, path in (("ours", OURS), ("bare", BARE))
            }
            turns = _in_turns(bench, cases, seconds, rounds)
            fastest = statistics.median(
                turn.requests / turn.seconds for turn in turns["ours, batches of 20"]
            )
            rate = LOAD * fastest
            loaded = {
                f"{who}, at one load": (path, BATCH, rate)
                for who, path in (("ours", OURS), ("bare", BARE))
            }
            turns |= _in_turns(bench, loaded, seconds, rounds)
    return {
        "vendor": vendor,
        "cache": cache,
        "rate": rate,
        "cases": {name: _summed_up(each) for name, each in turns.items()},
    }


def _in_turns(
    bench: Bench, cases: dict[str, tuple[str, int, float]], seconds: float, rounds: int
) -> dict[str, list[Turn]]:
    turns: dict[str, list[Turn]] = {name: [] for name in cases}
    for number in range(rounds):
        # Whoever goes second finds warmer caches: take turns at that, too.
        for name in sorted(cases, reverse=bool(number % 2)):
            turns[name].append(bench.turn(*cases[name], seconds))
    return turns


def _summed_up(turns: list[Turn]) -> dict[str, float]:
    waits = sorted(1_000 * wait for turn in turns for wait in turn.waits)
    return {
        "events": statistics.median(turn.events / turn.cpu for turn in turns),
        "requests": statistics.median(turn.requests / turn.cpu for turn in turns),
        "p50": waits[len(waits) // 2],
        "p99": waits[int(len(waits) * 0.99)],
    }


class Bench:
    """A server process under load, and the processor time that it and its database use."""

    def __init__(self, pid: int, port: int, database: str) -> None:
        self.pid, self.port, self.database = pid, port, database

    def turn(self, path: str, size: int, rate: float, seconds: float) -> Turn:
        """One load. Connections stay open until the time was read: a process that is gone has
        none."""
        with self._load(path, size, rate, seconds) as load:
            assert load.stdin is not None and load.stdout is not None
            load.stdout.readline()
            before = self._cpu()
            print("go", file=load.stdin, flush=True)
            told = json.loads(load.stdout.readline())
            cpu = self._cpu() - before
            print("end", file=load.stdin, flush=True)
        assert not told["failed"], told["failed"]
        return Turn(
            requests=told["requests"],
            events=told["requests"] * size,
            cpu=cpu,
            seconds=told["seconds"],
            waits=told["waits"],
        )

    @contextmanager
    def _load(
        self, path: str, size: int, rate: float, seconds: float
    ) -> Iterator[subprocess.Popen[str]]:
        numbers = [self.port, path, CLIENTS, size, rate, seconds]
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ingest_load", *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        ) as load:
            yield load

    def _cpu(self) -> float:
        """Seconds of work so far, of the server process and of the database's own for it."""
        return sum(cpu_of(pid) for pid in (self.pid, *self._backends()))

    def _backends(self) -> list[int]:
        from tests.faults.running import tell

        if self.database.startswith("sqlite"):
            return []
        rows = tell(
            self.database,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()",
        )
        return [pid for (pid,) in rows]


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used, its own and the system's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
