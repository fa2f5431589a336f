"""A clock that stands still until a test moves it, so that nothing depends on the machine."""

from __future__ import annotations

from typing import Any


class Clock:
    """What stands for `time` in one module."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    @classmethod
    def of_breakers(cls, monkeypatch: Any) -> Clock:
        """The clock by which calls are timed."""
        clock = cls()
        monkeypatch.setattr("persona_django.breaker.time", clock)
        return clock

    def monotonic(self) -> float:
        return self.seconds
