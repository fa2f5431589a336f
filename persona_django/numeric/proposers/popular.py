"""What many came to, for whoever is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.popularity import popularity
from persona_django.numeric.proposals import Proposals
from persona_django.numeric.proposers.base import IntArray, Kept, Lessons, Questions


class Popular(Kept):
    """The items that most rows hold, newer ones counting more.

    Parameters
    ----------
    half_life_days : days, above 0; infinite counts all alike
    most : items that are proposed to everybody, 1 or more

    Raises
    ------
    ValueError : an option is out of its range
    """

    def __init__(self, *, half_life_days: float = np.inf, most: int = 200) -> None:
        if not half_life_days > 0:
            raise ValueError(f"the half-life must be above 0 days, got {half_life_days}")
        if most < 1:
            raise ValueError(f"at least one item must be proposed, got most={most}")
        self.half_life_days, self.most = half_life_days, most
        self.item: IntArray | None = None
        self.score = np.empty(0)

    def fit(self, lessons: Lessons) -> None:
        steps = lessons.steps
        score = popularity(
            steps.row,
            steps.item,
            steps.at,
            now=int(steps.at.max()) if len(steps.at) else 0,
            half_life_days=self.half_life_days,
            n_items=steps.n_items,
            # No rush is held back: an evaluation asks what people came to, whyever they came.
            most_times=np.inf,
        )
        best = np.lexsort((np.arange(len(score)), -score))[: self.most]
        self.item = np.sort(best[score[best] > 0])
        self.score = score[self.item]

    def propose(self, questions: Questions) -> Proposals:
        assert self.item is not None, "fit before propose"
        n = len(questions)
        return Proposals(
            case=np.repeat(np.arange(n), len(self.item)),
            item=np.tile(self.item, n),
            score=np.tile(self.score, n),
        )

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        assert self.item is not None, "fit before it is stored"
        return {"item": self.item, "score": self.score}

    def take_over(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.item, self.score = arrays["item"], arrays["score"]
