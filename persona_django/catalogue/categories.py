"""Paths of categories, from the top of the shop down: `Shoes > Trail`."""

from __future__ import annotations

SEPARATOR = ">"
LEVELS = f" {SEPARATOR} "
"""What stands between the levels of a path, and how we write it."""

BORDERS = frozenset(">/|\\:")
"""Where a level ends in paths that a shop writes its own way; better one protected too many."""


def is_under(path: str, prefix: str) -> bool:
    """Whether a category is the one that a prefix names, or lies below it.

    Levels count as a whole, and capitals and the blanks around a `>` do not.

    >>> is_under("Health>Tests", "health"), is_under("Healthy snacks", "Health")
    (True, False)
    """
    start, whole = _plain(prefix), _plain(path)
    if not start or not whole.startswith(start):
        return False
    rest = whole[len(start) :].lstrip()
    return not rest or rest[0] in BORDERS or start[-1] in BORDERS


def _plain(path: str) -> str:
    return SEPARATOR.join(level.strip() for level in path.split(SEPARATOR)).casefold()
