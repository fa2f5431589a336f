"""Drawing by lots that hang on a case itself and not on its place in the log: a few cases more or
less, and what is learnt is nearly what it was."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.caps import lots
from persona_django.numeric.sorting import coded, places_within, sort_order

IntArray = NDArray[np.int64]
_SEEDS_APART, _SEEDS = 2**40, 2**22
"""No moment is so late, so that no two of so many seeds draw alike."""


class Draw(IntEnum):
    """What is drawn. Each draw has lots of its own: what one of them kept because its lots are low
    would be kept by the next one again."""

    OF_A_ROW = 1
    AMONG_ALL = 2
    CANDIDATES = 3


def lots_of_cases(now: IntArray, *, draw: Draw, seed: int) -> IntArray:
    """A number for each case that looks drawn by lot.

    Parameters
    ----------
    now : (n,) int64, seconds since 1970 UTC, when each was asked; those of one second are told
        apart by their order
    seed : 0 or more; another draws others, and who does not know it cannot say what is drawn

    Returns
    -------
    (n,) int64, 0 or more

    >>> few, more = (lots_of_cases(np.array(now), draw=Draw.OF_A_ROW, seed=0)
    ...     for now in ([5, 9], [5, 7, 9]))
    >>> bool((few == more[[0, 2]]).all())
    True
    """
    code, _ = coded(now)
    place = np.empty(len(now), dtype=np.int64)
    place[sort_order(code)] = places_within(np.bincount(code))
    own = lots(now + seed % _SEEDS * _SEEDS_APART, place)
    return lots(own, np.full(len(now), draw, dtype=np.int64))
