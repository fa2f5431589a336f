"""Marks of those who searched for the same, or found it after a search, two bytes each, until they
are a crowd.

They tell distinct visitors apart while nobody's key is kept. A crowd is counted, and its marks
are emptied.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from django.db import router, transaction
from django.db.models import Model
from numpy.typing import NDArray

from persona_django.identity.keys import keyed
from persona_django.tracking.codes import mixed
from persona_django.tracking.models import SearchFind, SearchTerm

MARK = np.dtype(">u2")
MARK_BYTES = MARK.itemsize
AT_ONCE = 500
MARKED: dict[type[Model], str] = {SearchTerm: "term", SearchFind: "find"}
"""Tables that hold marks, and the column that they are mixed with."""


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
    """Take these shoppers' marks out of every crowd that is not complete yet; how many there were.

    Goes through all such rows, because none says whose mark it holds.
    """
    keys = _in_order(shoppers)
    return sum(_take_out_of(model, keys) for model in MARKED) if len(keys) else 0


def _take_out_of(model: type[Model], keys: NDArray[np.int64]) -> int:
    alias = router.db_for_write(model)
    rows = model._base_manager.using(alias).exclude(marks=b"").order_by("pk")
    last = gone = 0
    while part := list(
        rows.filter(pk__gt=last).values_list("pk", MARKED[model], "marks")[:AT_ONCE]
    ):
        last = part[-1][0]
        for pk, number, marks in part:
            gone += _without(model, alias, pk, number, bytes(marks), keys)
    return gone


def _without(
    model: type[Model], alias: str, pk: int, number: int, marks: bytes, keys: NDArray[np.int64]
) -> int:
    there = np.frombuffer(bytes(marks), dtype=MARK)
    kept = there[~np.isin(there, _marks(keys, number))]
    gone: int = len(there) - len(kept)
    if gone:
        rows = model._base_manager.using(alias).filter(pk=pk)
        # Of a term those are counted who are marked, of a find whole crowds.
        counted = {"visitors": len(kept)} if model is SearchTerm else {}
        with transaction.atomic(using=alias):
            # Only where nobody else has added one meanwhile: then it is looked at again.
            left = rows.filter(marks=bytes(marks)).update(marks=kept.tobytes(), **counted)
        if not left:
            fresh = rows.values_list("marks", flat=True).first()
            return _without(model, alias, pk, number, bytes(fresh), keys) if fresh else 0
    return gone
