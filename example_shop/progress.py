"""How long work says how far it is; whoever calls it decides what to show."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Name of the part, how much of it is done, and how much there is."""


def silent(part: str, done: int, total: int) -> None:
    """Nobody watches."""
