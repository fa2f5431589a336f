"""A rush on one thing counts only as far as a rush may."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.numeric.popularity import popularity
from persona_django.numeric.rushes import share_of_a_rush

DAY = 86_400
TODAY = 20_000
MOST_TIMES = 5


def of_days(counts: dict[int, list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Item and day of so many shoppers a day, the last entry of each list today."""
    item = np.concatenate([np.full(sum(days), one) for one, days in counts.items()])
    day = np.concatenate(
        [np.repeat(np.arange(TODAY - len(days) + 1, TODAY + 1), days) for days in counts.values()]
    )
    return item, day


def kept_today(counts: dict[int, list[int]]) -> dict[int, float]:
    item, day = of_days(counts)
    share = share_of_a_rush(item, day, most_times=MOST_TIMES)
    return {one: float(share[(item == one) & (day == TODAY)].sum()) for one in counts}


def test_a_hundred_times_the_usual_counts_as_five_times():
    kept = kept_today({1: [20] * 30 + [2_000], 2: [40] * 31})

    assert kept[1] == pytest.approx(MOST_TIMES * 20)
    assert kept[2] == 40


def test_the_days_before_the_rush_keep_all_they_had():
    item, day = of_days({1: [20] * 30 + [2_000]})

    assert (share_of_a_rush(item, day, most_times=MOST_TIMES)[day < TODAY] == 1).all()


def test_what_sells_well_every_day_is_no_rush():
    assert kept_today({1: [900] * 31, 2: [2] * 31})[1] == 900


def test_a_few_dozen_are_no_rush_however_quiet_the_shop():
    assert kept_today({1: [0] * 30 + [50], 2: [1] * 31})[1] == 50


def test_what_is_new_may_come_up_to_the_best_the_shop_has():
    kept = kept_today({1: [3_000], 2: [500] * 31})

    assert kept[1] == pytest.approx(MOST_TIMES * 500)


def test_in_the_first_days_of_a_shop_all_counts():
    assert kept_today({1: [5, 5, 4_000]})[1] == 4_000


def test_a_spike_of_a_hundred_times_passes_nobody_who_has_ten_times_as_many():
    """Threat 5: one day's flood moves a product up by what a rush may count, and no further."""
    usual = {one: 10 * one for one in range(1, 41)}
    counts = {one: [n] * 31 for one, n in usual.items()}
    shopper_at = 0
    rank = {}
    for flood in (10, 1_000):
        counts[1] = [10] * 30 + [flood]
        item, day = of_days(counts)
        shopper_at += len(item)
        score = popularity(
            np.arange(len(item)), item, day * DAY, now=(TODAY + 1) * DAY, half_life_days=60.0,
            n_items=41, most_times=MOST_TIMES,
        )  # fmt: skip
        rank[flood] = int((score > score[1]).sum())

    assert rank[10] == 39
    # A day of five times its usual among thirty: what two tenths more a day would have given.
    assert rank[1_000] == 39


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        share_of_a_rush(np.array([1]), np.array([1, 2]), most_times=5)
    with pytest.raises(ValueError, match="1 time the usual or more"):
        share_of_a_rush(np.array([1]), np.array([1]), most_times=0.9)
