"""What may not be offered, whatever was learnt: decided pairs, carts, sensitive surroundings."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django.breaker import database_call
from persona_django.catalogue.snapshot import Snapshot
from persona_django.forking import Lock
from persona_django.merchandising.models import PairDecision
from persona_django.sources.base import Candidates
from persona_django.sources.families import Families
from persona_django.sources.query import Query

FOREVER = float("inf")

HiddenPairs = Mapping[int, Mapping[int, float]]
"""Family to the families never offered beside it, each with the second until which that holds."""


def exclude(candidates: Candidates, query: Query, hidden: HiddenPairs) -> Candidates:
    """The candidates that may be offered to this query at all.

    Out go families that left the catalogue or were sold out when the snapshot was built, what the
    page is about, what is in the cart, pairs a merchant hid, what this shopper dismissed or, in
    blocks that know of it, looked at in this visit, and sensitive things anywhere but among their
    own kind.
    """
    if not len(candidates):
        return candidates
    families = query.families
    rows = families.rows_of(candidates.item_id)
    allowed = (rows >= 0) & families.on_sale[rows]
    if candidates.item.any():
        allowed &= _very_item_on_sale(candidates.item, families)
    for family in _unwanted(query, hidden):
        # A few comparisons take a tenth of what one np.isin of small arrays does.
        allowed &= candidates.item_id != family
    if gone := query.dismissed.union(query.looked_at):
        allowed &= ~np.isin(candidates.item_id, np.fromiter(gone, dtype=np.int64))
    zones = families.zone[rows]
    if (zones >= 0).any():
        allowed &= (zones < 0) | np.isin(zones, _zones_of(query))
    return candidates.take(allowed)


def _very_item_on_sale(items: NDArray[np.int64], families: Families) -> NDArray[np.bool_]:
    """True where no very item is asked for, or where it could be sold."""
    rows = families.snapshot.rows_of(items)
    return (items == 0) | ((rows >= 0) & families.sellable(rows))


def _unwanted(query: Query, hidden: HiddenPairs) -> set[int]:
    unwanted = {*query.seeds, *query.cart, *query.page_items}
    for seed in (*query.seeds, *query.page_items):
        beside = hidden.get(seed)
        if beside:
            unwanted.update(other for other, until in beside.items() if until > query.now)
    return unwanted


def _zones_of(query: Query) -> NDArray[np.int32]:
    rows = query.families.rows_of(np.array(query.seeds, dtype=np.int64))
    zones = query.families.zone[rows[rows >= 0]]
    return zones[zones >= 0]


_Verdicts = tuple[tuple[int, int, float], ...]
_kept: dict[int, tuple[int, _Verdicts]] = {}
_lock = Lock()


def hidden_pairs(snapshot: Snapshot, *, revision: int, store: int = 1) -> HiddenPairs:
    """Every pair a merchant hid, by family, read again only when the revision moved.

    `revision` is the state's "config", which `merchandising.decisions` raises. A decision about a
    variant holds for its family, which another snapshot may have moved it to.
    """
    kept = _kept.get(store)
    if kept is None or kept[0] != revision:
        with _lock:
            kept = _kept[store] = (revision, _read())
    found: dict[int, dict[int, float]] = {}
    now = time.time()
    for item_id, other_id, until in kept[1]:
        if until > now:
            item, other = families_in(snapshot, item_id, other_id)
            found.setdefault(item, {})[other] = until
    return found


def _read() -> _Verdicts:
    alias = router.db_for_read(PairDecision)
    rows = (
        PairDecision.objects.using(alias)
        .filter(approved=False)
        .values_list("item_id", "other_id", "expires_at")
    )
    with database_call(alias):
        return tuple(
            (item_id, other_id, expires_at.timestamp() if expires_at else FOREVER)
            for item_id, other_id, expires_at in rows
        )


def families_in(snapshot: Snapshot, *item_ids: int) -> list[int]:
    """The family of each item, and the item's own number where the snapshot knows none."""
    families = snapshot.group_of(np.array(item_ids, dtype=np.int64)).tolist()
    return [family or item for family, item in zip(families, item_ids, strict=True)]


def forget() -> None:
    """Read the decisions again at the next question."""
    _kept.clear()
