"""What is kept of the candidates of many cases: enough to learn from and to judge by."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from persona_django.ranking import examples as module
from persona_django.ranking.drawing import Draw, lots_of_cases
from persona_django.ranking.examples import Candidates, Examples, examples_of

CANDIDATES = 9


def gathered(found: list[bool], *, cut: int, seed: int = 0, candidates: int = CANDIDATES):
    """Examples of cases with so many candidates each, whose answer, the case's own number, is
    among them or not."""
    n = len(found)
    item = np.arange(candidates)[None] + np.where(found, np.arange(n), n)[:, None]
    case = np.repeat(np.arange(n), candidates)
    matrix = np.stack([case, item.ravel()], axis=1).astype(np.float32)
    whole = Candidates(matrix=matrix, case=case, item=item.ravel())
    parts = [whole.take((case >= low) & (case < low + cut)) for low in range(0, n, cut)]
    answers = (np.arange(n), np.arange(n))
    lot = lots_of_cases(np.arange(n), draw=Draw.CANDIDATES, seed=seed)
    return examples_of(parts, answers, columns=2, lot=lot)


@given(found=st.lists(st.booleans(), max_size=60), cut=st.integers(1, 20), seed=st.integers(0, 3))
def test_all_candidates_of_the_judged_and_what_was_drawn_of_the_others(found, cut, seed):
    answered = np.flatnonzero(found)
    judged = answered[len(answered) - len(answered) // 5 :]

    some = gathered(found, cut=cut, seed=seed)

    assert some.answered == len(answered)
    assert set(some.case[some.judged].tolist()) == set(judged.tolist())
    assert set(some.case.tolist()) == set(answered.tolist())
    assert len(some.case[some.judged]) == CANDIDATES * len(judged)
    assert some.drawn[~some.judged].all(), "nothing else is kept of those before"
    assert some.label.sum() == len(answered)
    assert (some.matrix[some.label][:, 1] == some.case[some.label]).all()
    assert some.drawn[some.label].all()
    assert (some.matrix[:, 0] == some.case).all()


def same(one: Examples, other: Examples) -> bool:
    names = ("matrix", "label", "case", "drawn", "judged")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@given(found=st.lists(st.booleans(), max_size=60), cut=st.integers(1, 20))
def test_it_does_not_matter_how_the_cases_are_cut(found, cut):
    assert same(gathered(found, cut=cut), gathered(found, cut=99))


def test_so_many_are_drawn_of_a_case_and_another_seed_draws_others(monkeypatch):
    monkeypatch.setattr(module, "DRAWN", 100)
    found = [True] * 50

    one, other = (gathered(found, cut=7, seed=seed, candidates=400) for seed in (1, 2))

    for some in (one, other):
        per_case = np.bincount(some.case[some.drawn])
        assert per_case.min() > 60 and per_case.max() < 140
        assert 95 < per_case.mean() < 106
    assert not same(one, other)
