"""What a process knows of visitors' rows, however many threads of it write and forget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from persona_django.identity import remembered
from persona_django.identity.remembered import (
    answer_of,
    forget_some,
    moment,
    remember,
    remember_withdrawn,
)

YES, NO = ("measure", ""), ("", "")


def test_threads_that_remember_and_forget_at_once_make_room_without_a_fault(monkeypatch):
    monkeypatch.setattr(remembered, "MOST_REMEMBERED", 50)

    def work(first: int) -> None:
        for key in range(first, first + 3_000):
            remember([key], YES, as_of=moment())
            if key % 100 == 0:
                forget_some([key])

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, 10_000 * n) for n in range(8)]:
            done.result()

    assert len(remembered._answers) <= 50


@pytest.mark.parametrize("who", [5, 6])
def test_what_began_before_anybody_was_forgotten_is_not_remembered(who):
    before = moment()
    forget_some([5])

    remember([who], YES, as_of=before)
    assert answer_of(who) is None
    remember([who], YES, as_of=moment())
    assert answer_of(who) == YES


def test_a_withdrawal_stands_against_what_was_on_its_way():
    before = moment()
    remember_withdrawn(5, NO)

    remember([5], YES, as_of=before)

    assert answer_of(5) == NO
