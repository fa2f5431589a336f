"""How many threads the arithmetic that follows may use, without a parameter on every way there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ALLOWED: ContextVar[int] = ContextVar("persona_threads", default=1)


@contextmanager
def up_to(threads: int) -> Iterator[None]:
    """Let what is called inside use so many threads; outside of it there is one.

    >>> with up_to(2):
    ...     allowed()
    2
    >>> allowed()
    1
    """
    before = _ALLOWED.set(threads)
    try:
        yield
    finally:
        _ALLOWED.reset(before)


def allowed() -> int:
    """Threads that may be used here, 1 or more."""
    return _ALLOWED.get()
