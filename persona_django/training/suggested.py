"""Merchants' words among what shoppers taught: read with the history, mixed into the lists learnt.

A word touches the list it is about and nothing else: no norm, no other pair, no figure that is
told to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.snapshot import Snapshot
from persona_django.merchandising.suggestions import suggested_in
from persona_django.numeric.crowds import in_fine_steps
from persona_django.numeric.neighbours import Neighbours
from persona_django.numeric.sorting import count_distinct, distinct
from persona_django.numeric.suggested import SuggestedPairs, widened, with_suggested

Learnt = tuple[Neighbours, NDArray[np.int64]]
"""Neighbours, and the family behind each item code, ascending."""


def packed(
    relation: int, snapshot: Snapshot, *, before: Mapping[str, Any], among_any: bool = False
) -> dict[str, NDArray[Any]]:
    """What is suggested for a relation, as a run keeps it beside what it has read; nothing where
    nobody suggests anything, nor did when the live version was learnt, whose figures are `before`.

    With fewer than `MIN_TRAINING_SHOPPERS` to learn from, lists hold suggestions alone, unless
    they shall stand `among_any` others.
    """
    first, second, strength = suggested_in(relation, snapshot)
    if not len(first) and not before.get("suggested"):
        return {}
    least = 0 if among_any else conf.current().min_training_shoppers
    return {
        "suggested_first": first,
        "suggested_second": second,
        "suggested_strength": strength,
        "suggested_alone": np.array([least], dtype=np.int64),
    }


def stands_alone(arrays: Mapping[str, NDArray[Any]], shoppers: int) -> bool:
    """Whether so few shoppers teach chance and not taste, while merchants' words teach neither."""
    return "suggested_alone" in arrays and shoppers < arrays["suggested_alone"][0]


def families_in(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Every family that something is suggested of, ascending."""
    if "suggested_first" not in arrays:
        return np.empty(0, dtype=np.int64)
    return distinct(np.concatenate([arrays["suggested_first"], arrays["suggested_second"]]))


def met(
    families: NDArray[np.int64],
    item: NDArray[np.integer],
    owner: NDArray[np.integer],
    item_ids: NDArray[np.int64],
    *,
    least: int,
) -> NDArray[np.int64]:
    """Distinct shoppers who met each of some families, in steps, and 0 below a crowd of `least`.

    All there were are counted, also those who took nothing that a crowd took with it: to come to
    one thing alone speaks against every word for another. The steps keep one of them from moving
    a list.
    """
    wanted = np.isin(item_ids, families)
    entries = wanted[item]
    counts = count_distinct(item[entries], owner[entries], n_items=len(item_ids))
    found = np.zeros(len(families), dtype=np.int64)
    steps = [in_fine_steps(count, least=least) for count in counts[wanted].tolist()]
    found[np.searchsorted(families, item_ids[wanted])] = steps
    return found


def mixed_in(
    learnt: Learnt,
    arrays: Mapping[str, NDArray[Any]],
    *,
    met: NDArray[np.int64],
    second_met: NDArray[np.int64] | None = None,
    tilt: float = 0.5,
    multiple: NDArray[np.float64] | None = None,
) -> Learnt:
    """The lists with what is suggested in them.

    `met`, `second_met` and `multiple` speak of `families_in(arrays)`: shoppers who met each, those
    who met it as the second of a pair where that is not the same, and what each makes of the
    similarity of its pairs where that is no cosine.
    """
    families = families_in(arrays)
    settings, (found, item_ids) = conf.current(), learnt
    every = distinct(np.concatenate([item_ids, families]))
    named = [arrays["suggested_first"], arrays["suggested_second"]]
    first, second = (np.searchsorted(families, ids) for ids in named)
    mixed = with_suggested(
        widened(found, np.searchsorted(every, item_ids), n_items=len(every)),
        SuggestedPairs(
            first=np.searchsorted(every, named[0]),
            second=np.searchsorted(every, named[1]),
            strength=arrays["suggested_strength"],
            first_met=met[first],
            second_met=(met if second_met is None else second_met)[second],
        ),
        k=settings.neighbours_kept,
        prior=settings.support_prior,
        tilt=tilt,
        scale=None if multiple is None else multiple[first] * multiple[second],
    )
    return mixed, every


def are_all(figures: Mapping[str, Any]) -> bool:
    """Whether a version of these figures holds pairs, none of which anybody taught."""
    return 0 < figures.get("suggested", 0) == figures.get("pairs")


def taught_in(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """The items in whose lists anything stands that shoppers taught."""
    row = np.repeat(np.arange(len(arrays["item_ids"])), np.diff(arrays["indptr"]))
    return arrays["item_ids"][distinct(row[arrays["support"] > 0])]
