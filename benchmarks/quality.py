"""How good recommendations are on public data, beside reference methods in the same run.

    PERSONA_DATA=FOLDER python -m benchmarks.quality [--only tmall] [--quick] [--tune MINUTES]

Each line of the table is one `persona_evaluate`; the goals are what simple methods and published
models reached on the same rules. They are to hold after `persona_tune`, which looks at the part to
learn from alone, and nearly as well without. Without the folder nothing is measured.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.findings import Finding, add_option, hand_over

REFERENCE = "benchmarks.reference_methods."
UNTUNED_SHARE = 0.95
"""Of a goal, what is to be reached without tuning."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file, the rules, and what is aimed at."""

    name: str
    protocol: str
    file: str
    goals: Mapping[str, float]
    options: Mapping[str, object] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    split: str = ""
    ideal: str = "k"


ROWS = (
    Row(
        name="online-retail",
        protocol="basket-completion",
        file="online_retail.csv.gz",
        goals={"hr@10": 0.34, "mrr@10": 0.17},
        methods=("bought-together", "ridge", REFERENCE + "PairCounts", REFERENCE + "Ease"),
    ),
    Row(
        name="tmall",
        protocol="session-next",
        file="tmall_sessions.csv.gz",
        goals={"hr@20": 0.525, "mrr@20": 0.242},
        methods=("visit-next", "repeats", REFERENCE + "OwnThenPopular"),
    ),
    Row(
        name="retailrocket",
        protocol="session-next",
        file="retailrocket_sessions.csv.gz",
        goals={"hr@20": 0.61, "mrr@20": 0.34},
        options={"min_prefix": 2},
        methods=("visit-next", "repeats", REFERENCE + "OwnThenPopular"),
    ),
    Row(
        name="beauty",
        protocol="leave-one-out",
        file="amazon_beauty_5core.csv.gz",
        goals={"hr@10": 0.106, "ndcg@10": 0.065},
        methods=("viewed-next", "similar", REFERENCE + "PairCounts"),
    ),
    Row(
        name="beauty, validation items fitted",
        protocol="leave-one-out",
        file="amazon_beauty_5core.csv.gz",
        goals={"hr@10": 0.120, "ndcg@10": 0.076},
        options={"fit_validation": True},
    ),
    Row(
        name="office",
        protocol="examples",
        file="amazon_office_2016_2018.examples.csv.gz",
        goals={"hr@10": 0.145, "ndcg@10": 0.095},
        methods=("content",),
    ),
    Row(
        name="movielens-1m",
        protocol="holdout",
        file="movielens_1m_pairs.csv.gz",
        goals={"ndcg@10": 0.435},
        seeds=(0, 1, 2, 3, 4),
        methods=("similar", "ridge", REFERENCE + "Ease"),
    ),
)


def measure(
    row: Row, folder: Path, *, seeds: Sequence[int], minutes: float | None
) -> list[Finding]:
    """The tables of one row, untuned beside other methods and then tuned, and its figures beside
    their goals."""
    untuned = answered(row, folder, ["default", *row.methods], seeds=seeds)
    found = findings_of(row, untuned, share=UNTUNED_SHARE, said="as it comes", seeds=seeds)
    if minutes is None:
        return found
    each = [answered_tuned(row, folder, seed=seed, minutes=minutes) for seed in seeds]
    tuned = {name: mean(values[name] for values in each) for name in row.goals}
    return found + findings_of(row, tuned, share=1.0, said="tuned", seeds=seeds)


def answered_tuned(row: Row, folder: Path, *, seed: int, minutes: float) -> Mapping[str, float]:
    """What the pipeline reached that was tuned on one draw, on that draw alone: what another one
    hides, tuning would have seen most of."""
    from persona_django.evaluation.run import read_task
    from persona_django.evaluation.task import Options
    from persona_django.evaluation.tuning import tune

    options = Options(**row.options, seed=seed)  # type: ignore[arg-type]
    task = read_task(row.protocol, folder / row.file, None, None, options)
    tuning = tune(row.protocol, task, minutes=minutes)
    print(
        f"{row.name}, tuned and judged on seed {seed} alone: {tuning.tried} values tried in at "
        f"most {minutes:g} minutes, NDCG where nothing is judged later {tuning.before:.4f} "
        f"before, {tuning.after:.4f} after; chosen: {tuning.options or 'nothing'}",
        flush=True,
    )
    return answered(row, folder, ["default"], seeds=[seed], tuned=tuning.options)


def answered(
    row: Row, folder: Path, methods: Sequence[str], *, seeds: Sequence[int], tuned: Any = None
) -> Mapping[str, float]:
    """What the whole pipeline reached, by metric; prints the table of all methods."""
    from persona_django.evaluation.report import as_text
    from persona_django.evaluation.run import evaluate
    from persona_django.evaluation.task import Options

    results = evaluate(
        row.protocol,
        folder / row.file,
        methods=methods,
        k=sorted({int(name.partition("@")[2]) for name in row.goals}),
        options=Options(**row.options),  # type: ignore[arg-type]
        ideal=row.ideal,
        seeds=seeds,
        tuned=tuned,
    )
    print(as_text(results, width=120), flush=True)
    return results.methods["default"].values


def findings_of(
    row: Row, values: Mapping[str, float], *, share: float, said: str, seeds: Sequence[int]
) -> list[Finding]:
    """Each metric beside that share of its goal."""
    return [
        Finding(
            name=f"{row.name}, {metric}, {said}",
            value=values[metric],
            limit=share * goal,
            is_least=True,
            at_any_size=len(seeds) == len(row.seeds),
        )
        for metric, goal in row.goals.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS])
    parser.add_argument("--quick", action="store_true", help="one seed where there are several")
    parser.add_argument(
        "--tune",
        type=float,
        metavar="MINUTES",
        help="tune each seed of each row for so long, and judge it again",
    )
    add_option(parser)
    asked = parser.parse_args(arguments)
    from benchmarks.simulated_quality import configure

    configure()
    folder = Path(os.environ.get("PERSONA_DATA", ""))
    findings: list[Finding] = []
    for row in ROWS:
        if asked.only and row.name not in asked.only:
            continue
        if not os.environ.get("PERSONA_DATA") or not (folder / row.file).exists():
            print(
                f"{row.name}: {row.file} is not in the folder that PERSONA_DATA names; left out."
            )
            continue
        seeds = row.seeds[:1] if asked.quick else row.seeds
        findings += measure(row, folder, seeds=seeds, minutes=asked.tune)
    hand_over(findings, asked.findings)


if __name__ == "__main__":
    main()
