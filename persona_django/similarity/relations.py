"""The kinds of links between items that are learnt, by name and by the number stored in rows."""

from __future__ import annotations

SIMILAR = 1
"""Found interesting by the same shoppers."""
BOUGHT_TOGETHER = 2
"""Bought in the same order."""

RELATIONS: dict[str, int] = {"similar": SIMILAR, "bought-together": BOUGHT_TOGETHER}
