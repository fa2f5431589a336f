"""The first ranker keeps a chain of fallbacks a chain."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_django.ranking.chain import Chain
from persona_django.sources.base import Candidates


def ranked(*parts: Candidates) -> list[int]:
    return Chain().rank(Candidates.join(parts), None).item_id.tolist()


def test_the_best_fallback_comes_after_the_weakest_of_the_source_before_it():
    learnt = Candidates.of([3, 1], [0.2, 0.1], source="similar")
    popular = Candidates.of([9, 8], [100.0, 99.0], source="popular")

    assert ranked(learnt, popular) == [3, 1, 9, 8]


@given(st.permutations(range(20)))
def test_equal_scores_come_in_one_order_however_they_arrived(ids):
    candidates = Candidates.of(ids, np.ones(20), source="similar")

    assert Chain().rank(candidates, None).item_id.tolist() == sorted(ids)
