"""How much more something is wanted in one situation than in all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from persona_django.numeric.lifts import lifts

PRIOR = 20.0
tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 5)),
    elements=st.floats(0, 1e6, allow_subnormal=False),
)


def test_the_figures_are_what_the_formula_says():
    found = lifts(np.array([[30.0, 0.0], [10.0, 60.0]]), prior=PRIOR)

    # Four in ten come in the first situation, so 12 of 30 and 28 of 70 are expected there.
    assert found == pytest.approx(
        np.array([[50 / 32, 20 / 38], [30 / 48, 80 / 62]]),
    )


def test_nobody_at_all_is_as_everywhere():
    assert lifts(np.zeros((2, 3)), prior=PRIOR).tolist() == [[1.0] * 3] * 2
    assert lifts(np.zeros((0, 3)), prior=PRIOR).shape == (0, 3)


@given(table=tables)
def test_lifts_are_finite_above_zero_and_one_for_what_nobody_came_to(table):
    found = lifts(table, prior=PRIOR)

    assert np.isfinite(found).all()
    assert (found > 0).all()
    assert (found[table.sum(axis=1) == 0] == 1).all()


@given(table=tables)
def test_a_thin_situation_moves_nothing_far(table):
    most = 1 + table.sum(axis=0) / PRIOR

    found = lifts(table, prior=PRIOR)

    assert (found <= most * (1 + 1e-9)).all()
    assert (found >= 1 / most * (1 - 1e-9)).all()


@given(
    n=hnp.arrays(np.float64, 4, elements=st.floats(0, 1e4)),
    share=hnp.arrays(np.float64, 3, elements=st.floats(0.01, 1)),
)
def test_what_is_spread_as_everything_is_has_no_lift(n, share):
    assert lifts(np.outer(n, share), prior=PRIOR) == pytest.approx(1)


@given(table=tables, seed=st.integers(0, 99))
def test_the_order_of_rows_and_columns_says_nothing(table, seed):
    rng = np.random.default_rng(seed)
    rows, columns = (rng.permutation(n) for n in table.shape)

    turned = lifts(table[np.ix_(rows, columns)], prior=PRIOR)

    assert turned == pytest.approx(lifts(table, prior=PRIOR)[np.ix_(rows, columns)])


@pytest.mark.parametrize(
    ("shoppers", "prior", "message"),
    [
        (np.zeros(3), PRIOR, "table"),
        (np.array([[-1.0]]), PRIOR, "0 or more"),
        (np.array([[np.inf]]), PRIOR, "finite"),
        (np.zeros((1, 1)), 0.0, "prior"),
    ],
)
def test_what_is_no_table_of_shoppers_is_refused(shoppers, prior, message):
    with pytest.raises(ValueError, match=message):
        lifts(shoppers, prior=prior)
