"""The pipeline of visits: what answers a page of which nothing is known but the visit so far.

Evaluation judges the same sources, features and ranker on public logs (`session-next`), beside
two more sources that a page has no use for: what was looked at already, and what is popular, which
a block falls back to by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposers.base import Lessons, Questions
from persona_django.numeric.proposers.linked import Following, Ridge, Similar
from persona_django.numeric.proposers.popular import Popular
from persona_django.numeric.proposers.visits import LikeVisits
from persona_django.numeric.steps import Steps
from persona_django.ranking.beginnings import beginnings
from persona_django.ranking.exam import of_beginnings
from persona_django.ranking.pipeline import Entry, Pipeline
from persona_django.ranking.stored import take_over
from persona_django.sources.visits import MOST_SEEN, KnownVisits

VISITS: Mapping[str, Entry] = {
    "visit-next": Entry(made=LikeVisits, limit=80),
    "viewed-next": Entry(made=Following, limit=30),
    "viewed-next-last": Entry(made=Following, limit=20, options={"fade": 0}),
    "similar": Entry(made=Similar, limit=30),
    "similar-last": Entry(made=Similar, limit=10, options={"fade": 0}),
    "ridge": Entry(made=Ridge, limit=20, options={"fade": 0.8}),
}
"""Each speaks of the visit itself: whatever one of them proposes, people in such visits went on
to."""
REHEARSED_SHARE = 0.1
"""Of the visits, the newest teach the ranker, from what all before them taught the sources."""
MOST_REHEARSED = 3_000
"""Visits that are rehearsed, and cases that a shop's ranker learns from: seven times as many take
that much longer and make it hardly better."""
OF_A_VISIT = 4
"""Cases of one visit at most: they are alike, and who clicks all day is no measure of others."""


def pipeline_of_visits(
    *, min_support: int, beat: Callable[[], None] | None = None, seed: int = 0
) -> Pipeline:
    """The pipeline, in which nothing counts that fewer than `min_support` visitors did alike."""
    ways = {name: entry.way({"min_support": min_support}) for name, entry in VISITS.items()}
    # Only speaks about what others propose.
    ways["popular"] = Entry(made=Popular, limit=0).way({})
    return Pipeline(ways, most_examples=MOST_REHEARSED, beat=beat, seed=seed)


def learn_visits(
    steps: Steps, *, min_support: int, beat: Callable[[], None] | None = None, seed: int = 0
) -> Pipeline:
    """Fit the pipeline to visits.

    Parameters
    ----------
    steps : one row a visit, in any order
    min_support : distinct visitors behind whatever counts, 1 or more
    beat, seed : as of `Pipeline`
    """
    pipeline = pipeline_of_visits(min_support=min_support, beat=beat, seed=seed)
    order = np.argsort(steps.ended(), kind="stable")
    # Each visit has a case at least, so no more of them are asked than cases are learnt from.
    # What comes before them teaches the sources, up to the last visit, as it does for a page.
    cut = len(steps) - min(int(len(steps) * REHEARSED_SHARE), MOST_REHEARSED)
    # As long as pages look back, and drawn before any history is copied.
    asked = beginnings(steps.take(order[cut:]), least=1, seen=MOST_SEEN)
    asked = asked.few_of_each(OF_A_VISIT, seed=pipeline.seed)
    lessons = Lessons(steps=steps.take(order[:cut]))
    rehearsal = of_beginnings(lessons, asked, masked=True)
    pipeline.fit(Lessons(steps=steps), rehearsal)
    return pipeline


@dataclass(frozen=True, kw_only=True, eq=False)
class VisitAnswers:
    """A fitted pipeline, asked one question at a time."""

    pipeline: Pipeline
    n_items: int

    def best(self, seen: NDArray[np.int64], *, now: int, k: int) -> NDArray[np.int64]:
        """As `sources.visits.Answers` says."""
        n = len(seen)
        histories = Steps(
            indptr=np.array([0, n]),
            item=seen,
            # A page knows the order and not the seconds.
            at=np.arange(now - n, now),
            owner=np.zeros(1, np.int64),
            n_items=self.n_items,
            n_owners=1,
        )
        questions = Questions(histories=histories, now=np.array([now]))
        (found,) = self.pipeline.lists(questions, masked=True, k=k)
        return found[found >= 0]


def known_visits(arrays: Mapping[str, NDArray[Any]], *, min_support: int) -> KnownVisits:
    """From arrays as learning stored them, with `group_id` (n_items,) int64, the family behind
    each item code, ascending. Raises KeyError or ValueError where they are not of this pipeline.
    """
    pipeline = pipeline_of_visits(min_support=min_support)
    take_over(pipeline, arrays)
    group_id = arrays["group_id"]
    return KnownVisits(
        answers=VisitAnswers(pipeline=pipeline, n_items=len(group_id)), group_id=group_id
    )
