"""What merchants suggest beside what, for learning to weigh against what shoppers do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db import router
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import Snapshot, current_snapshot
from persona_django.merchandising.decisions import hidden_now
from persona_django.merchandising.models import SuggestedPair
from persona_django.merchandising.rules import families_in
from persona_django.tracking.items import REFS_AT_A_TIME, families, sensitive_among

Suggested = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Families in whose lists, families that stand there, and as if how many shoppers had done so."""


def suggested_in(relation: int, snapshot: Snapshot) -> Suggested:
    """What is suggested for the lists of a relation right now, each pair of families once.

    A word about a variant holds for its family, and of several the strongest counts. Left out is
    what has expired, what left the catalogue or is another store's, and what is sensitive.
    """
    alias = router.db_for_read(SuggestedPair)
    rows = (
        SuggestedPair.objects.using(alias)
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), relation=relation)
        .values_list("item_id", "other_id", "strength")
    )
    items, others, strength = np.array(list(rows), dtype=np.int64).reshape(-1, 3).T
    first, second = (families(ids, snapshot) for ids in (items, others))
    known = (first > 0) & (second > 0) & (first != second)
    first, second, strength = first[known], second[known], strength[known]
    strongest = np.lexsort((-strength, second, first))
    first, second, strength = first[strongest], second[strongest], strength[strongest]
    again = (np.diff(first, prepend=0) == 0) & (np.diff(second, prepend=0) == 0)
    return first[~again], second[~again], strength[~again].astype(np.float64)


Offered = Sequence[tuple[Item, Item]]
"""Pairs of items: on whose page, and what is suggested there."""


def faults_of(pairs: Offered, *, store: int = 1) -> list[str]:
    """Why no page of the store would ever show each of some pairs; empty where one may.

    Asks a handful of queries, however many pairs there are. An item that is newer than the
    snapshot is taken by what its own row says.
    """
    items = {item.pk: item for pair in pairs for item in pair}
    family = _families_of(list(items), store)
    never = _sensitive(list(items), store) | {pk for pk, item in items.items() if item.retired_at}
    hidden = hidden_now(store=store)
    faults = []
    for item, other in pairs:
        first, second = family[item.pk], family[other.pk]
        is_one = first == second or item.group_ref == other.group_ref != 0
        if {item.store, other.store} != {store}:
            faults.append(str(_ELSEWHERE))
        elif is_one or not never.isdisjoint((item.pk, other.pk)):
            faults.append(str(_NEVER))
        else:
            faults.append(str(_HIDDEN) if second in hidden.get(first, ()) else "")
    return faults


_ELSEWHERE = _("It is of another store.")
_NEVER = _(
    "These two are never shown together: one of them is sensitive or no longer in the catalogue, "
    "or both are variants of one thing."
)
_HIDDEN = _("That pair is hidden. Show it again first.")


def _families_of(item_ids: Sequence[int], store: int) -> dict[int, int]:
    snapshot = current_snapshot(store)
    known = item_ids if snapshot is None else families_in(snapshot, *item_ids)
    return dict(zip(item_ids, known, strict=True))


def _sensitive(item_ids: Sequence[int], store: int) -> set[int]:
    some = range(0, len(item_ids), REFS_AT_A_TIME)
    parts = (item_ids[start : start + REFS_AT_A_TIME] for start in some)
    return {found for part in parts for found in sensitive_among(part, store)}
