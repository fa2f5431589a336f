"""What somebody's own history says: again what was looked at or bought before."""

from __future__ import annotations

import numpy as np

from persona_django.numeric.proposals import Proposals, summed
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions


class Repeats(Proposer):
    """The items of the history, by how often they came and how lately.

    Parameters
    ----------
    fade : above 0, to 1: what a time counts less for each moment that came after it

    Raises
    ------
    ValueError : `fade` is out of its range
    """

    def __init__(self, *, fade: float = 0.9) -> None:
        if not 0 < fade <= 1:
            raise ValueError(f"fade must be above 0 and at most 1, got {fade}")
        self.fade = fade

    def fit(self, lessons: Lessons) -> None:
        """Nothing of others is looked at."""

    def propose(self, questions: Questions) -> Proposals:
        histories = questions.histories
        strength = np.power(self.fade, histories.to_end())
        return summed(histories.row, histories.item, strength, n_items=histories.n_items)
