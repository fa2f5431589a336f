"""What visits like the present one went on to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposals import Proposals
from persona_django.numeric.proposers.base import Kept, Lessons, Questions
from persona_django.numeric.visit_neighbours import Likeness, VisitIndex, index_visits, visit_next


class LikeVisits(Kept):
    """Asks the earlier visits that are most like the present one.

    Parameters
    ----------
    visits, places, days, reach, length : how visits are compared, see `Likeness`
    most : newest visits of each item that are looked at, 1 or more
    seen : items of the present visit that are looked at, the last ones, 1 or more
    min_support : as of `visit_next`

    Raises
    ------
    ValueError : an option is out of its range
    """

    def __init__(
        self,
        *,
        visits: int = 200,
        places: float = 2.5,
        days: float = 60.0,
        reach: float = 4.0,
        length: float = 0.5,
        most: int = 1_000,
        seen: int = 30,
        min_support: int = 1,
    ) -> None:
        for name, value in (("most", most), ("seen", seen), ("min_support", min_support)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.likeness = Likeness(
            visits=visits, places=places, days=days, reach=reach, length=length
        )
        self.most, self.seen, self.min_support = most, seen, min_support
        self.index: VisitIndex | None = None

    def fit(self, lessons: Lessons) -> None:
        self.index = index_visits(lessons.steps, most=self.most)

    def propose(self, questions: Questions) -> Proposals:
        assert self.index is not None, "fit before propose"
        histories = questions.histories
        cases, items, scores = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for case, now in enumerate(questions.now):
            begin, end = histories.indptr[case], histories.indptr[case + 1]
            seen = histories.item[max(begin, end - self.seen) : end]
            item, score = visit_next(
                self.index,
                seen,
                now=int(now),
                likeness=self.likeness,
                min_support=self.min_support,
            )
            cases.append(np.full(len(item), case))
            items.append(item)
            scores.append(score)
        return Proposals(
            case=np.concatenate(cases), item=np.concatenate(items), score=np.concatenate(scores)
        )

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        assert self.index is not None, "fit before it is stored"
        return self.index.as_arrays()

    def take_over(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.index = VisitIndex.of(arrays)
