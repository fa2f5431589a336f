"""Marks of those who searched for the same, two bytes each, until they are a crowd.

They tell distinct visitors apart while nobody's key is kept. A crowd is counted, and its marks
are emptied.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from django.db import router, transaction
from numpy.typing import NDArray

from persona_django.identity.keys import keyed
from persona_django.tracking.codes import mixed
from persona_django.tracking.models import SearchTerm

MARK = np.dtype(">u2")
MARK_BYTES = MARK.itemsize
AT_ONCE = 500


def marks_of(shoppers: Collection[int], term: int) -> NDArray[np.uint16]:
    """The mark that each of these shoppers leaves at a term; at another one it is another.

    Mixed with a secret of the term's own, so that a stolen table does not tell who asked.
    """
    return _marks(_in_order(shoppers), term)


def _in_order(shoppers: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(shoppers), dtype=np.int64)


def _marks(keys: NDArray[np.int64], term: int) -> NDArray[np.uint16]:
    return (mixed(keys, seed=keyed("search", str(term))) & 0xFFFF).astype(MARK)


def apart(marks: bytes) -> set[bytes]:
    """The marks that a row holds, one by one."""
    return {marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)}


def take_out(shoppers: Collection[int]) -> int:
    """Take these shoppers' marks out of every term that has no crowd yet; how many there were.

    Goes through all such terms, because no row says whose mark it holds.
    """
    alias = router.db_for_write(SearchTerm)
    rows = SearchTerm.objects.using(alias).exclude(marks=b"").order_by("pk")
    keys = _in_order(shoppers)
    last = gone = 0
    while len(keys):
        part = list(rows.filter(pk__gt=last).values_list("pk", "term", "marks")[:AT_ONCE])
        if not part:
            break
        last = part[-1][0]
        for pk, term, marks in part:
            gone += _without(alias, pk, term, bytes(marks), keys)
    return gone


def _without(alias: str, pk: int, term: int, marks: bytes, keys: NDArray[np.int64]) -> int:
    there = np.frombuffer(bytes(marks), dtype=MARK)
    kept = there[~np.isin(there, _marks(keys, term))]
    gone: int = len(there) - len(kept)
    if gone:
        rows = SearchTerm.objects.using(alias).filter(pk=pk)
        with transaction.atomic(using=alias):
            # Only where nobody else has added one meanwhile: then it is looked at again.
            left = rows.filter(marks=bytes(marks)).update(marks=kept.tobytes(), visitors=len(kept))
        if not left:
            fresh = rows.values_list("marks", flat=True).first()
            return _without(alias, pk, term, bytes(fresh), keys) if fresh else 0
    return gone
