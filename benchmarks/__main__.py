"""Every figure the project promises, measured one after the other on a quiet machine.

    python -m benchmarks [--only kernel --only sync] [--quick]

Each part prints its own tables and is a module of its own. At the end stands one table of all
aims: measured, limit, kept or missed. The exit status is 1 when one is missed or a part broke
down. Databases that do not answer on the loopback are named and left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.findings import Finding, as_table, missed, taken_from
from benchmarks.parts import Part, parts
from tests import services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for and sum up."""
    names = sorted({part.module for part in parts()})
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=names, help="leave the others out")
    parser.add_argument("--quick", action="store_true", help="a fast look at a smaller size")
    asked = parser.parse_args(arguments)
    findings: list[Finding] = []
    troubles: list[str] = []
    broken = False
    with tempfile.TemporaryDirectory(prefix="persona-findings-") as folder:
        for number, part in enumerate(parts()):
            if asked.only and part.module not in asked.only:
                continue
            print(f"\n##### {part.title}", flush=True)
            if missing := absent(part):
                troubles.append(f"left out: {part.title}: {missing}")
                print(troubles[-1], flush=True)
                continue
            path = Path(folder) / f"{number}.json"
            if code := run(part, path, is_quick=asked.quick):
                broken = True
                troubles.append(f"broke down with exit status {code}: {part.title}")
            findings += taken_from(path)
    # The lettered aims first and in their order, whichever part measured them.
    findings.sort(key=lambda found: found.name[:3] if found.name.startswith("(") else "~")
    print(closing(findings, troubles, is_quick=asked.quick))
    return 1 if broken or missed(findings, is_quick=asked.quick) else 0


def absent(part: Part) -> str:
    """Which service the part cannot do without and has not, and why; empty: none."""
    for name in part.services:
        if reason := services.why_missing(name):
            return f"{services.SERVICES[name].title} is missing: {reason}"
    return ""


def run(part: Part, path: Path, *, is_quick: bool) -> int:
    """Run one part in a process of its own; it writes its findings to the path."""
    call = [sys.executable, "-m", f"benchmarks.{part.module}", *part.arguments]
    call += [*(part.quick if is_quick else ()), "--findings", str(path)]
    began = time.monotonic()
    done = subprocess.run(call, env={**os.environ, **part.environment}, check=False)
    print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return done.returncode


def closing(findings: Sequence[Finding], troubles: Sequence[str], *, is_quick: bool) -> str:
    """The table of all aims, and what is not in it."""
    lines = ["\n##### Every aim beside what was measured in this run\n"]
    if is_quick:
        lines.append("A fast look at a smaller size: the limits are those of the full size.\n")
    lines += [as_table(findings, is_quick=is_quick), "", *troubles]
    judged = sum(found.is_judged(is_quick=is_quick) for found in findings)
    over = missed(findings, is_quick=is_quick)
    lines.append(f"{judged} aims judged, {len(over)} missed.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
