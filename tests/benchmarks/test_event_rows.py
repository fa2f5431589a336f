"""The history that learning is timed on is the one its aim speaks of: views, and a few orders."""

from __future__ import annotations

import numpy as np

from benchmarks.event_rows import history
from persona_django.tracking.schema import Kind

SIZE = {"shoppers": 400, "items": 100, "pairs": 3_000}


def test_a_plain_history_is_one_view_of_each_pair():
    events = history("mild", SIZE, fuller=False)

    assert set(events["kind"].tolist()) == {Kind.VIEW}
    pairs = np.stack([events["shopper"], events["item_id"]])
    assert np.unique(pairs, axis=1).shape == pairs.shape


def test_a_fuller_one_has_views_again_and_orders_of_several_lines():
    plain = history("mild", SIZE, fuller=False)

    events = history("mild", SIZE, fuller=True)

    is_bought = events["kind"] == Kind.PURCHASE
    assert set(events["kind"].tolist()) == {Kind.VIEW, Kind.PURCHASE}
    assert np.count_nonzero(~is_bought) == int(1.2 * len(plain["kind"]))
    assert np.all((events["order"] > 0) == is_bought)
    _, lines = np.unique(events["order"][is_bought], return_counts=True)
    assert lines.max() > 1
