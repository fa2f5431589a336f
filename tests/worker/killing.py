"""Rebuilds again and again in child processes, each killed at a random point.

    python -m tests.worker.killing KILLS SEED

One that was over before its kill is made up for by another, three times as many in all at most.
Every rebuild first lets one more shopper look at everything, so that all rows of a version have
the same support and no other version has it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import django


def rebuild_once(number: int) -> None:
    """What a child does: new evidence, then all stages, in one go or one by one."""
    from persona_django.catalogue.models import Item
    from persona_django.training.rebuild import rebuild, step
    from tests.worker.filling import look_at_all

    ids = list(Item.objects.values_list("id", flat=True))
    look_at_all(range(10_000 + number, 10_001 + number), ids)
    if number % 2:
        rebuild("similar")
        return
    result = step("similar")
    while result.fence is not None:
        result = step("similar", fence=result.fence)


def child(number: int) -> int:
    """Fork; the child never comes back."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        rebuild_once(number)
        code = 0
    finally:
        os._exit(code)


def time_passes() -> None:
    """As if the dead child's lease had run out and the next rebuild were due."""
    from django.db import connections

    from persona_django.model_registry.models import Lease

    Lease.objects.update(expires_at=0, attempts=0, done_at=0)
    # A child must not inherit an open SQLite file.
    connections.close_all()


def main(kills: int, seed: int) -> None:
    django.setup()
    import scipy.sparse  # noqa: F401  (loaded before the clock starts)

    import persona_django.training.rebuild

    chance = random.Random(seed)
    started = time.monotonic()
    os.waitpid(child(0), 0)
    usual = time.monotonic() - started
    killed = number = 0
    while killed < kills and number < 3 * kills:
        number += 1
        time_passes()
        pid = child(number)
        time.sleep(chance.uniform(0, 1.1 * usual))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed += os.WIFSIGNALED(status)
    time_passes()
    _, status = os.waitpid(child(number + 1), 0)
    assert status == 0, "the last rebuild, which nobody killed, failed"
    persona_django.training.rebuild.clean()
    print(killed)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
