"""Every figure the project promises, measured one after the other on a quiet machine.

    python -m benchmarks [--only kernel --only sync] [--quick]

Each part prints its own table and is a module of its own; databases that do not answer on the
loopback are named and left out. Nothing here is a test: read ratios and medians, not seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests import services


@dataclass(frozen=True, kw_only=True)
class Part:
    """One call of one benchmark."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    """What is added for a fast look at a smaller size."""
    environment: dict[str, str] = field(default_factory=dict)
    service: str = ""


def parts() -> Iterator[Part]:
    """Everything that is measured, the most quoted figures first."""
    postgresql = {"DATABASE_URL": services.SERVICES["postgresql"].url}
    yield Part(
        title="Neighbours of every item: our kernel beside its peers",
        module="kernel",
        quick=("--quick",),
    )
    yield Part(
        title="From rows in a database to a published version",
        module="end_to_end",
        quick=("--shoppers", "20000", "--items", "5000", "--pairs", "360000", "--rounds", "1"),
        service="postgresql",
    )
    for database, environment in (("SQLite", {}), ("PostgreSQL", postgresql)):
        needs = "postgresql" if environment else ""
        yield Part(
            title=f"A block on a product page, {database}",
            module="block_latency",
            quick=("--products", "5000", "--renders", "300"),
            environment=environment,
            service=needs,
        )
        yield Part(
            title=f"The shop's products into the mirror, {database}",
            module="sync",
            quick=("--products", "5000"),
            environment=environment,
            service=needs,
        )
    yield Part(
        title="A page without blocks, with and without the app",
        module="page_overhead",
        quick=("--rounds", "10"),
        environment=postgresql,
        service="postgresql",
    )
    yield Part(
        title="Orders from a file",
        module="import_orders",
        quick=("--lines", "50000"),
    )
    yield Part(
        title="Learnt lists beside the truth of an invented shop",
        module="simulated_quality",
        quick=("--seeds", "1", "--shoppers", "600", "--products", "300"),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; the exit status is 0 when each of them came to its end."""
    names = sorted({part.module for part in parts()})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=names, help="leave the others out")
    parser.add_argument("--quick", action="store_true", help="a fast look at a smaller size")
    asked = parser.parse_args(arguments)
    failed = []
    for part in parts():
        if asked.only and part.module not in asked.only:
            continue
        print(f"\n##### {part.title}", flush=True)
        reason = services.why_missing(part.service) if part.service else ""
        if reason:
            print(f"left out: {services.SERVICES[part.service].title} is missing: {reason}")
            continue
        began = time.monotonic()
        call = [sys.executable, "-m", f"benchmarks.{part.module}", *part.arguments]
        call += part.quick if asked.quick else ()
        done = subprocess.run(call, env={**os.environ, **part.environment}, check=False)
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
        if done.returncode:
            failed.append(part.title)
    for title in failed:
        print(f"did not come to its end: {title}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
