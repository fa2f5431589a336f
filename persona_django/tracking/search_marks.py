"""Marks of those who searched for the same, or found it after a search, two bytes each, until they
are a crowd.

They tell distinct visitors apart while nobody's key is kept. A crowd is counted, and its marks
are emptied.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from django.db import router, transaction
from django.db.models import Model
from numpy.typing import NDArray

from persona_django.identity.keys import keyed_many
from persona_django.numeric.sorting import distinct
from persona_django.tracking.codes import mixed
from persona_django.tracking.models import SearchFind, SearchTerm

MARK = np.dtype(">u2")
MARK_BYTES = MARK.itemsize
_MARK_BITS = 8 * MARK_BYTES
AT_ONCE = 500
MOST_MARKS = 1_000_000
"""Reckoned at once where many are taken out: 8 MB for each column of numbers in between."""
MARKED: dict[type[Model], str] = {SearchTerm: "term", SearchFind: "find"}
"""Tables that hold marks, and the column that they are mixed with."""


def marks_of(shoppers: Collection[int], term: int) -> NDArray[np.uint16]:
    """The mark that each of these shoppers leaves at a term; at another one it is another.

    Mixed with a secret of the term's own, so that a stolen table does not tell who asked.
    """
    return _marks(_in_order(shoppers), [term])[0]


def _in_order(shoppers: Collection[int]) -> NDArray[np.int64]:
    return np.array(sorted(shoppers), dtype=np.int64)


def _marks(keys: NDArray[np.int64], terms: Sequence[int]) -> NDArray[np.uint16]:
    """Marks of some shoppers at some terms: a row for each term, a column for each shopper."""
    secrets = keyed_many("search", map(str, terms))
    return (mixed(keys, seed=secrets[:, None]) & 0xFFFF).astype(MARK)


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
    at_once = max(min(AT_ONCE, MOST_MARKS // len(keys)), 1)
    last = gone = 0
    while part := list(
        rows.filter(pk__gt=last).values_list("pk", MARKED[model], "marks")[:at_once]
    ):
        last = part[-1][0]
        held = [np.frombuffer(bytes(marks), dtype=MARK) for _, _, marks in part]
        theirs = _marks(keys, [number for _, number, _ in part])
        for place in _with_some_of(theirs, held):
            pk, number, marks = part[place]
            gone += _without(model, alias, pk, number, bytes(marks), keys)
    return gone


def _with_some_of(
    theirs: NDArray[np.uint16], held: Sequence[NDArray[np.uint16]]
) -> NDArray[np.int64]:
    """Places of rows that hold at least one of the marks that stand in the same row of a table.

    Nearly no row does, so all are asked at once.
    """
    row = np.arange(len(held), dtype=np.int64)
    those = np.concatenate(held) + (row << _MARK_BITS).repeat(list(map(len, held)))
    found: NDArray[np.int64] = those[np.isin(those, theirs + (row << _MARK_BITS)[:, None])]
    return distinct(found >> _MARK_BITS)


def _without(
    model: type[Model], alias: str, pk: int, number: int, marks: bytes, keys: NDArray[np.int64]
) -> int:
    there = np.frombuffer(bytes(marks), dtype=MARK)
    kept = there[~np.isin(there, _marks(keys, [number]))]
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
