"""What figures of a few say about many."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.numeric.inference import bootstrap_interval, share_at_least


def test_it_is_the_lower_end_of_wilsons_interval():
    """As worked by hand: 8 of 10, (0.8 + 0.19208 - 0.31022) / 1.38416."""
    assert share_at_least(np.array([8]), np.array([10])) == pytest.approx([0.4902], abs=1e-4)


def test_more_of_the_same_share_makes_it_surer_and_never_passes_the_share():
    total = np.array([2, 20, 200, 2_000])

    found = share_at_least(total // 2, total)

    assert (np.diff(found) > 0).all()
    assert (found < 0.5).all()


def test_at_most_one_sample_in_twenty_says_more_than_is_true():
    drawn = np.random.default_rng(7).binomial(60, 0.3, size=20_000)

    found = share_at_least(drawn, np.full(20_000, 60))

    assert np.mean(found > 0.3) < 0.05


def test_nothing_seen_says_nothing():
    none = np.zeros(3, dtype=np.int64)

    assert share_at_least(none, np.array([0, 1, 10**6])).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("some", "total"), [([1], [1, 2]), ([-1], [3]), ([4], [3])])
def test_what_cannot_be_is_refused(some, total):
    with pytest.raises(ValueError, match="some"):
        share_at_least(np.array(some), np.array(total))


def test_the_interval_of_a_mean_is_as_wide_as_its_standard_error_says():
    values = np.random.default_rng(1).integers(0, 2, 4_000).astype(float)

    low, high = bootstrap_interval(values)

    error = values.std() / np.sqrt(len(values))
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert bootstrap_interval(values) == (low, high)


def test_nineteen_of_twenty_intervals_hold_the_truth():
    rng = np.random.default_rng(2)

    held = [
        low <= 0.3 <= high
        for _ in range(400)
        for low, high in [bootstrap_interval((rng.random(300) < 0.3).astype(float), rounds=400)]
    ]

    assert 0.91 <= np.mean(held) <= 0.98


def test_cases_that_are_not_judged_count_for_nothing():
    values = np.array([0.0, 1.0, 1.0])

    assert bootstrap_interval(np.append(values, np.nan)) == bootstrap_interval(values)
    assert bootstrap_interval(np.array([np.nan])) == (0, 0)
    with pytest.raises(ValueError, match="at least one sample"):
        bootstrap_interval(values, rounds=0)
