"""Rows in time as arrays, which a run keeps between its stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django.numeric.steps import Steps
from persona_django.training.similarity import Arrays


def steps_packed(steps: Steps, item_ids: NDArray[np.int64]) -> Arrays:
    """Rows in time as a run keeps them."""
    return {
        "indptr": steps.indptr,
        "item": steps.item,
        "at": steps.at,
        "owner": steps.owner,
        "item_ids": item_ids,
    }


def steps_in(arrays: Mapping[str, NDArray[Any]]) -> tuple[Steps, NDArray[np.int64]]:
    """The rows that `steps_packed` made arrays of, and the item behind each code; none where
    there are none."""
    empty = np.empty(0, np.int64)
    item_ids, owner = arrays.get("item_ids", empty), arrays.get("owner", empty)
    steps = Steps(
        indptr=arrays.get("indptr", np.zeros(1, np.int64)),
        item=arrays.get("item", empty),
        at=arrays.get("at", empty),
        owner=owner,
        n_items=len(item_ids),
        n_owners=int(owner.max(initial=-1)) + 1,
    )
    return steps, item_ids
