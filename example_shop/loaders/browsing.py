"""Gives what consenting visitors looked at to persona_django, as an import of a log would."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from example_shop.loaders.filling import Filled
from example_shop.loaders.shop_data import Browsing
from example_shop.progress import Progress, silent
from persona_django.identity.keys import keyed
from persona_django.tracking.items import ItemIds
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.writing import insert_columns

KINDS = {"view": Kind.VIEW, "cart_add": Kind.CART_ADD}


def hand_over(browsing: Browsing, filled: Filled, *, progress: Progress = silent) -> int:
    """Store the events of products the catalogue knows; returns how many. Needs a sync first.

    A customer's looks are stored under the customer's key, so that they meet the orders.
    """
    known = ItemIds().of("shop.product", filled.products.tolist())
    item = known[browsing.product]
    kept = item > 0
    rows = int(kept.sum())
    stored = 0

    def count(added: int) -> None:
        nonlocal stored
        stored += added
        progress("looks", stored, rows)

    kind = np.array([int(KINDS[name]) for name in browsing.kind], dtype=np.int64)
    return insert_columns(
        {
            "store": np.ones(rows, dtype=np.int64),
            "shopper": _shoppers(browsing, filled)[kept],
            # Any number names an event once; rows are numbered by their place in the log.
            "uid": np.arange(1, len(browsing) + 1)[kept],
            "kind": kind[kept],
            "item_id": item[kept],
            "at": browsing.at[kept],
            "order": np.zeros(rows, dtype=np.int64),
            "quantity": np.ones(rows, dtype=np.int64),
            "price": np.full(rows, -1, dtype=np.int64),
            "basis": np.full(rows, int(Basis.CONSENT), dtype=np.int64),
        },
        within=count,
    )


def _shoppers(browsing: Browsing, filled: Filled) -> NDArray[np.int64]:
    """Keyed hash of the customer, or of the visitor where nobody is signed in."""
    keys = np.zeros(len(browsing), dtype=np.int64)
    signed_in = browsing.customer >= 0
    customers, place = np.unique(browsing.customer[signed_in], return_inverse=True)
    hashed = [keyed("customer", str(filled.users[customer])) for customer in customers]
    keys[signed_in] = np.array(hashed, dtype=np.int64)[place]
    unknown = np.flatnonzero(~signed_in).tolist()
    names = {browsing.visitor[row] for row in unknown}
    visitors = {name: keyed("visitor", name) for name in names}
    keys[unknown] = [visitors[browsing.visitor[row]] for row in unknown]
    return keys
