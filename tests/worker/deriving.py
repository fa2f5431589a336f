"""Works out what silence says in child processes, each killed at a random point.

    python -m tests.worker.deriving ROUNDS SEED

Between two rounds more happens. Prints how many children died of the kill, and then the rows that
are left and those of one undisturbed look from scratch, which must be the same.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import django

SHOPPERS = 300


def happens(number: int) -> None:
    """Every shopper comes back once more, and some leave a cart."""
    from persona_django.catalogue.models import Item
    from persona_django.tracking.models import Event
    from persona_django.tracking.schema import Kind

    ids = list(Item.objects.order_by("id").values_list("id", flat=True))
    at = int(time.time()) - 5 * 86_400 + number * 7_200
    Event.objects.bulk_create(
        Event(
            shopper=shopper,
            uid=(number + 1) * 1_000_003 + shopper * 2 + (kind == Kind.CART_ADD),
            kind=kind,
            item_id=ids[(shopper + number // 3) % len(ids)],
            at=at + shopper,
        )
        for shopper in range(1, SHOPPERS + 1)
        for kind in (Kind.VIEW, Kind.CART_ADD)
    )


def derive_once(number: int) -> None:
    """What a child does: the due jobs, in one go or one chunk after the other."""
    from persona_django.deriving import derive, gifts
    from persona_django.training import visitor_jobs

    derive.PERSONS_AT_A_TIME = gifts.PERSONS_AT_A_TIME = 20
    if number % 2:
        visitor_jobs.run_derive()
    else:
        fence = visitor_jobs.step_derive()
        while fence is not None:
            fence = visitor_jobs.step_derive(fence=fence)
    visitor_jobs.run_retention()


def child(number: int) -> int:
    """Fork; the child never comes back."""
    from django.db import connections

    # A child must not inherit an open SQLite file.
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        derive_once(number)
        code = 0
    finally:
        os._exit(code)


def time_passes() -> None:
    """As if the dead child's lease had run out and the next look were due."""
    from persona_django.model_registry.models import Lease

    Lease.objects.update(expires_at=0, attempts=0, done_at=0)


def rows() -> set[tuple[int, ...]]:
    from persona_django.tracking.models import Event
    from persona_django.tracking.schema import DERIVED

    names = ("shopper", "uid", "kind", "item_id", "at", "value", "context")
    return set(Event.objects.filter(kind__in=DERIVED).values_list(*names))


def main(rounds: int, seed: int) -> None:
    django.setup()
    from persona_django.training import visitor_jobs

    chance = random.Random(seed)
    happens(0)
    happens(1)
    started = time.monotonic()
    os.waitpid(child(0), 0)
    usual = time.monotonic() - started
    killed = 0
    for number in range(2, rounds + 2):
        happens(number)
        time_passes()
        pid = child(number)
        time.sleep(chance.uniform(0, 1.1 * usual))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed += os.WIFSIGNALED(status)
    time_passes()
    _, status = os.waitpid(child(1), 0)
    assert status == 0, "the last look, which nobody killed, failed"
    left = rows()
    visitor_jobs.derive_again(from_scratch=True)
    print(killed, len(left), len(left ^ rows()))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
