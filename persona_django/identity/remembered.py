"""Visitors whose row this process knows to stand, and what stands in it, so that not every page
has to write it again.

Threads of one process write and forget at any moment. What a transaction has seen is remembered
only after it is sure, and only where nobody was forgotten since it began: it may have been one
who took their consent back, or was erased, in another thread. Whoever is not remembered is simply
written once more.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable

from persona_django.forking import Lock

MOST_REMEMBERED = 20_000

Answer = tuple[str, str]
"""What was agreed to, and by which wording of the banner."""

_answers: OrderedDict[int | None, tuple[Answer, bool]] = OrderedDict()
"""With each answer, whether the row names the customer to whom the visitor was linked."""
_forgotten = 0
"""How often anybody was forgotten."""
_lock = Lock()


def answer_of(visitor: int | None) -> Answer | None:
    """What is known to stand in a visitor's row; None when nothing is."""
    known = _answers.get(visitor)
    return None if known is None else known[0]


def is_linked(visitor: int) -> bool:
    """Whether a visitor's row is known to name their customer."""
    known = _answers.get(visitor)
    return known is not None and known[1]


def moment() -> int:
    """As of when a transaction that begins now sees rows: to be given to `remember`."""
    return _forgotten


def remember(
    visitors: Iterable[int], answer: Answer, *, as_of: int, is_linked: bool = False
) -> None:
    """Remember what a transaction that began `as_of` wrote, once it is committed."""
    with _lock:
        if as_of != _forgotten:
            return
        for visitor in visitors:
            # Nothing but forgetting parts a visitor from the customer again.
            _answers[visitor] = answer, is_linked or _answers.get(visitor, (answer, False))[1]
        while len(_answers) > MOST_REMEMBERED:
            _answers.popitem(last=False)


def remember_withdrawn(visitor: int, answer: Answer) -> None:
    """Remember that a visitor's withdrawal stands, against whatever is still on its way."""
    forget_some([visitor])
    remember([visitor], answer, as_of=moment())


def forget_some(visitors: Iterable[int]) -> None:
    """Remember these no more: their rows change or are about to go."""
    global _forgotten
    with _lock:
        _forgotten += 1
        for visitor in visitors:
            _answers.pop(visitor, None)


def forget() -> None:
    """Remember nobody. For tests, and in a forked child, whose parent may have been in the middle
    of remembering somebody."""
    global _forgotten
    with _lock:
        _forgotten += 1
        _answers.clear()


os.register_at_fork(after_in_child=forget)
