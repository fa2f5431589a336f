"""A generated history as the table that the kernel is given."""

from __future__ import annotations

import numpy as np

from benchmarks.generators import interactions
from persona_django.numeric.rows import Rows


def rows_of(kind: str, *, seed: int, orders: int = 1, cap: int = 0, **size: int) -> Rows:
    """A generated history as rows of weight 1, so many of them to an owner.

    `cap`: so many interactions of each shopper at most; 0: all of them.
    """
    shopper, item = interactions(kind, seed=seed, **size)
    if cap:
        # They come in random order, so the first of a shopper are any of them.
        order = np.argsort(shopper, kind="stable")
        counts = np.bincount(shopper, minlength=size["shoppers"])
        place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = order[place < cap]
        shopper, item = shopper[kept], item[kept]
    order = np.argsort(shopper * size["items"] + item)
    counts = np.bincount(shopper, minlength=size["shoppers"])
    return Rows(
        indptr=np.concatenate([[0], np.cumsum(counts)]),
        item=item[order].astype(np.int32),
        weight=np.ones(len(item), np.float32),
        owner=np.arange(size["shoppers"], dtype=np.int32) // orders,
        n_items=size["items"],
        n_owners=-(-size["shoppers"] // orders),
    )
