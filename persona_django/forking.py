"""What must not be carried over from a process into its forked children.

A server that loads the shop once and then forks, as with `--preload`, may fork while a thread of
the parent holds one of our locks. The child has no such thread, so it would wait for ever.
"""

from __future__ import annotations

import os
import threading
from types import TracebackType
from weakref import WeakSet


class Lock:
    """A lock that a forked child finds open. `is_reentrant`: its holder may take it again."""

    def __init__(self, *, is_reentrant: bool = False) -> None:
        self._kind = threading.RLock if is_reentrant else threading.Lock
        self.renew()
        _every.add(self)

    def renew(self) -> None:
        """Be held by nobody."""
        self._lock = self._kind()

    def acquire(self, blocking: bool = True) -> bool:
        """Take it; False where somebody else holds it and we do not wait."""
        return self._lock.acquire(blocking)

    def release(self) -> None:
        """Give it back."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()


_every: WeakSet[Lock] = WeakSet()


def _renew_all() -> None:
    for lock in list(_every):
        lock.renew()


os.register_at_fork(after_in_child=_renew_all)
