"""Sources, features, ranker: from a history to an ordered list, as pages and evaluation ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric import metrics
from persona_django.numeric.linear import fit_linear
from persona_django.numeric.proposals import Pool, Proposals, lists, pooled
from persona_django.numeric.proposers.base import Lessons, Proposer, Questions
from persona_django.numeric.sorting import distinct
from persona_django.numeric.trees import fit_trees
from persona_django.ranking.choosing import Scorer, is_surely_more, worth_of_cases
from persona_django.ranking.drawing import Draw, lots_of_cases
from persona_django.ranking.exam import BLOCK_CASES, Asked, Exam
from persona_django.ranking.examples import Candidates, examples_of
from persona_django.ranking.features import ItemFacts, columns_of, matrix_of
from persona_django.ranking.weighted import Weighted

IntArray = NDArray[np.int64]
MOST_EXAMPLES = 20_000
"""Cases that a ranker learns from: more make it slower and hardly better."""
FEWEST_ANSWERED = 50
"""Cases whose answer was among the candidates; with fewer, what is learnt is chance."""
BOTH = "linear and trees"
WEIGHTED = "weighted"
"""What the sources say, added up; a ranker that learnt has to do better, and not by chance."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """Several rankers whose log-odds are added up: where they err in different ways, the sum errs
    less.

    Parameters
    ----------
    parts : that learnt from the same columns
    """

    parts: tuple[Scorer, ...]

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, f) float32 to (n,) float64, higher is better."""
        return np.sum([part.score(matrix) for part in self.parts], axis=0)


