"""Drawing by lots that hang on a case itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.proposers.base import Lessons
from persona_django.numeric.steps import Steps
from persona_django.ranking.beginnings import beginnings
from persona_django.ranking.drawing import Draw, lots_of_cases
from persona_django.ranking.exam import of_beginnings

moments = st.lists(st.integers(0, 2**33), min_size=1, max_size=40)


@given(now=moments, more=moments, seed=st.integers(0, 3))
def test_further_cases_change_no_lot_of_those_there_were(now, more, seed):
    """But of those of the very same moment, whose lots go by their order."""
    more = [one for one in more if one not in now]
    both = np.array(now + more)
    order = np.argsort(both, kind="stable")

    found = lots_of_cases(both[order], draw=Draw.AMONG_ALL, seed=seed)

    alone = lots_of_cases(np.sort(np.array(now)), draw=Draw.AMONG_ALL, seed=seed)
    assert found[np.isin(both[order], now)].tolist() == alone.tolist()


@given(now=moments)
def test_every_case_has_a_lot_of_its_own(now):
    lots = lots_of_cases(np.array(now + now), draw=Draw.OF_A_ROW, seed=1)

    assert len(set(lots.tolist())) == len(lots)
    assert (lots >= 0).all()


def test_another_seed_draws_others():
    now = np.arange(1_000)
    half = [lots_of_cases(now, draw=Draw.OF_A_ROW, seed=seed) < 2**62 for seed in (0, 1)]

    assert all(400 < drawn.sum() < 600 for drawn in half)
    assert 400 < (half[0] != half[1]).sum() < 600


def test_of_nothing_nothing_is_drawn():
    assert len(lots_of_cases(np.empty(0, np.int64), draw=Draw.OF_A_ROW, seed=0)) == 0


def test_long_visits_are_drawn_no_more_often_than_others_once_they_are_cut():
    """Of each some cases are kept by lot, and of those some again: by other lots."""
    sizes = np.array([6] * 900 + [51] * 100)
    n = int(sizes.sum())
    steps = Steps(
        indptr=np.concatenate([[0], np.cumsum(sizes)]),
        item=np.zeros(n, np.int64),
        at=np.arange(n),
        owner=np.arange(len(sizes)),
        n_items=1,
        n_owners=len(sizes),
    )

    asked = beginnings(steps, least=1).few_of_each(5, seed=0)
    some = of_beginnings(Lessons(steps=steps), asked, masked=True).few(500, seed=0)

    assert 0.05 < np.mean(some.groups >= 900) < 0.15
