"""Figures of several methods side by side, as words: what text and page both show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from persona_django.evaluation.results import Figures, Results

UNRANKED = frozenset({"coverage", "gini", "novelty", "diversity"})
"""What describes lists: more of it is not better, so none is the best."""
NOTHING = "-"
SECONDS = "seconds"
DEFAULT = " (default)"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One metric of every method, in the order of the methods."""

    name: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]
    """Whether a cell reads like the best one: a difference that nobody sees makes no winner."""


def facts(results: Results) -> list[tuple[str, str]]:
    """What was tried, on what and with what, as labels and words."""
    return [
        ("Protocol", results.protocol),
        ("File", results.file),
        *results.header.items(),
        ("Cases", f"{results.cases:,}"),
        ("Unknown targets", f"{results.unknown_targets:,}"),
    ]


def column_groups(results: Results) -> list[list[Column]]:
    """All columns, those of equally long lists together, the shortest lists first."""
    methods = results.methods.values()
    groups: dict[float, list[Column]] = {}
    for name in metric_names(results):
        values = [figures.values.get(name, math.nan) for figures in methods]
        groups.setdefault(length_of(name), []).append(_column(name, values))
    seconds = tuple(written(figures.seconds, decimals=2) for figures in methods)
    took = Column(name=SECONDS, cells=seconds, best=(False,) * len(seconds))
    return [*groups.values(), [took]] if methods else []


def metric_names(results: Results) -> list[str]:
    """Every metric that some method has, by length of the list and then in the order given."""
    names = dict.fromkeys(name for figures in results.methods.values() for name in figures.values)
    return sorted(names, key=length_of)


def metric_of(name: str) -> str:
    """What is measured, without the length of the list.

    >>> metric_of("recall_new@10")
    'recall_new'
    """
    return name.partition("@")[0]


def length_of(name: str) -> float:
    """Length of the list that a figure is about; infinite where it is about all of it.

    >>> length_of("hr@10"), length_of("mrr")
    (10, inf)
    """
    length = name.partition("@")[2]
    return int(length) if length.isdecimal() else math.inf


def labelled(results: Results, method: str, *, most: int | None = None) -> str:
    """Name of a method and whether it is the default, in at most so many letters."""
    marked = DEFAULT if method == results.default else ""
    if most is not None and len(method + marked) > most:
        method = f"{method[: most - len(marked) - 1]}…"
    return method + marked


def written(value: float, *, decimals: int = 4) -> str:
    """A figure as it is shown; a dash for what could not be judged.

    >>> written(0.31234), written(math.nan)
    ('0.3123', '-')
    """
    return f"{value:.{decimals}f}" if math.isfinite(value) else NOTHING


def with_interval(figures: Figures, name: str) -> str:
    """A figure, and where it has one its interval: 0.3123 (0.3051 to 0.3195)."""
    value = written(figures.values.get(name, math.nan))
    known = interval_of(figures, name)
    return f"{value} ({written(known[0])} to {written(known[1])})" if known else value


def interval_of(figures: Figures, name: str) -> tuple[float, float] | None:
    """The interval of a figure; None where it has none or could not be judged."""
    ends = figures.intervals.get(name)
    if ends is None or not all(map(math.isfinite, (figures.values.get(name, math.nan), *ends))):
        return None
    return ends


def default_intervals(results: Results) -> Iterator[str]:
    """Each figure of the default that has an interval, with both."""
    figures = results.methods.get(results.default)
    if figures is not None:
        for name in metric_names(results):
            if interval_of(figures, name):
                yield f"{name} {with_interval(figures, name)}"


def _column(name: str, values: list[float]) -> Column:
    cells = tuple(written(value) for value in values)
    judged = [value for value in values if math.isfinite(value)]
    top = written(max(judged)) if judged and metric_of(name) not in UNRANKED else None
    return Column(name=name, cells=cells, best=tuple(cell == top for cell in cells))
