"""Run the suite once for each database and configuration, and sum up in words.

`python -m tests.run` is what `tox run -e tests` calls: everything on SQLite, then again on each
service that answers. `--unit` keeps to what needs neither a service nor much time. Files and
folders named restrict all of it to themselves; further arguments go to pytest as they are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests import services

ROOT = Path(__file__).resolve().parent.parent
COVERAGE_WANTED = 95
"""Per cent of branches and lines of persona_django that the suite must reach."""
IN_MEMORY = "sqlite://:memory:"
SEED = os.environ.get("PERSONA_SEED", "20261124")
"""Order of the tests: mixed, so that none leans on another, but the same on every machine."""
ONLY_ONCE = (
    "tests/house",
    "tests/packaging",
    "tests/newcomer",
    "tests/numeric",
    "tests/docs",
    "tests/benchmarks",
    "tests/simulator",
    "tests/script",
)
"""Rooms whose tests touch no database of the suite, so one run of them is enough."""
SAME_ON_EVERY_PYTHON = (
    "tests/benchmarks",
    "tests/docs",
    "tests/faults",
    "tests/house",
    "tests/journeys",
    "tests/newcomer",
    "tests/packaging",
)
"""Rooms about files of the checkout, or about processes, networks and services that fail: the
whole suite's Python is enough for them."""
PLACES = ("tests", "persona_django")
"""What may be named to run is one of these or stands in it."""
TAKES_A_WORD = frozenset(
    {
        "-k",
        "-m",
        "-p",
        "-n",
        "-o",
        "-c",
        "-W",
        "-r",
        "--maxfail",
        "--ds",
        "--ignore",
        "--ignore-glob",
        "--deselect",
        "--cov",
        "--junitxml",
        "--rootdir",
    }
)
"""Options of pytest after which a word is no place."""
DATABASE_TESTS_ONLY = {"PERSONA_DATABASE_TESTS_ONLY": "1"}
"""Of the other rooms, the files none of whose tests may ask the database are left out as well:
they are found by how their tests are marked, see `conftest`. SQLite's run has them all."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One call of pytest."""

    title: str
    paths: tuple[str, ...] = ("tests",)
    without: tuple[str, ...] = ()
    marks: str = "not slow and not alone"
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    service: str = ""
    is_parallel: bool = True
    is_measured: bool = True
    """Whether coverage is counted, which takes three quarters more time. Not in runs that go
    through the same lines once more: what only they reach is missing from the figure."""
    attempts: int = 1
    """Above 1 only for what measures time: a neighbour's noise must not fail a change. What kills
    processes gets one, because a race that is lost every other time is a fault."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one call of pytest came to."""

    title: str
    code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def plan(*, unit: bool) -> list[Run]:
    """Every run, in the order in which a failure is most quickly understood."""
    examples = Run(
        title="the examples in docstrings",
        paths=("persona_django",),
        environment={"DATABASE_URL": IN_MEMORY},
        options=("--doctest-modules",),
        is_parallel=False,
    )
    if unit:
        quick = Run(
            title="SQLite, without services",
            without=SAME_ON_EVERY_PYTHON,
            marks="not slow and not alone and not browser and not service",
            environment={"DATABASE_URL": IN_MEMORY},
            is_measured=False,
        )
        return [examples, quick]
    rooms = (*ONLY_ONCE, "tests/journeys")
    return [
        examples,
        Run(
            title="SQLite",
            without=("tests/journeys",),
            environment={"DATABASE_URL": IN_MEMORY},
        ),
        Run(
            title="our tables in a second database",
            without=rooms,
            is_measured=False,
            environment={
                "DATABASE_URL": IN_MEMORY,
                "PERSONA_SECOND_DATABASE": "1",
                **DATABASE_TESTS_ONLY,
            },
        ),
        Run(
            title="PostgreSQL",
            without=rooms,
            is_measured=False,
            environment={
                "DATABASE_URL": services.SERVICES["postgresql"].url,
                **DATABASE_TESTS_ONLY,
            },
            service="postgresql",
        ),
        Run(
            title="MariaDB",
            without=rooms,
            is_measured=False,
            environment={
                "DATABASE_URL": services.SERVICES["mariadb"].url,
                **DATABASE_TESTS_ONLY,
            },
            service="mariadb",
        ),
        Run(
            title="the example shop",
            paths=("tests/journeys",),
            options=("--ds=example_shop.settings",),
            is_parallel=False,
        ),
        Run(
            title="what must run alone",
            without=("tests/journeys",),
            marks="alone and not timing and not slow",
            environment={"DATABASE_URL": IN_MEMORY},
            is_parallel=False,
        ),
        Run(
            title="what measures time",
            without=("tests/journeys",),
            marks="alone and timing and not slow",
            environment={"DATABASE_URL": IN_MEMORY},
            is_parallel=False,
            attempts=2,
        ),
    ]


