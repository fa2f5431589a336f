"""The closing table of the benchmarks: every aim, what was measured, and whether it is kept."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import closing
from benchmarks.findings import Finding, hand_over, missed, taken_from
from benchmarks.growth import findings as growth_findings
from benchmarks.parts import parts
from benchmarks.tables import rows_of

ROOT = Path(__file__).parent.parent.parent
KEPT = Finding(name="a page", value=0.1, unit="ms", limit=0.2)
OVER = Finding(name="a block", value=12.5, unit="ms", limit=3.0, beside="on a busy day")
STANDS_BESIDE = Finding(name="plain scipy", value=4.2, unit="s")
EXACT = Finding(name="fallback", value=math.inf, limit=1e-5, at_any_size=True)


def test_every_aim_stands_in_one_table_with_its_limit_and_its_verdict():
    lines = closing([KEPT, OVER, STANDS_BESIDE], [], is_quick=False).splitlines()

    assert [line.split() for line in lines if line.startswith("a ")] == [
        ["a", "page", "0.10", "ms", "0.20", "ms", "kept"],
        ["a", "block", "12.50", "ms", "3.00", "ms", "MISSED"],
    ]
    assert next(line for line in lines if "scipy" in line).split() == [
        "plain",
        "scipy",
        "4.20",
        "s",
    ]
    assert "    on a busy day" in lines
    assert lines[-1] == "2 aims judged, 1 missed."


def test_a_fast_look_shows_the_limits_but_judges_only_what_holds_at_any_size():
    shown = closing([OVER, EXACT], [], is_quick=True)

    assert "limits are those of the full size" in shown
    assert "3.00 ms  not judged" in shown
    assert missed([OVER, EXACT], is_quick=True) == [EXACT]
    assert missed([OVER, EXACT], is_quick=False) == [OVER, EXACT]


SETTINGS = "DJANGO_SETTINGS_MODULE"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_is_no_number_keeps_no_limit(value):
    broken = Finding(name="a page", value=value, unit="ms", limit=0.2)

    assert missed([broken], is_quick=False) == [broken]
    assert "no number ms" in closing([broken], [], is_quick=False)


def test_what_a_part_hands_over_arrives_as_it_was(tmp_path):
    hand_over([KEPT, OVER, EXACT], tmp_path / "part.json")

    assert taken_from(tmp_path / "part.json") == [KEPT, OVER, EXACT]
    assert taken_from(tmp_path / "of a part that broke down.json") == []


@pytest.mark.parametrize("module", sorted({part.module for part in parts()}))
def test_every_part_runs_alone_and_writes_down_its_findings(module):
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "--findings FINDINGS" in done.stdout


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("block_latency", ("--products", "300", "--renders", "20")),
        ("sync", ("--products", "300")),
        ("visit_next", ("--visits", "3000", "--items", "4000", "--answers", "50")),
        ("import_orders", ("--lines", "2000")),
        ("large", ("--quick",)),
        (
            "poisoning",
            ("--shoppers", "300", "--products", "200", "--attackers", "1", "--attack", "c"),
        ),
    ],
)
def test_a_part_comes_to_its_findings_at_a_size_that_takes_seconds(module, arguments, tmp_path):
    path = tmp_path / "findings.json"
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments, "--findings", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", SETTINGS)},
    )

    assert done.returncode == 0, done.stderr
    assert taken_from(path)


def test_growth_is_judged_by_the_geometric_mean_of_both_shapes():
    report = {
        "skewed": {"growth of seconds": 8.0, "growth of multiply-adds": 9.0},
        "mild": {"growth of seconds": 12.5, "growth of multiply-adds": 16.0},
    }
    for shape in report.values():
        shape["with items in no pair"] = 9.0

    *shapes, mean = growth_findings(report)

    assert [shape.limit for shape in shapes] == [None, None]
    assert mean.value == pytest.approx(10.0)
    assert mean.limit == pytest.approx(12.0)


def test_a_capped_table_keeps_so_many_of_each_shopper_and_all_of_the_others():
    size = {"shoppers": 200, "items": 300, "pairs": 3_000}

    whole, capped = (rows_of("skewed", seed=3, cap=cap, **size) for cap in (0, 20))

    lengths = [np.diff(rows.indptr) for rows in (whole, capped)]
    assert lengths[0].max() > 20
    assert np.array_equal(lengths[1], np.minimum(lengths[0], 20))
    assert pairs_of(capped) < pairs_of(whole)


def pairs_of(rows):
    """Every row and item code of a table."""
    row = np.repeat(np.arange(len(rows)), np.diff(rows.indptr))
    return set(zip(row.tolist(), rows.item.tolist(), strict=True))


def test_a_limit_may_also_be_the_least_that_a_figure_should_be():
    enough = Finding(name="events a second", value=3_100.0, limit=3_000.0, is_least=True)
    too_few = Finding(name="events a second", value=2_900.0, limit=3_000.0, is_least=True)

    assert missed([enough, too_few], is_quick=False) == [too_few]
    assert "at least 3,000" in closing([enough], [], is_quick=False)
