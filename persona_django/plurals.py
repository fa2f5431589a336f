"""Counts in sentences."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """A number with what it counts, or with what they do; `many` where an s is not enough.

    >>> counted(1, "line"), counted(1_200, "line"), counted(0, "is a robot", "are robots")
    ('1 line', '1,200 lines', '0 are robots')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