def chosen(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files, folders and single tests that were named, and what is for pytest."""
    places, more = [], []
    for before, one in zip(("", *arguments), arguments, strict=False):
        file, colons, test = one.partition("::")
        place = os.path.normpath(file)
        if before in TAKES_A_WORD or Path(place).parts[:1] not in {(top,) for top in PLACES}:
            more.append(one)
        else:
            places.append(f"{place}{colons}{test}")
    return places, more


def narrowed(runs: Sequence[Run], places: Sequence[str]) -> list[Run]:
    """The runs, each with what of `places` it would have run anyway: without paths, if nothing."""
    if not places:
        return list(runs)
    return [
        replace(
            run, paths=tuple(dict.fromkeys(part for place in places for part in _part(run, place)))
        )
        for run in runs
    ]


def _part(run: Run, place: str) -> list[str]:
    """What one run has of one place. pytest runs what is named even where it shall ignore it."""
    file = Path(place.partition("::")[0])
    if any(file.is_relative_to(path) for path in run.without):
        return []
    if any(file.is_relative_to(path) for path in run.paths):
        return [place]
    return [path for path in run.paths if Path(path).is_relative_to(file)]


def command(run: Run, report: Path, more: Sequence[str]) -> list[str]:
    """The call of pytest for one run."""
    paths = [path for path in run.paths if (ROOT / path.partition("::")[0]).exists()]
    parts = [sys.executable, "-m", "pytest", "-q", "-m", run.marks, *run.options]
    parts += ["-p", "randomly", "-p", "no:cacheprovider", f"--randomly-seed={SEED}"]
    parts += [f"--ignore={path}" for path in run.without]
    parts += [f"--junitxml={report}", "-o", "junit_family=xunit1", "--durations=10"]
    if run.is_parallel:
        # A file stays in one process, so that its tests meet the same order everywhere.
        parts += ["-n", os.environ.get("PERSONA_TEST_PROCESSES", "auto"), "--dist", "loadfile"]
    if run.is_measured:
        parts += ["--cov", "--cov-branch", "--cov-report="]
    return [*parts, *more, *paths]


def carry_out(run: Run, folder: Path, more: Sequence[str], *, is_chosen: bool) -> Outcome:
    """One run of pytest, its words going straight to the screen."""
    print(f"\n===== {run.title} =====", flush=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in run.title.lower())
    report = folder / f"{name}.xml"
    environment = {
        **os.environ,
        **run.environment,
        "COVERAGE_FILE": str(folder / f"coverage-{name}"),
    }
    began = time.monotonic()
    call = command(run, report, more)
    for attempt in range(1, run.attempts + 1):
        done = subprocess.run(call, cwd=ROOT, env=environment, check=False)
        if done.returncode != 1 or attempt == run.attempts:
            break
        print(f"\n{run.title}: failed, so it is measured once more", flush=True)
    passed, failed, skipped = counts(report)
    # 5 is pytest's word for "nothing matched", which is no failure when the caller chose.
    code = 0 if done.returncode == 5 and (is_chosen or "alone" in run.marks) else done.returncode
    return Outcome(
        title=run.title,
        code=code,
        seconds=time.monotonic() - began,
        passed=passed,
        failed=failed,
        skipped=skipped,
    )


def counts(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of one run."""
    if not report.exists():
        return 0, 0, 0
    # Our own report, written a moment ago by pytest.
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total = sum(int(suite.get("tests", 0)) for suite in suites)
    failed = sum(int(suite.get(kind, 0)) for suite in suites for kind in ("failures", "errors"))
    skipped = sum(int(suite.get("skipped", 0)) for suite in suites)
    return total - failed - skipped, failed, skipped


def measured_coverage(folder: Path, *, gate: bool) -> int:
    """Add up what every run reached and say what none did. 0 when the gate is passed."""
    print("\n===== coverage of persona_django, lines and branches, all runs =====", flush=True)
    environment = {**os.environ, "COVERAGE_FILE": str(folder / "coverage")}
    call = [sys.executable, "-m", "coverage"]
    found = sorted(str(path) for path in folder.glob("coverage-*"))
    subprocess.run([*call, "combine", "-q", *found], cwd=ROOT, env=environment, check=False)
    limit = [f"--fail-under={COVERAGE_WANTED}"] if gate else []
    shown = subprocess.run([*call, "report", *limit], cwd=ROOT, env=environment, check=False)
    return shown.returncode if gate else 0


def summary(outcomes: Sequence[Outcome], absent: dict[str, str]) -> None:
    """What ran, what did not and why, in words."""
    print("\n===== summary =====")
    for outcome in outcomes:
        verdict = "passed" if outcome.code == 0 else f"FAILED (exit status {outcome.code})"
        print(
            f"{outcome.title:<34} {verdict:<10} {outcome.passed:>5} passed, "
            f"{outcome.failed} failed, {outcome.skipped} skipped in {outcome.seconds:.0f} s"
        )
    for name, reason in absent.items():
        print(f"skipped, because {services.SERVICES[name].title} is missing: {reason}")
    print(
        f"{sum(o.passed for o in outcomes)} passed, {sum(o.failed for o in outcomes)} failed, "
        f"{sum(o.skipped for o in outcomes)} skipped",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, measure, sum up. The exit status is 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--unit", action="store_true", help="only what needs no service")
    options, given = parser.parse_known_args(arguments)
    places, more = chosen(given)
    lost = [place for place in places if not (ROOT / place.partition("::")[0]).exists()]
    if lost:
        print(f"There is no {' and no '.join(lost)}.")
        return 2
    absent = {} if options.unit else services.missing()
    if absent and services.are_required():
        for name, reason in absent.items():
            print(f"{services.SERVICES[name].title} is required here and missing: {reason}")
        return 1
    with tempfile.TemporaryDirectory(prefix="persona-tests-") as place:
        folder = Path(place)
        runs = narrowed(plan(unit=options.unit), places)
        for run in runs:
            if not run.paths:
                print(f"{run.title}: skipped, nothing of what was named runs there")
        outcomes = [
            carry_out(run, folder, more, is_chosen=bool(given))
            for run in runs
            if run.paths and run.service not in absent
        ]
        # Who named something and had nothing run was not told that it is well.
        code = max((outcome.code for outcome in outcomes), default=1)
        if not options.unit:
            # Code for a service that is not here cannot be reached, nor by a chosen few tests.
            gate = not absent and not given
            code = max(code, measured_coverage(folder, gate=gate))
    summary(outcomes, absent)
    return code


if __name__ == "__main__":
    sys.exit(main())
