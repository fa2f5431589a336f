"""How far a long command has come."""

from __future__ import annotations

import time
from typing import Any


class Progress:
    """A bar on a terminal, one plain line for each stage elsewhere."""

    def __init__(self, stream: Any, *, shown: bool) -> None:
        self._stream, self._shown = stream, shown
        self._live = shown and bool(getattr(stream, "isatty", lambda: False)())
        self._stage = ""
        self._drawn_at = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not self._shown:
            return
        if stage != self._stage:
            self.close()
            self._stage = stage
            if not self._live:
                self._stream.write(f"{stage} …")
        if self._live and (time.monotonic() - self._drawn_at > 0.1 or done == total):
            self._drawn_at = time.monotonic()
            self._stream.write(f"\r{_bar(stage, done, total)}", ending="")
            self._stream.flush()

    def close(self) -> None:
        """End the line that is being drawn."""
        if self._live and self._stage:
            self._stream.write("")
        self._stage = ""


def _bar(stage: str, done: int, total: int) -> str:
    if total <= 0:
        return f"{stage:<32}{f' {done:,}' if done else ' …'}\x1b[K"
    filled = round(30 * min(done, total) / total)
    return f"{stage:<32} [{'#' * filled}{'.' * (30 - filled)}] {done / total:4.0%}\x1b[K"
