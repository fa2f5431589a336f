"""Items linked with those of a history: neighbours, followers, regressions, texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.alike import most_alike
from persona_django.numeric.content import (
    label_vectors,
    most_in_common,
    text_vectors,
)
from persona_django.numeric.followers import followers
from persona_django.numeric.neighbours import Neighbours, top_neighbours
from persona_django.numeric.proposals import Proposals, summed
from persona_django.numeric.proposers.base import IntArray, Kept, Lessons, Proposer, Questions
from persona_django.numeric.ridge import local_ridge
from persona_django.numeric.sorting import ranges, sort_order

BLOCK_VOTES = 4_000_000
"""Links looked at together, which bounds memory to some 300 MB; one case is the least."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """From each item to those it speaks for, in the layout known as CSR.

    Parameters
    ----------
    indptr : (n_items + 1,) int64, where the links of each item code begin
    item : (nnz,) int32, item code that is spoken for
    weight : (nnz,) float32, how much; may be below 0
    """

    indptr: IntArray
    item: NDArray[np.int32]
    weight: NDArray[np.float32]


class Linked(Kept):
    """Adds up the links of the items of a history, the last of which count most.

    Parameters
    ----------
    fade : 0 to 1: what an item counts less for each moment that came after it; 0 asks the last
        moment alone

    Raises
    ------
    ValueError : `fade` is out of its range
    """

    def __init__(self, *, fade: float = 0.8) -> None:
        if not 0 <= fade <= 1:
            raise ValueError(f"fade must be 0 to 1, got {fade}")
        self.fade = fade
        self.links: Links | None = None

    @abstractmethod
    def learn(self, lessons: Lessons) -> Links:
        """The links."""

    def fit(self, lessons: Lessons) -> None:
        self.links = self.learn(lessons)

    def propose(self, questions: Questions) -> Proposals:
        assert self.links is not None, "fit before propose"
        return propose_linked(self.links, questions, fade=self.fade)

    def learns_as(self, other: Proposer) -> bool:
        if type(self) is not type(other):
            return False
        mine, others = vars(self), vars(other)
        return all(mine[name] == others[name] for name in mine if name not in ("fade", "links"))

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        assert self.links is not None, "fit before it is stored"
        links = self.links
        return {"indptr": links.indptr, "item": links.item, "weight": links.weight}

    def take_over(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.links = Links(indptr=arrays["indptr"], item=arrays["item"], weight=arrays["weight"])


def propose_linked(links: Links, questions: Questions, *, fade: float) -> Proposals:
    """Each case's proposals by the links of its history; an item that came twice counts where it
    came last.

    Parameters
    ----------
    links : of the same items as the histories
    questions : the cases
    fade : 0 to 1, as of `Linked`

    Raises
    ------
    ValueError : the links are of other items than the histories

    >>> from persona_django.numeric.steps import Steps
    >>> links = Links(indptr=np.array([0, 1, 2, 2]), item=np.array([2, 2], np.int32),
    ...     weight=np.array([1.0, 0.5], np.float32))
    >>> seen = Steps(indptr=np.array([0, 2]), item=np.array([0, 1]), at=np.arange(2),
    ...     owner=np.array([0]), n_items=3, n_owners=1)
    >>> propose_linked(links, Questions(histories=seen, now=np.array([2])), fade=0.5).score
    array([1.])
    """
    n_items = questions.histories.n_items
    if len(links.indptr) != n_items + 1:
        raise ValueError(f"histories of {n_items} items and links of {len(links.indptr) - 1}")
    latest = questions.latest
    strength = np.power(float(fade), latest.to_end)
    speaks = strength > 0
    seeds, by, strength = latest.item[speaks], latest.case[speaks], strength[speaks]
    size = links.indptr[seeds + 1] - links.indptr[seeds]
    before = np.concatenate([[0], np.cumsum(size)])
    parts = []
    low = 0
    while low < len(seeds):
        high = int(np.searchsorted(before, before[low] + BLOCK_VOTES, side="right")) - 1
        high = max(high, low + 1)
        # A case is never cut in two.
        high = int(np.searchsorted(by, by[high - 1], side="right"))
        chosen = slice(low, high)
        place = ranges(links.indptr[seeds[chosen]], links.indptr[seeds[chosen] + 1])
        votes = np.repeat(strength[chosen], size[chosen]) * links.weight[place].astype(np.float64)
        called = links.item[place].astype(np.int64)
        caller = np.repeat(by[chosen], size[chosen])
        parts.append(summed(caller, called, votes, n_items=n_items))
        low = high
    if not parts:
        return Proposals(case=np.empty(0, np.int64), item=np.empty(0, np.int64), score=np.empty(0))
    return Proposals(
        case=np.concatenate([part.case for part in parts]),
        item=np.concatenate([part.item for part in parts]),
        score=np.concatenate([part.score for part in parts]),
    )


class Similar(Linked):
    """Neighbours by the cosine of the rows that hold them.

    Parameters
    ----------
    fade : 0 to 1, as of `Linked`
    neighbours : kept for each item, 1 or more
    prior, discount, min_support : as of `top_neighbours`, which refuses them when it learns
    half_life_days : days, above 0; a row so much older than the newest counts half
    """

    def __init__(
        self,
        *,
        fade: float = 0.8,
        neighbours: int = 100,
        prior: float = 2.0,
        discount: float = 0.5,
        min_support: int = 1,
        half_life_days: float = np.inf,
    ) -> None:
        super().__init__(fade=fade)
        self.neighbours, self.prior, self.discount = neighbours, prior, discount
        self.min_support, self.half_life_days = min_support, half_life_days

    def learn(self, lessons: Lessons) -> Links:
        found = top_neighbours(
            lessons.steps.as_rows(half_life_days=self.half_life_days),
            k=self.neighbours,
            min_support=self.min_support,
            min_llr=0.0,
            prior=self.prior,
            discount=self.discount,
        )
        return _of_neighbours(found)


class Ridge(Linked):
    """A local regression of every item on its neighbours, in which several seeds add up.

    Parameters
    ----------
    fade : 0 to 1, as of `Linked`
    regressors : neighbours that may explain an item, 1 or more
    penalty : rows of doubt about each weight, above 0, as of `local_ridge`
    prior, discount, min_support : as of `top_neighbours`, which chooses the regressors
    half_life_days : days, above 0; a row so much older than the newest counts half
    """

    def __init__(
        self,
        *,
        fade: float = 1.0,
        regressors: int = 100,
        penalty: float = 10.0,
        prior: float = 2.0,
        discount: float = 0.5,
        min_support: int = 1,
        half_life_days: float = np.inf,
    ) -> None:
        super().__init__(fade=fade)
        self.regressors, self.penalty = regressors, penalty
        self.prior, self.discount = prior, discount
        self.min_support, self.half_life_days = min_support, half_life_days

    def learn(self, lessons: Lessons) -> Links:
        rows = lessons.steps.as_rows(half_life_days=self.half_life_days)
        found = top_neighbours(
            rows,
            k=self.regressors,
            min_support=self.min_support,
            min_llr=0.0,
            prior=self.prior,
            discount=self.discount,
        )
        calls = local_ridge(rows, found, penalty=self.penalty)
        # Calls stand by the item that is called for; links stand by the one that calls.
        target = np.repeat(np.arange(rows.n_items), np.diff(calls.indptr))
        order = sort_order(calls.item)
        counts = np.bincount(calls.item, minlength=rows.n_items)
        return Links(
            indptr=np.concatenate([[0], np.cumsum(counts)]),
            item=target[order].astype(np.int32),
            weight=calls.weight[order].astype(np.float32),
        )


class Following(Linked):
    """What came soon after an item in the rows that hold it.

    Parameters
    ----------
    fade : 0 to 1, as of `Linked`
    neighbours : followers kept for each item, 1 or more
    reach, prior, discount, min_support : as of `followers`, which refuses them when it learns
    distance_fade : above 0, to 1: what a follower counts less for each moment further on
    backwards : what came before an item, instead
    """

    def __init__(
        self,
        *,
        fade: float = 0.5,
        neighbours: int = 100,
        reach: int = 5,
        distance_fade: float = 0.6,
        prior: float = 0.0,
        discount: float = 0.25,
        min_support: int = 1,
        backwards: bool = False,
    ) -> None:
        super().__init__(fade=fade)
        self.backwards = backwards
        self.neighbours, self.reach, self.distance_fade = neighbours, reach, distance_fade
        self.prior, self.discount, self.min_support = prior, discount, min_support

    def learn(self, lessons: Lessons) -> Links:
        found = followers(
            lessons.steps.reversed() if self.backwards else lessons.steps,
            k=self.neighbours,
            reach=self.reach,
            fade=self.distance_fade,
            min_support=self.min_support,
            min_llr=0.0,
            prior=self.prior,
            discount=self.discount,
        )
        return _of_neighbours(found)


class AlikeInText(Linked):
    """Items whose texts are alike, known before anybody came.

    What too many have in common counts for nothing, as where a shop's own items are compared.

    Parameters
    ----------
    fade : 0 to 1, as of `Linked`
    neighbours : kept for each item, 1 or more
    weights : of each field, 0 or more; none: all fields count alike
    """

    def __init__(
        self,
        *,
        fade: float = 0.6,
        neighbours: int = 300,
        weights: dict[str, float] | None = None,
    ) -> None:
        super().__init__(fade=fade)
        self.neighbours, self.weights = neighbours, weights

    def learn(self, lessons: Lessons) -> Links:
        weights = self.weights or dict.fromkeys(lessons.texts, 1.0)
        # Of no field at all nobody could tell how many items there are.
        texts = lessons.texts or {"": [""] * lessons.steps.n_items}
        most = most_in_common(lessons.steps.n_items)
        return _of_vectors(text_vectors(texts, weights=weights, most=most), k=self.neighbours)


class AlikeInLabels(Linked):
    """Items of the same brand, categories and other attributes, but for those that too many have.

    Parameters
    ----------
    fade : 0 to 1, as of `Linked`
    neighbours : kept for each item, 1 or more
    """

    def __init__(self, *, fade: float = 0.6, neighbours: int = 300) -> None:
        super().__init__(fade=fade)
        self.neighbours = neighbours

    def learn(self, lessons: Lessons) -> Links:
        most = most_in_common(lessons.steps.n_items)
        vectors = label_vectors(lessons.labels_by_item(), most=most)
        return _of_vectors(vectors, k=self.neighbours)


def _of_vectors(vectors: Any, *, k: int) -> Links:
    indptr, item, score = most_alike(vectors, k=k)
    return Links(indptr=indptr, item=item.astype(np.int32), weight=score.astype(np.float32))


def _of_neighbours(found: Neighbours) -> Links:
    return Links(
        indptr=found.indptr,
        item=found.item.astype(np.int32),
        weight=found.score.astype(np.float32),
    )
