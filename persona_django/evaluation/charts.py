"""Bars that compare the methods by one metric: where everything stands, in units of the drawing.

Nothing is drawn here; `templates/persona/evaluation.html` does that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from persona_django.evaluation.results import Figures, Results
from persona_django.evaluation.tables import (
    interval_of,
    labelled,
    metric_names,
    metric_of,
    with_interval,
    written,
)

MAIN = ("hr", "phr", "recall", "ndcg", "mrr")
"""What methods are compared by first. All of these are better when higher, and start at 0."""
WIDTH = 360
"""The width of a phone, so that letters have their own size there."""
LEFT, LENGTH = 4, 352
"""Where bars begin and how long the longest is: the ends of whiskers need room at both sides."""
ROW = 46
TEXT_DOWN, BAR_DOWN, BAR_HIGH, CAP = 14, 21, 16, 5
"""Within a row: the line its words stand on, where its bar begins, how high that is, and half of
the height of a whisker's end."""
LONGEST_NAME = 36
"""Letters that leave room for a figure at the other side, also when bold."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One method in a chart. Lengths are in units of the drawing, from its upper left."""

    said: str
    """The method in full and its figure with the interval, for who points at it."""
    label: str
    figure: str
    is_default: bool
    baseline: float
    top: float
    length: float
    middle: float
    cap_top: float
    cap_bottom: float
    whisker: tuple[float, float] | None
    """Where the interval begins and ends, from the left; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All methods by one metric; each chart has its own scale, from 0."""

    name: str
    said: str
    """The same in words, for who does not see it."""
    height: float
    bars: tuple[Bar, ...]
    width: float = WIDTH
    left: float = LEFT
    right: float = LEFT + LENGTH
    bar_high: float = BAR_HIGH


def charts(results: Results) -> Iterator[Chart]:
    """A chart of each main metric, for each length of lists."""
    for name in metric_names(results):
        if metric_of(name) in MAIN:
            yield _chart(results, name)


def _chart(results: Results, name: str) -> Chart:
    unit = LENGTH / _highest(results, name)
    bars = tuple(
        _bar(results, method, name, row=row, unit=unit)
        for row, method in enumerate(results.methods)
    )
    said = ", ".join(bar.said for bar in bars)
    return Chart(name=name, said=f"{name}: {said}", height=ROW * len(bars), bars=bars)


def _highest(results: Results, name: str) -> float:
    """What takes the whole length: the highest value or upper end of an interval."""
    ends = [
        end
        for figures in results.methods.values()
        for end in (figures.values.get(name, math.nan), *(interval_of(figures, name) or ()))
    ]
    # Below it everything is as good as nothing, and a unit of it would be infinite.
    return max((end for end in ends if math.isfinite(end) and end > 1e-9), default=1.0)


def _bar(results: Results, method: str, name: str, *, row: int, unit: float) -> Bar:
    figures = results.methods[method]
    value = figures.values.get(name, math.nan)
    middle = ROW * row + BAR_DOWN + BAR_HIGH / 2
    return Bar(
        said=f"{labelled(results, method)} {with_interval(figures, name)}",
        label=labelled(results, method, most=LONGEST_NAME),
        figure=written(value),
        is_default=method == results.default,
        baseline=ROW * row + TEXT_DOWN,
        top=ROW * row + BAR_DOWN,
        length=_long(value, unit),
        middle=middle,
        cap_top=middle - CAP,
        cap_bottom=middle + CAP,
        whisker=_whisker(figures, name, unit),
    )


def _whisker(figures: Figures, name: str, unit: float) -> tuple[float, float] | None:
    known = interval_of(figures, name)
    return (LEFT + _long(known[0], unit), LEFT + _long(known[1], unit)) if known else None


def _long(value: float, unit: float) -> float:
    return round(max(value, 0.0) * unit, 1) if math.isfinite(value) else 0.0
