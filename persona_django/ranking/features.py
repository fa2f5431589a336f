"""The feature matrix: what is known of each candidate, one row for each and the same columns for
everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.proposals import Pool, looked_up, ranks
from persona_django.numeric.proposers.base import Lessons, Questions

FloatArray = NDArray[np.float64]
SHARE_OF_BEST = ", share of the best"
OF_THE_ITEM = ("popularity", "recent popularity", "days since anybody")
OF_THE_HISTORY = ("times", "nearness", "share of the history", "days since last")
OF_THE_CASE = ("moments", "distinct items", "share of repeats")
RECENT_SHARE = 0.1
"""The last tenth of the rows says what is popular now."""


@dataclass(frozen=True, kw_only=True)
class ItemFacts:
    """What is known of every item, whoever asks.

    Parameters
    ----------
    rows, recent : (n_items,) float64, log(1 + rows that hold it), of all and of the newest
    last_at : (n_items,) int64, seconds since 1970 UTC when anybody came to it last; of what nobody
        came to, when anybody came to anything first
    """

    rows: FloatArray
    recent: FloatArray
    last_at: NDArray[np.int64]

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by their names, as they are stored."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemFacts:
        """What `as_arrays` made arrays of. KeyError: one is missing."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    @classmethod
    def of(cls, lessons: Lessons) -> ItemFacts:
        """Counted in what may be learnt from."""
        steps = lessons.steps
        held = steps.as_rows()
        row = np.repeat(np.arange(len(steps)), np.diff(held.indptr))
        order = np.argsort(steps.ended(), kind="stable")
        newest = np.zeros(len(steps), dtype=bool)
        newest[order[int(len(order) * (1 - RECENT_SHARE)) :]] = True
        # What nobody came to counts as old as the oldest that is known.
        last_at = np.full(steps.n_items, int(steps.at.min()) if len(steps.at) else 0)
        np.maximum.at(last_at, steps.item, steps.at)
        return cls(
            rows=np.log1p(np.bincount(held.item, minlength=steps.n_items)),
            recent=np.log1p(np.bincount(held.item[newest[row]], minlength=steps.n_items)),
            last_at=last_at,
        )


def columns_of(sources: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns, in order, for sources of these names.

    >>> columns_of(["popular"])[:3]
    ('popular', 'popular, share of the best', 'popular, place')
    """
    per_source = [f"{name}{part}" for name in sources for part in ("", SHARE_OF_BEST, ", place")]
    return (*per_source, *OF_THE_ITEM, *OF_THE_HISTORY, *OF_THE_CASE)


def matrix_of(pool: Pool, questions: Questions, facts: ItemFacts) -> NDArray[np.float32]:
    """One row for each candidate of the pool.

    Of each source: its score; that as a share of its best one for the case, -1 to 1 wherever it
    speaks for anything; and 1 / its place, 0 for what it does not speak for. Of the item: log(1 +
    rows that hold it), the same of the newest rows, and log(1 + days) since anybody came to it. Of
    the item in the history, 0 where it does not stand there: how often; 1 / (1 + moments after
    its last time); its share of the history; log(1 + days) since. Of the case: moments, distinct
    items, and the share of the history that is there again.

    Parameters
    ----------
    pool : candidates of the cases
    questions : the same cases
    facts : of the same items

    Returns
    -------
    (n, f) float32, finite where the scores are, columns as of `columns_of`
    """
    parts: list[FloatArray] = []
    for score in pool.scores.values():
        parts += [score, _share_of_best(pool, score), _nearness_to_first(pool, score)]
    now = questions.now[pool.case]
    parts += [
        facts.rows[pool.item],
        facts.recent[pool.item],
        np.log1p(np.maximum(now - facts.last_at[pool.item], 0) / DAY_SECONDS),
    ]
    parts += _of_the_history(pool, questions, now)
    parts += [column[pool.case] for column in _of_the_case(questions)]
    matrix = np.empty((len(pool), len(parts)), dtype=np.float32)
    for place, column in enumerate(parts):
        matrix[:, place] = column
    return matrix


def _share_of_best(pool: Pool, score: FloatArray) -> FloatArray:
    best = np.zeros(pool.n_cases)
    np.maximum.at(best, pool.case, score)
    # Where hardly anything speaks for the best, much may speak against another.
    share = np.maximum(score, -np.where(best > 0, best, np.inf)[pool.case])
    return share / np.where(best > 0, best, 1.0)[pool.case]


def _nearness_to_first(pool: Pool, score: FloatArray) -> FloatArray:
    """1 for a source's first, 1/2 for its second, 0 for what it does not propose."""
    return np.where(score > 0, 1.0 / (1.0 + ranks(pool.case, score)), 0.0)


def _of_the_history(pool: Pool, questions: Questions, now: NDArray[np.int64]) -> list[FloatArray]:
    latest, n_items = questions.latest, questions.histories.n_items
    wanted = pool.case * n_items + pool.item
    keys = latest.case * n_items + latest.item
    length = np.maximum(np.diff(questions.histories.indptr), 1)[pool.case]
    times = looked_up(keys, latest.times, wanted)
    age = np.maximum(now - looked_up(keys, latest.at, wanted), 0) / DAY_SECONDS
    return [
        times,
        looked_up(keys, 1.0 / (1.0 + latest.to_end), wanted),
        times / length,
        np.where(times > 0, np.log1p(age), 0.0),
    ]


def _of_the_case(questions: Questions) -> list[FloatArray]:
    latest, n = questions.latest, len(questions)
    length = np.diff(questions.histories.indptr)
    distinct = np.bincount(latest.case, minlength=n)
    filled, moments = length > 0, np.zeros(n)
    moments[filled] = questions.to_end[questions.histories.indptr[:-1][filled]] + 1.0
    return [moments, distinct.astype(float), (length - distinct) / np.maximum(length, 1)]
