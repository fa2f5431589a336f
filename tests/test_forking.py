"""A forked child waits for no lock of a thread that it does not have, and counts afresh."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from persona_django import counters, forking
from persona_django.tracking import drops
from persona_django.tracking.tallies import Tallies


def comes_true_in_a_child(said: Callable[[], bool]) -> bool:
    """What a child says that is forked while a thread of the parent holds every lock of ours."""
    holding, done = threading.Event(), threading.Event()
    locks = list(forking._every)

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


def test_every_lock_of_ours_is_open_in_a_child():
    from persona_django.catalogue import registry, snapshot
    from persona_django.serving import knowledge

    assert comes_true_in_a_child(
        lambda: (
            all(lock.acquire(blocking=False) for lock in (snapshot._lock, knowledge._lock))
            and registry.item_maps() is not None
        )
    )


def test_a_lock_that_its_holder_may_take_again_is_one_in_a_child_too():
    lock = forking.Lock(is_reentrant=True)

    def taken_twice() -> bool:
        with lock, lock:
            return True

    assert comes_true_in_a_child(taken_twice)


def test_a_child_begins_to_count():
    tallies = Tallies()
    tallies.add("one", 7)

    assert comes_true_in_a_child(lambda: tallies.add("one", 1) == 1)
    assert tallies.add("one", 1) == 8


@pytest.mark.django_db
def test_what_a_parent_told_of_is_not_held_back_by_its_child():
    counters.count("forked", 3)
    drops.flush()

    assert comes_true_in_a_child(lambda: not counters.counts() and not drops._told)
    assert drops._told == {"forked": 3}
