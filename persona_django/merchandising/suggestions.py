"""What merchants suggest beside what, for learning to weigh against what shoppers do."""

from __future__ import annotations

import numpy as np
from django.db import router
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from persona_django.catalogue.snapshot import Snapshot
from persona_django.merchandising.models import SuggestedPair
from persona_django.tracking.items import families

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


def is_ever_shown(item_id: int, other_id: int, snapshot: Snapshot) -> bool:
    """Whether two items could stand beside each other for a merchant's word: both known, neither
    sensitive, and not of one family."""
    first, second = families(np.array([item_id, other_id]), snapshot).tolist()
    return bool(first and second) and first != second
