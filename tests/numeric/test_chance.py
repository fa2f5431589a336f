"""How many would meet by chance, and the lift, by hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_django.numeric.chance import People, lift, met_by_chance
from persona_django.numeric.similarity import log_likelihood_ratio


def met(both, *kinds) -> float:
    """What one pair would have in common; each kind of evidence as (first, second, everyone)."""
    first, second, everyone = (np.array(column, np.int64) for column in zip(*kinds, strict=True))
    return float(met_by_chance(np.array([both]), first, second[:, np.newaxis], everyone)[0])


def test_the_share_of_all_that_has_the_one_is_expected_among_those_who_have_the_other():
    assert met(214, (3_050, 400, 20_000)) == pytest.approx(3_050 * 400 / 20_000)
    assert met(10, (10, 20, 100)) == pytest.approx(2.0)


def test_of_two_kinds_of_evidence_the_one_by_which_most_would_is_taken():
    assert met(9, (100, 100, 10_000), (50, 40, 200)) == pytest.approx(10.0)


def test_a_kind_of_too_few_people_is_not_what_the_pair_was_counted_in():
    assert met(9, (100, 100, 10_000), (50, 8, 60)) == pytest.approx(1.0)
    assert met(9, (8, 8, 10)) == 0.0


def test_nobody_at_all_is_no_chance():
    nobody = People.none(n_items=2)

    found = met_by_chance(np.array([4, 5]), nobody.leading[:, 0], nobody.leading, nobody.everyone)

    assert found.tolist() == [0.0, 0.0]


def test_the_lift_is_how_many_times_as_many_there_are():
    assert lift(np.array([10]), np.array([2.5])).tolist() == [4.0]
    assert lift(np.array([10]), np.array([0.0])).tolist() == [0.0]


def test_what_is_below_the_crowd_is_not_kept():
    people = People.of_one_kind(np.array([0, 4, 5]), 9, crowd=5, following=np.array([6, 1, 0]))

    assert people.leading.tolist() == [[0, 0, 5]]
    assert people.following.tolist() == [[6, 0, 0]]
    assert people.everyone.tolist() == [9]


@given(
    both=st.integers(1, 50), first=st.integers(0, 50), second=st.integers(0, 50),
    others=st.integers(0, 500),
)  # fmt: skip
def test_the_likelihood_speaks_for_exactly_those_pairs_whose_lift_is_above_one(
    both, first, second, others
):
    first, second = first + both, second + both
    everyone = first + second - both + others

    llr = log_likelihood_ratio(np.array([both]), np.array([first]), np.array([second]), everyone)[
        0
    ]
    expected = met(both, (first, second, everyone))

    assert 0 < expected <= min(first, second)
    assert llr == 0 or lift(np.array([both]), np.array([expected]))[0] > 1
