"""What speaks against a version, in sentences."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.model_registry import gates


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def test_too_few_shoppers_are_named_with_the_number_that_is_needed():
    (reason,) = gates.enough_shoppers(24)

    assert "24 shoppers" in reason and "25" in reason
    assert gates.enough_shoppers(25) == []


def test_an_empty_version_says_what_nothing_reached():
    assert "5 buyers" in gates.not_empty(0, crowd="the 5 buyers it needs")[0]
    assert gates.not_empty(1, crowd="anything") == []


def test_a_version_that_forgets_most_of_the_live_ones_items_is_held_back():
    (reason,) = gates.coverage_kept(ids(1), ids(1, 2, 3, 4), ids(1, 2, 3, 4))

    assert "25%" in reason and "force" in reason


def test_half_of_the_live_ones_items_is_enough():
    assert gates.coverage_kept(ids(1, 2), ids(1, 2, 3, 4), ids(1, 2, 3, 4)) == []


def test_items_the_shop_no_longer_sells_are_no_loss():
    assert gates.coverage_kept(ids(1), ids(1, 2, 3, 4), ids(1, 9)) == []


def test_the_first_version_has_nothing_to_keep():
    assert gates.coverage_kept(ids(), ids(), ids(1, 2)) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_none_makes_a_version_unusable(bad):
    assert gates.all_finite(np.array([0.5, 0.1]))
    assert not gates.all_finite(np.array([0.5]), np.array([0.1, bad]))
