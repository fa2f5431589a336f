"""Methods that papers and shops measure themselves by, for `persona_evaluate --method`.

    python manage.py persona_evaluate next-basket FILE \\
        --method default benchmarks.reference_methods.OwnThenPopular

Each is written from its paper, as plainly as possible, and tuned to nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.proposals import Proposals, summed
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from persona_django.numeric.steps import Steps

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
MOST = 200
"""Items proposed to each case by methods that score the whole catalogue."""


class PairCounts(Proposer):
    """How often two items stand in the same row: what most tutorials build."""

    def fit(self, lessons: Lessons) -> None:
        table = _table(lessons.steps)
        self.counts = (table.T @ table).tocsr()
        self.counts.setdiag(0)

    def propose(self, questions: Questions) -> Proposals:
        return _from_table(_table(questions.histories) @ self.counts)


class Ease(Proposer):
    """A regression of every item on all others, in closed form.

    Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
    """

    def __init__(self, *, penalty: float = 200.0) -> None:
        self.penalty = penalty

    def fit(self, lessons: Lessons) -> None:
        table = _table(lessons.steps)
        gram = (table.T @ table).toarray()
        np.fill_diagonal(gram, gram.diagonal() + self.penalty)
        inverse = np.linalg.inv(gram)
        weight = inverse / -inverse.diagonal()
        np.fill_diagonal(weight, 0.0)
        self.weight = weight

    def propose(self, questions: Questions) -> Proposals:
        return _best_of_dense(_table(questions.histories) @ self.weight)


class OwnThenPopular(Proposer):
    """Own items by how often they came, ties and the rest by popularity (GP-TopFreq, S-POP)."""

    def fit(self, lessons: Lessons) -> None:
        counts = np.bincount(lessons.steps.item, minlength=lessons.steps.n_items)
        self.share = counts / (counts.max(initial=0) + 1.0)

    def propose(self, questions: Questions) -> Proposals:
        histories = questions.histories
        popular = np.sort(np.argsort(-self.share, kind="stable")[:MOST])
        case = np.concatenate([histories.row, np.repeat(np.arange(len(questions)), len(popular))])
        item = np.concatenate([histories.item, np.tile(popular, len(questions))])
        own = np.ones(len(histories.item))
        score = np.concatenate([own, np.zeros(len(popular) * len(questions))])
        found = summed(case, item, score, n_items=histories.n_items)
        return Proposals(
            case=found.case, item=found.item, score=found.score + self.share[found.item]
        )


class TifuKnn(Proposer):
    """Decayed vectors of baskets in groups, blended with those of the most alike users.

    Hu, He, Gao and Zhang, "Modeling personalized item frequency information for next-basket
    recommendation", SIGIR 2020; the settings that were published for groceries.
    """

    def __init__(
        self,
        *,
        users: int = 300,
        within: float = 0.9,
        between: float = 0.7,
        own: float = 0.7,
        groups: int = 7,
    ) -> None:
        self.users, self.within, self.between = users, within, between
        self.own, self.groups = own, groups

    def fit(self, lessons: Lessons) -> None:
        self.vectors = self._vectors(lessons.steps)
        self.squares = np.asarray(self.vectors.multiply(self.vectors).sum(axis=1)).ravel()

    def propose(self, questions: Questions) -> Proposals:
        asked = self._vectors(questions.histories)
        squares = np.asarray(asked.multiply(asked).sum(axis=1)).ravel()
        far = self.squares[None, :] + squares[:, None] - 2 * (asked @ self.vectors.T).toarray()
        near = np.argpartition(far, min(self.users, far.shape[1] - 1), axis=1)[:, : self.users]
        chosen = _rows_of(near, len(self.squares))
        neighbours = chosen @ self.vectors / near.shape[1]
        return _from_table(self.own * asked + (1 - self.own) * neighbours)

    def _vectors(self, steps: Steps) -> Any:
        from scipy.sparse import csr_matrix

        to_end = steps.to_end()
        baskets = np.zeros(len(steps), np.int64)
        np.maximum.at(baskets, steps.row, to_end + 1)
        size = np.maximum(np.ceil(baskets / self.groups), 1)[steps.row]
        group = to_end // size
        groups = np.ceil(baskets / np.maximum(np.ceil(baskets / self.groups), 1))[steps.row]
        inside = to_end - group * size
        weight = self.within**inside * self.between**group / (size * groups)
        shape = (len(steps), steps.n_items)
        return csr_matrix((weight, (steps.row, steps.item)), shape=shape)


class UserKnn(Proposer):
    """What users with alike recent baskets bought (UP-CF with a locality and an asymmetry).

    Faggioli, Polato and Aiolli, "Recency aware collaborative filtering for next basket
    recommendation", UMAP 2020.
    """

    def __init__(
        self, *, recency: int = 10, asymmetry: float = 0.75, locality: float = 10.0
    ) -> None:
        self.recency, self.asymmetry, self.locality = recency, asymmetry, locality

    def fit(self, lessons: Lessons) -> None:
        self.popularity = self._popularity(lessons.steps)
        self.held = (self.popularity > 0).astype(np.float64)

    def propose(self, questions: Questions) -> Proposals:
        asked = (self._popularity(questions.histories) > 0).astype(np.float64)
        common = (asked @ self.held.T).toarray()
        own = np.maximum(np.asarray(asked.sum(axis=1)), 1) ** self.asymmetry
        other = np.maximum(np.asarray(self.held.sum(axis=1)).T, 1) ** (1 - self.asymmetry)
        return _best_of_dense((common / (own * other)) ** self.locality @ self.popularity)

    def _popularity(self, steps: Steps) -> Any:
        from scipy.sparse import csr_matrix

        recent = steps.to_end() < self.recency
        baskets = np.zeros(len(steps))
        np.maximum.at(baskets, steps.row, steps.to_end() + 1.0)
        weight = 1.0 / np.minimum(np.maximum(baskets, 1), self.recency)[steps.row[recent]]
        shape = (len(steps), steps.n_items)
        return csr_matrix((weight, (steps.row[recent], steps.item[recent])), shape=shape)


def _table(steps: Steps) -> Any:
    from scipy.sparse import csr_matrix

    rows = steps.as_rows()
    shape = (len(rows), rows.n_items)
    return csr_matrix((rows.weight.astype(np.float64), rows.item, rows.indptr), shape=shape)


def _rows_of(chosen: IntArray, n: int) -> Any:
    from scipy.sparse import csr_matrix

    indptr = np.arange(len(chosen) + 1) * chosen.shape[1]
    return csr_matrix((np.ones(chosen.size), chosen.ravel(), indptr), shape=(len(chosen), n))


def _from_table(scores: Any) -> Proposals:
    scores = scores.tocsr()
    scores.sum_duplicates()
    case = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
    return Proposals(case=case, item=scores.indices.astype(np.int64), score=scores.data)


def _best_of_dense(scores: FloatArray) -> Proposals:
    scores = np.asarray(scores)
    k = min(MOST, scores.shape[1])
    # Of equals the lower code, as everywhere: a sort that is stable.
    best = np.sort(np.argsort(-scores, axis=1, kind="stable")[:, :k], axis=1)
    case = np.repeat(np.arange(len(scores)), k)
    return Proposals(
        case=case, item=best.ravel(), score=np.take_along_axis(scores, best, axis=1).ravel()
    )
