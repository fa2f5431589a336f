"""What is popular in the situation that a question is asked in: in the evening, on a phone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.sources.families import Families
from persona_django.sources.orderings import Ordering
from persona_django.tracking.situations import SITUATIONS, TIMES


class Popularity:
    """The live version of what is popular, in order for the whole shop and for any situation.

    A family's score is the shoppers who came to it, times its lift in each of the situations, as
    if these had nothing to do with each other. It is worked out only for the families of a cut, so
    that an order holds no more than the heads of its cuts. None is thrown away: there are as many
    as a question can name, with a time of day, a device and an entry.
    """

    def __init__(self, families: Families, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Raises KeyError or ValueError where the arrays are not those of the live schema.

        What every page needs is ready then: it is shown at one time of day or another.
        """
        group_id, score, lift = (arrays[name] for name in ("group_id", "score", "lift"))
        if lift.shape != (len(group_id), len(SITUATIONS)):
            raise ValueError(f"lift has shape {lift.shape}")
        if score.shape != group_id.shape:
            raise ValueError(f"score has shape {score.shape}")
        self._families = families
        rows = families.rows_of(group_id)
        place = np.full(len(families), -1, dtype=np.int32)
        place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
        # Families that the version does not know find the last place, which nobody came to.
        self._score = partial(_score, place, np.append(np.expm1(score), 0.0), lift)
        self._speaks = (lift != 1).any(axis=0)
        self._orders: dict[tuple[int, ...], Ordering] = {}
        self.whole = self.within(())
        for time in TIMES:
            self.within((time,)).ready()

    def within(self, situations: Collection[str]) -> Ordering:
        """The order for somebody in all of these situations; for none of them, that of the whole.

        Where nothing is known of them, it is the order of the whole as well.
        """
        places = sorted({SITUATIONS.index(name) for name in situations})
        asked = tuple(place for place in places if self._speaks[place])
        found = self._orders.get(asked)
        if found is None:
            found = Ordering(self._families, partial(self._score, asked))
            # Of two threads that come at once, one makes it for both.
            found = self._orders.setdefault(asked, found)
        return found


def _score(
    place: NDArray[np.int32],
    shoppers: NDArray[np.float64],
    lift: NDArray[Any],
    situations: tuple[int, ...],
    rows: NDArray[Any],
) -> NDArray[np.float64]:
    """Scores of rows of the catalogue, each of which has a place among the other two."""
    known = place[rows]
    score: NDArray[np.float64] = shoppers[known]
    for situation in situations:
        score *= lift[known, situation]
    return score
