"""Is this client a robot, by its own words?"""

from __future__ import annotations

from functools import lru_cache

LONGEST_USER_AGENT = 512
"""Longer ones are cut, so that nobody can make the patterns work for long."""


def is_robot(user_agent: str) -> bool:
    """Whether a User-Agent names a crawler, a script or a headless browser, or nothing at all."""
    return not user_agent or _is_crawler(user_agent[:LONGEST_USER_AGENT])


@lru_cache(maxsize=4096)
def _is_crawler(user_agent: str) -> bool:
    # Its list takes 0.1 s to load and each check 0.3 ms: once, on the first page that asks.
    from crawleruseragents import is_crawler

    return bool(is_crawler(user_agent))
