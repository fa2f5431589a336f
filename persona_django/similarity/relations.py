"""The kinds of links between items that are learnt, by name and by the number stored in rows."""

from __future__ import annotations

SIMILAR = 1
"""Found interesting by the same shoppers."""
BOUGHT_TOGETHER = 2
"""Bought in the same order."""
BOUGHT_AFTER = 3
"""Ordered by the same customers in one of their next orders: the case after the phone."""
VIEWED_NEXT = 4
"""Looked at by the same visitors soon afterwards, in the same visit."""
VIEWED_THEN_BOUGHT = 5
"""Bought in the end by those who looked at it."""
CONTENT = 6
"""Alike in what the shop says about them, before anybody came."""

RELATIONS: dict[str, int] = {
    "similar": SIMILAR,
    "bought-together": BOUGHT_TOGETHER,
    "bought-after": BOUGHT_AFTER,
    "viewed-next": VIEWED_NEXT,
    "viewed-then-bought": VIEWED_THEN_BOUGHT,
    "content": CONTENT,
}

SUGGESTIBLE = frozenset({SIMILAR, BOUGHT_TOGETHER, BOUGHT_AFTER})
"""Those whose lists a merchant's word may enter. What shoppers teach has at least a crowd behind
it, so a pair that has nobody is there for that word alone."""
