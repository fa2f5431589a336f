"""Is this client a robot, by its own words?"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_USER_AGENT = 512
"""Longer ones are cut, so that nobody can make the patterns work for long."""

_SAYS_SO = re.compile(
    r"\A(python|java|ruby|perl|php|node)\b|\+https?:|\b(?!cubot)[a-z]*bot/\d|spider|crawler"
    r"|headless",
    re.IGNORECASE,
)
"""What robots that no list has yet say of themselves: the language they are written in, an address
to read about them, or a name that ends in bot, but for a maker of telephones."""


def is_robot(user_agent: str) -> bool:
    """Whether a User-Agent names a crawler, a script or a headless browser, or nothing at all."""
    return not user_agent or _is_crawler(user_agent[:LONGEST_USER_AGENT])


@lru_cache(maxsize=4096)
def _is_crawler(user_agent: str) -> bool:
    # Its list takes 0.1 s to load and each check 0.3 ms: once, on the first page that asks.
    from crawleruseragents import is_crawler

    return bool(_SAYS_SO.search(user_agent) or is_crawler(user_agent))
