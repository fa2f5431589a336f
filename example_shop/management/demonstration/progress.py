"""Shows how far the demo is: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

Say = Callable[[str, int, int], None]
"""Name of the part, how much of it is done, and how much there is."""

WIDTH = 24
REDRAWN_EVERY = 0.1


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished step of the demo."""

    name: str
    seconds: float


@dataclass(kw_only=True)
class Steps:
    """Runs steps one after the other, shows each while it runs and remembers how long it took."""

    stream: TextIO
    finished: list[Step] = field(default_factory=list)

    def say(self, words: str) -> None:
        """A line of its own, before or between the steps."""
        self.stream.write(f"{words}\n")
        self.stream.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[Say]:
        """Show `name` until the block is left; the block may report its progress."""
        bar = _Bar(self.stream, name)
        started = time.perf_counter()
        yield bar.show
        seconds = time.perf_counter() - started
        self.finished.append(Step(name=name, seconds=round(seconds, 2)))
        bar.finish(seconds)


class _Bar:
    """One line that is drawn over itself; off a terminal only its end is written."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._is_live = stream.isatty()
        self._drawn_at = 0.0
        if self._is_live:
            self._write(f"  {name} ...")

    def show(self, part: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if not self._is_live or (now - self._drawn_at < REDRAWN_EVERY and done < total):
            return
        self._drawn_at = now
        if total <= 0:
            # Nobody knows how much there is, so there is no bar to fill.
            self._write(f"  {self._name:<38} {part} ...")
            return
        share = min(done / total, 1.0)
        filled = round(share * WIDTH)
        bar = "█" * filled + "░" * (WIDTH - filled)
        self._write(f"  {self._name:<38} {bar} {share:4.0%}  {part}")

    def finish(self, seconds: float) -> None:
        end = f"  {self._name:<38} {seconds:6.1f} s\n"
        if self._is_live:
            self._write(end)
        else:
            self._stream.write(end)
            self._stream.flush()

    def _write(self, text: str) -> None:
        # Erases what a longer line left behind.
        self._stream.write(f"\r\033[K{text}")
        self._stream.flush()
