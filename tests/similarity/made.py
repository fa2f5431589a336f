"""Neighbours and live versions made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from persona_django.catalogue.state import point
from persona_django.numeric.neighbours import Neighbours
from persona_django.similarity import store
from persona_django.similarity.relations import RELATIONS

Lists = Mapping[int, Sequence[tuple[int, float, int]]]


def neighbours(lists: Lists, *, item_support: int = 100) -> tuple[Neighbours, np.ndarray]:
    """Item to its (other, score, support) as the kernel returns it, and the item ids."""
    ids = np.array(sorted({*lists, *(o for row in lists.values() for o, *_ in row)}), np.int64)
    code = {int(item_id): at for at, item_id in enumerate(ids)}
    rows = [lists.get(int(item_id), ()) for item_id in ids]
    flat = [entry for row in rows for entry in row]
    return (
        Neighbours(
            indptr=np.cumsum([0, *map(len, rows)]).astype(np.int64),
            item=np.array([code[other] for other, *_ in flat], dtype=np.int32),
            score=np.array([score for _, score, _ in flat], dtype=np.float32),
            support=np.array([support for *_, support in flat], dtype=np.int32),
            llr=np.full(len(flat), 9.5, dtype=np.float32),
            item_support=np.full(len(ids), item_support, dtype=np.int32),
            owners=1000,
        ),
        ids,
    )


def go_live(lists: Lists, *, version: int, kind: str = "similar", fence: int = 1) -> None:
    """Write the rows of a version and point at it."""
    store.write(version, RELATIONS[kind], *neighbours(lists))
    assert point(kind, version, fence=fence, relation=RELATIONS[kind])
