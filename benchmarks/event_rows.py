"""A generated history as rows of the event table."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.generators import interactions

NOW = 1_790_000_000
DAYS = 90
REPEATED, BOUGHT, LINES = 0.2, 0.1, 3
"""Share of views that happen again, share of pairs that are bought, and lines of an order."""


def history(shape: str, size: dict[str, int], *, fuller: bool) -> dict[str, Any]:
    """Events as columns: one view of each pair, over the last three months, and what is fuller.

    Needs Django to be set up.
    """
    from persona_django.tracking.schema import Kind

    shopper, item = interactions(shape, **size)
    rng = np.random.default_rng(2)
    names = rng.integers(1, 2**63 - 1, size["shoppers"])
    n = len(shopper)
    at = NOW - rng.integers(0, DAYS * 86_400, n)
    kind, order = np.full(n, Kind.VIEW), np.zeros(n, dtype=np.int64)
    if fuller:
        again = rng.choice(n, int(n * REPEATED), replace=False)
        bought = rng.choice(n, int(n * BOUGHT), replace=False)
        bought = bought[np.argsort(shopper[bought], kind="stable")]
        # The next few purchases of the same shopper are one order, made at one moment.
        number = np.arange(len(bought)) // LINES * size["shoppers"] + shopper[bought] + 1
        moments = NOW - rng.integers(0, DAYS * 86_400, int(number.max()) // size["shoppers"] + 1)
        rows = np.concatenate([np.arange(n), again, bought])
        day_begins = at[again] // 86_400 * 86_400
        at = np.concatenate(
            [
                at,
                day_begins + rng.integers(0, 86_400, len(again)),
                moments[number // size["shoppers"]],
            ]
        )
        kind = np.r_[np.full(n + len(again), Kind.VIEW), np.full(len(bought), Kind.PURCHASE)]
        order = np.r_[np.zeros(n + len(again), np.int64), number]
        shopper, item = shopper[rows], item[rows]
    # As a log is written: in the order in which it happens.
    in_time = np.argsort(at, kind="stable")
    shopper, item, kind, at, order = (
        column[in_time] for column in (shopper, item, kind, at, order)
    )
    return {
        "shopper": names[shopper],
        "uid": np.arange(1, len(shopper) + 1),
        "kind": kind,
        "item_id": item,
        "at": at,
        "order": order,
    }
