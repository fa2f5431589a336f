"""Children that are forked at a bad moment."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any


def comes_true_in_a_child(said: Callable[[], bool], *, held: Iterable[Any]) -> bool:
    """What a child says that is forked while a thread of the parent holds these locks."""
    holding, done = threading.Event(), threading.Event()
    locks = list(held)

    def hold_all() -> None:
        for lock in locks:
            lock.acquire()
        holding.set()
        done.wait()
        for lock in locks:
            lock.release()

    holder = threading.Thread(target=hold_all)
    holder.start()
    holding.wait()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            signal.alarm(5)
            os._exit(0 if said() else 2)
        os._exit(3)
    done.set()
    holder.join()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
