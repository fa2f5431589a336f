"""Drawing by lots that hang on a case itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_django.ranking.drawing import lots_of_cases

moments = st.lists(st.integers(0, 2**33), min_size=1, max_size=40)


@given(now=moments, more=moments, seed=st.integers(0, 3))
def test_further_cases_change_no_lot_of_those_there_were(now, more, seed):
    """But of those of the very same moment, whose lots go by their order."""
    more = [one for one in more if one not in now]
    both = np.array(now + more)
    order = np.argsort(both, kind="stable")

    found = lots_of_cases(both[order], seed=seed)

    alone = lots_of_cases(np.sort(np.array(now)), seed=seed)
    assert found[np.isin(both[order], now)].tolist() == alone.tolist()


@given(now=moments)
def test_every_case_has_a_lot_of_its_own(now):
    lots = lots_of_cases(np.array(now + now), seed=1)

    assert len(set(lots.tolist())) == len(lots)
    assert (lots >= 0).all()


def test_another_seed_draws_others():
    now = np.arange(1_000)
    half = [lots_of_cases(now, seed=seed) < 2**62 for seed in (0, 1)]

    assert all(400 < drawn.sum() < 600 for drawn in half)
    assert 400 < (half[0] != half[1]).sum() < 600


def test_of_nothing_nothing_is_drawn():
    assert len(lots_of_cases(np.empty(0, np.int64), seed=0)) == 0
