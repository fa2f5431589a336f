"""Writes the settings page from `persona_django.conf.Settings`.

Run it by `python -m docs.settings_reference` after a change there.

The page is committed, so that it can be read in a clone; a test says when it has fallen behind.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from persona_django import conf, limits
from persona_django.numeric.durations import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS

UNITS = (
    ("days", DAY_SECONDS), ("hours", HOUR_SECONDS), ("minutes", MINUTE_SECONDS), ("seconds", 1),
)  # fmt: skip

PAGE = Path(__file__).with_name("settings.md")
MARK = "<!-- every setting; written by python -m docs.settings_reference -->\n"


def reasons() -> dict[str, str]:
    """The string beneath each field of the settings class."""
    body = ast.parse(inspect.getsource(conf.Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for line, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(line, ast.AnnAssign) and isinstance(after, ast.Expr):
            found[ast.unparse(line.target)] = inspect.cleandoc(ast.literal_eval(after.value))
    return found


def default_of(setting: Field[Any]) -> str:
    """The default as a person would write it in `settings.py`."""
    made = setting.default_factory
    value = setting.default if made is MISSING else made()
    if setting.metadata.get("is_answer"):
        return f"not set, counted as `{value!r}`"
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        for unit, size in UNITS:
            if seconds >= size and seconds % size == 0:
                return f"`timedelta({unit}={int(seconds // size)})`"
        return f"`timedelta(milliseconds={int(seconds * 1000)})`"
    return f"`{value!r}`"


def range_of(name: str) -> str:
    """What a number may be, and why not more or less."""
    if name not in limits.RANGES:
        return ""
    low, high, unit = limits.RANGES[name]
    said = f", from {low:,} to {high:,}"
    return f"{said}, {unit}." if unit.startswith("a ") else f"{said} {unit}".rstrip() + "."


def reference() -> str:
    """One section of Markdown a setting: its name, its reason, its default and its range."""
    why = reasons()
    return "\n".join(
        f"### `{setting.name.upper()}`\n\n{why[setting.name]}\n\n"
        f"Default: {default_of(setting)}{range_of(setting.name)}\n"
        for setting in fields(conf.Settings)
    )


def page() -> str:
    """The whole page: what a person wrote above the mark, and the reference below it."""
    above, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return f"{above}{mark}\n{reference()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
