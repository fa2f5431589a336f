"""The shop's own orders, found by who placed them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.sorting import sort_order
from persona_django.tracking.orders import read_orders

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """Order lines as aligned columns, in order of the customer."""

    person: IntArray
    """Keyed hash of the customer."""
    item: IntArray
    order: IntArray
    at: IntArray
    """Seconds since 1970, UTC, of the latest moment at which it may have been placed."""

    def of(self, persons: IntArray) -> Purchases:
        """Those of some persons."""
        low = np.searchsorted(self.person, persons)
        size = np.searchsorted(self.person, persons, side="right") - low
        rows = np.repeat(low - np.cumsum(size) + size, size) + np.arange(size.sum())
        return Purchases(
            person=self.person[rows],
            item=self.item[rows],
            order=self.order[rows],
            at=self.at[rows],
        )


_NONE: IntArray = np.empty(0, dtype=np.int64)
NO_PURCHASES = Purchases(person=_NONE, item=_NONE, order=_NONE, at=_NONE)


def read_purchases(store: int = 1, *, since: int | None = None) -> Purchases:
    """The shop's own orders since a moment, whether learning may read them or not: what somebody
    bought says that their cart was not left alone. Raises BrokenMap where a map cannot be read."""
    lines = read_orders(store, since=since, even_unlearnt=True, latest=True)
    order = sort_order(lines.shopper)
    return Purchases(
        person=lines.shopper[order],
        item=lines.item[order],
        order=lines.order[order],
        at=lines.at[order],
    )