@dataclass(frozen=True, kw_only=True)
class Way:
    """One source of a pipeline.

    Parameters
    ----------
    proposer : what proposes
    limit : how many of its best are candidates; 0: it only speaks about those of others
    """

    proposer: Proposer
    limit: int = 60


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How one source of a pipeline is made, and how many of its best are candidates."""

    made: Callable[..., Proposer]
    limit: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def way(self, more: Mapping[str, Any]) -> Way:
        """The source with its options; of two that are set, `more` counts."""
        return Way(proposer=self.made(**{**self.options, **more}), limit=self.limit)


class Pipeline:
    """Several ways to propose, and a ranker that learnt how much to make of each.

    Parameters
    ----------
    ways : by name
    seed : of what is drawn while fitting
    most_examples : cases that the ranker learns from, drawn by lot; None: `MOST_EXAMPLES`
    beat : called again and again while it is fitted, which takes minutes; what it raises ends that
    """

    def __init__(
        self,
        ways: Mapping[str, Way],
        *,
        seed: int = 0,
        most_examples: int | None = None,
        beat: Callable[[], None] | None = None,
    ) -> None:
        self.ways, self.seed = dict(ways), seed
        self.most_examples = MOST_EXAMPLES if most_examples is None else most_examples
        self.beat = beat or _silent
        self.scorer: Scorer | None = None
        self.facts: ItemFacts | None = None
        self.chosen = ""
        """Name of the ranker that did best where it had not learnt; `WEIGHTED` where none was
        surely better."""
        self.worth: dict[str, float] = {}
        """What each ranker did there, mean nDCG; empty where too few cases were answered to
        learn."""

    def fit(self, lessons: Lessons, rehearsal: Exam) -> None:
        """Learn the ranker from the rehearsal, then every source from the lessons.

        The sources answer the rehearsal with what its own lessons taught them, so that the ranker
        sees them as sure, or unsure, as they are where the answer is not known yet. Where the
        sources found the answers of fewer than `FEWEST_ANSWERED` cases, or nothing but answers,
        nothing is learnt, and what they say is added up.
        """
        self._fit_sources(rehearsal.lessons)
        self._fit_ranker(rehearsal)
        if lessons is not rehearsal.lessons:
            self._fit_sources(lessons)

    def lists(self, questions: Asked, *, masked: bool, k: int) -> IntArray:
        """(n_cases, k) int64 item codes, best first, -1 for an empty place."""
        assert self.scorer is not None, "fit before lists"
        found = [np.empty((0, k), np.int64)]
        for block, pool, matrix in self._blocks(questions, masked=masked):
            score = self.scorer.score(matrix)
            found.append(lists(pool.case, pool.item, score, k=k, n_cases=len(block)))
        return np.concatenate(found)

    def _fit_sources(self, lessons: Lessons) -> None:
        self.facts = ItemFacts.of(lessons)
        for proposer, twin in self.twins():
            self.beat()
            if twin is None:
                proposer.fit(lessons)
            else:
                proposer.take_over(twin.as_arrays())

    def twins(self) -> Iterator[tuple[Any, Any]]:
        """Each proposer, and the one before it that learns the same, or None."""
        before: list[Proposer] = []
        for way in self.ways.values():
            same = (one for one in before if way.proposer.learns_as(one))
            yield way.proposer, next(same, None)
            before.append(way.proposer)

    def _fit_ranker(self, exam: Exam) -> None:
        exam = exam.few(self.most_examples, seed=self.seed)
        some = examples_of(
            self._candidates(exam),
            (exam.answer_case, exam.answer),
            columns=len(columns_of([*self.ways])),
            lot=lots_of_cases(exam.questions.now, draw=Draw.CANDIDATES, seed=self.seed),
        )
        weighted = Weighted.of_sources([*self.ways])
        if some.answered < FEWEST_ANSWERED or some.label.all():
            self.worth, self.chosen, self.scorer = {}, WEIGHTED, weighted
            return
        fits: dict[str, Callable[[NDArray, NDArray], Scorer]] = {
            "linear": lambda x, y: fit_linear(x, y),
            "trees": lambda x, y: fit_trees(x, y, seed=self.seed),
        }
        taught = some.drawn & ~some.judged
        tried: dict[str, Scorer] = {
            name: fit(some.matrix[taught], some.label[taught]) for name, fit in fits.items()
        }
        tried[BOTH] = Added(parts=tuple(tried.values()))
        tried[WEIGHTED] = weighted
        of_cases = {name: worth_of_cases(scorer, some) for name, scorer in tried.items()}
        self.worth = {name: metrics.mean(values) for name, values in of_cases.items()}
        best = max([*fits, BOTH], key=lambda name: self.worth[name])
        group = exam.groups[distinct(some.case[some.judged])]
        if not is_surely_more(of_cases[best] - of_cases[WEIGHTED], group):
            self.chosen, self.scorer = WEIGHTED, weighted
            return
        self.chosen = best
        wanted = fits if self.chosen == BOTH else {self.chosen: fits[self.chosen]}
        parts = tuple(
            fit(some.matrix[some.drawn], some.label[some.drawn]) for fit in wanted.values()
        )
        self.scorer = Added(parts=parts) if len(parts) > 1 else parts[0]

    def _candidates(self, exam: Exam) -> Iterator[Candidates]:
        low = 0
        for block, pool, matrix in self._blocks(exam.questions, masked=exam.masked):
            yield Candidates(matrix=matrix, case=pool.case + low, item=pool.item)
            low += len(block)

    def _blocks(
        self, questions: Asked, *, masked: bool
    ) -> Iterator[tuple[Questions, Pool, NDArray[np.float32]]]:
        assert self.facts is not None, "fit before asking"
        for block in questions.blocks(BLOCK_CASES):
            self.beat()
            proposals = {name: way.proposer.propose(block) for name, way in self.ways.items()}
            if masked:
                proposals = {name: unmasked(part, block) for name, part in proposals.items()}
            pool = pooled(
                proposals,
                {name: way.limit for name, way in self.ways.items()},
                n_cases=len(block),
                n_items=block.histories.n_items,
            )
            yield block, pool, matrix_of(pool, block, self.facts)


def _silent() -> None:
    """Nobody waits for a sign of life."""


def unmasked(part: Proposals, questions: Questions) -> Proposals:
    """What is proposed without what stands in the history."""
    kept = ~questions.holds(part.case, part.item)
    return Proposals(case=part.case[kept], item=part.item[kept], score=part.score[kept])
