"""What a part of the benchmarks found, and the one table at the end that sets it beside its aims.

Every part runs alone and prints its own tables. With `--findings FILE` it also writes down the
figures that an aim speaks of, for `python -m benchmarks` to gather.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}
"""Databases as people call them, by the names that Django has for them."""

WAIT_MS = 100.0
"""Most that a checkout on the same SQLite file may wait, at the 99th percentile."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure, and the most, or the least, that it may be."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    """None: the figure only stands beside, for comparison."""
    is_least: bool = False
    """Whether the limit is the least that it may be, not the most."""
    beside: str = ""
    """What else a reader wants to know of it, on a line of its own."""
    at_any_size: bool = False
    """Whether the limit also holds for the small sizes of a fast look."""

    def is_kept(self) -> bool:
        """Whether the figure is within its limit. One that is no number never is."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.is_least else self.value <= self.limit

    def is_judged(self, *, is_quick: bool) -> bool:
        """Whether the limit holds for what was measured."""
        return self.limit is not None and (self.at_any_size or not is_quick)

    def verdict(self, *, is_quick: bool) -> str:
        """The last column of the table."""
        if self.limit is None:
            return ""
        if not self.is_judged(is_quick=is_quick):
            return "not judged"
        return "kept" if self.is_kept() else "MISSED"


def wait_of_a_checkout(during: str, p99_ms: float, *, beside: str) -> Finding:
    """What the shop's own writer waits on the SQLite file that something of ours writes to."""
    return Finding(
        name=f"SQLite: a checkout waits during {during}",
        value=p99_ms,
        unit="ms",
        limit=WAIT_MS,
        beside=beside,
    )


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--findings FILE`, the same for every part."""
    parser.add_argument("--findings", type=Path, help="file for what the closing table shows")


def hand_over(findings: Sequence[Finding], path: Path | None) -> None:
    """Write the findings down, if somebody asked for them."""
    if path is not None:
        path.write_text(json.dumps([asdict(finding) for finding in findings]), encoding="utf-8")


def taken_from(path: Path) -> list[Finding]:
    """What a part has handed over; nothing when it never came so far."""
    if not path.is_file():
        return []
    return [Finding(**found) for found in json.loads(path.read_text(encoding="utf-8"))]


def missed(findings: Sequence[Finding], *, is_quick: bool) -> list[Finding]:
    """Those over a limit that holds for them."""
    return [one for one in findings if one.is_judged(is_quick=is_quick) and not one.is_kept()]


def as_table(findings: Sequence[Finding], *, is_quick: bool) -> str:
    """The closing table: aim, measured, limit, verdict."""
    rows = [("aim", "measured", "limit", "")]
    rows += [
        (
            found.name,
            as_text(found.value, found.unit),
            _limit_of(found),
            found.verdict(is_quick=is_quick),
        )
        for found in findings
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    besides = ["", *(found.beside for found in findings)]
    return "\n".join(_lines(rows, besides, widths))


def _limit_of(found: Finding) -> str:
    if found.limit is None:
        return ""
    return ("at least " if found.is_least else "") + as_text(found.limit, found.unit)


def _lines(
    rows: list[tuple[str, str, str, str]], besides: list[str], widths: list[int]
) -> Iterator[str]:
    for number, ((name, value, limit, verdict), beside) in enumerate(
        zip(rows, besides, strict=True)
    ):
        line = f"{name:{widths[0]}}  {value:>{widths[1]}}  {limit:>{widths[2]}}  {verdict}"
        yield line.rstrip()
        if beside:
            yield f"    {beside}"
        if not number:
            yield "-" * (sum(widths) + 4 + len("  not judged"))


def as_text(value: float, unit: str) -> str:
    """A figure with as many digits as one can use.

    >>> as_text(0.8765, "x"), as_text(541.3, "MB"), as_text(1e-5, "")
    ('0.88 x', '541 MB', '1e-05')
    """
    if not math.isfinite(value):
        number = "no number"
    elif value and abs(value) < 0.01:
        number = f"{value:.2g}"
    else:
        number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return f"{number} {unit}".rstrip()
