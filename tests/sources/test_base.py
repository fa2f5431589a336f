"""Candidates: columns that stay aligned through every step."""

from __future__ import annotations

import numpy as np

from persona_django.sources.base import Candidates
from persona_django.sources.levels import NO_LEVEL, Level


def test_joined_sources_keep_their_rows_and_their_names():
    learnt = Candidates.of([1, 2], [0.9, 0.8], source="similar", because=7, support=[40, 30])
    popular = Candidates.of([2, 3], [5.0, 4.0], source="popular")

    both = Candidates.join([learnt, popular])

    assert both.item_id.tolist() == [1, 2, 2, 3]
    assert [both.sources[place] for place in both.source] == ["similar"] * 2 + ["popular"] * 2
    assert both.because.tolist() == [7, 7, 0, 0]
    assert both.support.tolist() == [40, 30, 0, 0]


def test_joined_sources_keep_the_level_of_each_row():
    tea, shop = Level("category", "Tea"), Level("shop")
    near = Candidates.of([1, 2], [2, 1], source="near", level=np.array([1, 0]), levels=(shop, tea))
    far = Candidates.of([3], [1], source="far", levels=(shop,))
    own = Candidates.of([4], [1], source="own")

    both = Candidates.join([near, far, own]).take(np.array([3, 0, 1, 2]))

    assert [both.levels[place] for place in both.level] == [NO_LEVEL, tea, shop, shop]
    assert len(both.levels) == 3


def test_several_seeds_of_one_source_stay_one_source():
    parts = [Candidates.of([n], [1.0], source="similar", because=n) for n in (1, 2)]

    both = Candidates.join(parts)

    assert both.sources == ("similar",)
    assert both.source.tolist() == [0, 0]


def test_taking_rows_takes_them_from_every_column():
    candidates = Candidates.of([1, 2, 3], [3.0, 2.0, 1.0], source="x", item=[10, 20, 30])

    taken = candidates.take(np.array([2, 0]))

    assert (taken.item_id.tolist(), taken.item.tolist()) == ([3, 1], [30, 10])


def test_nothing_at_all_has_no_rows():
    assert len(Candidates.empty()) == 0
