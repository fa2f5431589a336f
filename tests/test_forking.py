"""A forked child waits for no lock of a thread that it does not have, and counts afresh."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from persona_django import counters, forking
from persona_django.tracking import drops
from persona_django.tracking.tallies import Tallies
from tests import forked


def comes_true_in_a_child(said: Callable[[], bool]) -> bool:
    """What a child says that is forked while a thread of the parent holds every lock of ours."""
    return forked.comes_true_in_a_child(said, held=forking._every)


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
