"""What many shoppers want now."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.popularity import popularity

OPTIONS = {"now": 100 * DAY_SECONDS, "half_life_days": 10.0, "n_items": 2, "most_times": 5}


def test_one_shopper_a_hundred_times_is_one_shopper():
    alone = popularity(
        np.zeros(100, int), np.zeros(100, int), np.full(100, OPTIONS["now"]), **OPTIONS
    )

    assert alone == pytest.approx([np.log(2), 0])


def test_only_the_latest_interest_of_a_shopper_counts():
    at = np.array([90, 100, 100]) * DAY_SECONDS

    found = popularity(np.array([1, 1, 1]), np.array([0, 0, 1]), at, **OPTIONS)

    assert found == pytest.approx([np.log(2), np.log(2)])


def test_old_interest_fades():
    found = popularity(
        np.array([1, 2]), np.array([0, 1]), np.array([100, 90]) * DAY_SECONDS, **OPTIONS
    )

    assert found == pytest.approx([np.log1p(1), np.log1p(0.5)])


def test_nothing_happened_makes_nothing_popular():
    none = np.empty(0, np.int64)

    assert popularity(none, none, none, **OPTIONS).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("item", "message"), [([2], "item codes"), ([-1], "item codes"), ([0, 0], "equally long")]
)
def test_malformed_columns_are_refused(item, message):
    with pytest.raises(ValueError, match=message):
        popularity(np.array([1]), np.array(item), np.array([0]), **OPTIONS)
