"""What a page asked for the last time, so that its first block can fetch for all of them.

A template asks block by block. Knowing what comes, the first one reads neighbours and products
for the whole page in one query each. A wrong guess costs a query, never a wrong answer.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from persona_django.forking import Lock

MOST_PAGES = 256
MOST_ASKS = 12
FORGET_AFTER = 20
"""Renders of a page without a certain block until it is no longer expected."""


@dataclass(frozen=True)
class Habit:
    """One block that a page usually asks for."""

    slug: str
    size: int
    seeded: bool
    """From what most blocks of the page start from; otherwise from nothing."""


class Recall:
    """The habits of the pages of one process, bounded, the least used page forgotten first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, dict[Habit, int]] = OrderedDict()
        self._lock = Lock()

    def knows(self, page: str) -> bool:
        """Whether this process has rendered such a page before."""
        with self._lock:
            return page in self._pages

    def expect(self, page: str) -> list[Habit]:
        """What a page that begins to render will most likely ask for, in its usual order."""
        with self._lock:
            habits = self._pages.get(page)
            if habits is None:
                return []
            self._pages.move_to_end(page)
            for habit in list(habits):
                habits[habit] += 1
                if habits[habit] > FORGET_AFTER:
                    del habits[habit]
            return list(habits)

    def note(self, page: str, habit: Habit) -> None:
        """A page asked for this block just now."""
        with self._lock:
            habits = self._habits_of(page)
            if habit in habits or len(habits) < MOST_ASKS:
                habits[habit] = 0

    def meet(self, page: str) -> None:
        """A page was rendered, of which nothing can be expected."""
        with self._lock:
            self._habits_of(page)

    def _habits_of(self, page: str) -> dict[Habit, int]:
        """What is known of a page, remembered from now on."""
        habits = self._pages.setdefault(page, {})
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
        return habits

    def forget(self) -> None:
        """Expect nothing of any page."""
        with self._lock:
            self._pages.clear()


recall = Recall()
