"""What an evaluation found out: for a machine, for a terminal and as a page for a browser."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from django.template.loader import render_to_string

from persona_django.evaluation.charts import charts
from persona_django.evaluation.results import Figures, Results
from persona_django.evaluation.tables import (
    Column,
    column_groups,
    default_intervals,
    facts,
    labelled,
)

TEMPLATE = "persona/evaluation.html"
NO_METHOD = "No method was tried."
METHOD = "method"
BEST = "* the best of its column"
GAP = "  "


def as_json(results: Results) -> dict[str, Any]:
    """The results as plain values; None for what could not be judged, as JSON has no NaN."""
    return {
        "protocol": results.protocol,
        "file": results.file,
        "header": dict(results.header),
        "cases": int(results.cases),
        "unknown_targets": int(results.unknown_targets),
        "default": results.default,
        "methods": {name: _plain(figures) for name, figures in results.methods.items()},
    }


def as_text(results: Results, *, width: int) -> str:
    """The results for a terminal so many letters wide; what does not fit beside each other stands
    beneath. Only a word that is longer reaches further."""
    parts = ["\n".join(_facts(results, width))]
    groups = column_groups(results)
    if groups:
        names = _aligned([METHOD, *(labelled(results, method) for method in results.methods)])
        room = width - len(names[0])
        parts += [_table(names, columns) for columns in _beside(groups, room)]
        if any(any(column.best) for group in groups for column in group):
            parts.append(BEST)
    else:
        parts.append(NO_METHOD)
    intervals = list(default_intervals(results))
    if intervals:
        title = f"95 % intervals of {results.default}:"
        parts.append("\n".join([title, *_flowing(intervals, width)]))
    return "\n\n".join(parts)


def as_html(results: Results) -> str:
    """The results as one page that needs nothing else: no script, no other file, no network."""
    groups = column_groups(results)
    rows = [
        {
            "method": method,
            "is_default": method == results.default,
            "groups": [
                [(column.cells[row], column.best[row]) for column in group] for group in groups
            ],
        }
        for row, method in enumerate(results.methods)
    ]
    context = {
        "results": results,
        "facts": facts(results),
        "groups": groups,
        "rows": rows,
        "intervals": list(default_intervals(results)),
        "charts": list(charts(results)),
        "best": BEST,
        "no_method": NO_METHOD,
    }
    return render_to_string(TEMPLATE, context)


def _plain(figures: Figures) -> dict[str, Any]:
    return {
        **{name: _finite(value) for name, value in figures.values.items()},
        "seconds": _finite(figures.seconds),
        "intervals": {
            name: [_finite(low), _finite(high)] for name, (low, high) in figures.intervals.items()
        },
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _facts(results: Results, width: int) -> Iterator[str]:
    known = facts(results)
    label_width = max(len(label) for label, _ in known) + len(GAP)
    for label, words in known:
        yield from textwrap.wrap(
            words,
            width,
            initial_indent=label.ljust(label_width),
            subsequent_indent=" " * label_width,
            # A path that is cut in two is no path.
            break_long_words=False,
            break_on_hyphens=False,
        ) or [label]


def _beside(groups: list[list[Column]], room: int) -> list[list[Column]]:
    """Columns of each table. A group is torn apart only where it is too wide for any."""
    tables: list[list[Column]] = [[]]
    for group in groups:
        if tables[-1] and _wide(tables[-1]) + _wide(group) > room:
            tables.append([])
        for column in group:
            if tables[-1] and _wide(tables[-1]) + _wide([column]) > room:
                tables.append([])
            tables[-1].append(column)
    return tables


def _table(names: list[str], columns: list[Column]) -> str:
    head, *methods = names
    titles = "".join(f"{GAP}{column.name:>{_longest(column)}} " for column in columns)
    lines = [head + titles, "-" * (len(head) + _wide(columns))]
    for row, name in enumerate(methods):
        cells = (
            f"{GAP}{column.cells[row]:>{_longest(column)}}{'*' if column.best[row] else ' '}"
            for column in columns
        )
        lines.append(name + "".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def _aligned(words: list[str]) -> list[str]:
    longest = max(map(len, words))
    return [word.ljust(longest) for word in words]


def _wide(columns: Iterable[Column]) -> int:
    return sum(len(GAP) + _longest(column) + len("*") for column in columns)


def _longest(column: Column) -> int:
    return max(map(len, [column.name, *column.cells]))


def _flowing(entries: Iterable[str], width: int) -> Iterator[str]:
    """Entries in lines of at most such a width, none of them torn apart."""
    line = ""
    for entry in entries:
        longer = f"{line}, {entry}" if line else GAP + entry
        if line and len(longer) >= width:
            yield f"{line},"
            longer = GAP + entry
        line = longer
    yield line
