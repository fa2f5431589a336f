"""What is popular in the situation that a question is asked in: in the evening, on a phone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.families import Families
from persona_django.sources.orderings import Ordering, ordering_by_score
from persona_django.tracking.situations import SITUATIONS

MOST_KEPT = 12
"""Orders that a process holds at a time: hardly a shop asks for more situations than these."""


class Popularity:
    """The live version of what is popular, in order for the whole shop and for any situation.

    Each order is worked out when it is first asked for: the shoppers who came to a family, times
    its lift in each of the situations, as if these had nothing to do with each other.
    """

    def __init__(self, families: Families, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Raises KeyError or ValueError where the arrays are not those of the live schema."""
        self._families = families
        self._group_id = arrays["group_id"]
        self._lift = arrays["lift"]
        self._shoppers = np.expm1(arrays["score"])
        if self._lift.shape != (len(self._group_id), len(SITUATIONS)):
            raise ValueError(f"lift has shape {self._lift.shape}")
        self.whole = ordering_by_score(families, self._group_id, arrays["score"])
        self._kept: dict[frozenset[str], Ordering] = {}

    def within(self, situations: Collection[str]) -> Ordering:
        """The order for somebody in all of these situations; for none of them, that of the whole.

        Where nothing is known of them, it is the order of the whole as well.
        """
        asked = frozenset(situations)
        found = self._kept.get(asked)
        if found is None:
            found = self._ordered(asked)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[asked] = found
        return found

    def _ordered(self, asked: frozenset[str]) -> Ordering:
        lift = self._lift[:, [SITUATIONS.index(name) for name in sorted(asked)]]
        if (lift == 1).all():
            return self.whole
        return ordering_by_score(
            self._families, self._group_id, self._shoppers * lift.prod(axis=1, dtype=np.float64)
        )
