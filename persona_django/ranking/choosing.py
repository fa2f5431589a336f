"""Which of several rankers did best on cases that none of them learnt from."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric import metrics
from persona_django.numeric.proposals import lists
from persona_django.numeric.sorting import coded
from persona_django.ranking.examples import Examples

FloatArray = NDArray[np.float64]
JUDGED_BY = 10
"""Places of a list that are looked at to choose."""


class Scorer(Protocol):
    """Orders candidates by their features."""

    def score(self, matrix: NDArray[np.float32]) -> FloatArray:
        """(n, f) float32 to (n,) float64, higher is better."""


def worth_of_cases(scorer: Scorer, some: Examples) -> FloatArray:
    """(n_judged,) float64, nDCG at `JUDGED_BY` of the list of each judged case, in their order."""
    label, case = some.label[some.judged], some.case[some.judged]
    score = scorer.score(some.matrix[some.judged])
    number, cases = coded(case)
    shown = lists(number, np.arange(len(score)), score, k=JUDGED_BY, n_cases=len(cases))
    hit = np.where(shown >= 0, label[shown], False)
    return metrics.ndcg(hit, np.bincount(number[label], minlength=len(cases)))


def is_surely_more(gain: FloatArray, group: NDArray[np.int64]) -> bool:
    """Whether a mean gain is more than its standard error, which chance alone reaches in one of
    six.

    Parameters
    ----------
    gain : (n,) float64, what each case gained
    group : (n,) int64, of one number are cases that are alike, which count as one

    >>> gain = np.array([1.0, 1.0, 1.0, 1.0, -1.0])
    >>> is_surely_more(gain, np.arange(5)), is_surely_more(gain, np.array([7, 7, 7, 7, 5]))
    (True, False)
    """
    code, groups = coded(group)
    if len(groups) < 2:
        return False
    mean = float(gain.mean())
    beyond = np.bincount(code, weights=gain - mean)
    error = np.sqrt((beyond**2).sum() * len(groups) / (len(groups) - 1)) / len(gain)
    return mean > float(error)
