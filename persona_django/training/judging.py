"""What speaks against a version before anybody sees it: as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.artefacts import store as artefacts
from persona_django.catalogue.snapshot import Snapshot
from persona_django.exceptions import BadArtefact
from persona_django.model_registry import gates, publish
from persona_django.model_registry.live import live_artefact
from persona_django.similarity import store as similarity_store
from persona_django.similarity.relations import RELATIONS, SUGGESTIBLE
from persona_django.training.assertions import FIRST, Lists, broken
from persona_django.training.recipes import Recipe

BUSIEST = 1_000
"""Lists that are compared: those that most pages show."""


def overlap_with(
    live: int,
    arrays: Mapping[str, NDArray[Any]],
    sold: NDArray[np.int64],
    *,
    taught: bool = False,
) -> float | None:
    """Mean share of the first ten beside the busiest items that stood there before; None where
    there is nothing to compare.

    What the live lists are shorter than ten counts for nothing, because a young shop's lists grow;
    nor does what the shop no longer sells, nor a list that is damaged. With `taught`, nor does
    what merchants suggest, which they may do or take back at any time.
    """
    if not live or not len(arrays["item_ids"]):
        return None
    busiest = np.argsort(-arrays["item_support"], kind="stable")[:BUSIEST]
    before = similarity_store.firsts_of(live, arrays["item_ids"][busiest], k=FIRST, taught=taught)
    still_sold = _still_sold(before, sold)
    shares = []
    for code in busiest.tolist():
        known = still_sold.get(int(arrays["item_ids"][code]))
        if known is not None and len(known):
            start, stop = arrays["indptr"][code : code + 2]
            now = arrays["item"][start:stop]
            if taught:
                now = now[arrays["support"][start:stop] > 0]
            now = arrays["item_ids"][now[:FIRST]]
            shares.append(np.isin(known, now).mean())
    return float(np.mean(shares)) if shares else None


def _still_sold(
    lists: Mapping[int, NDArray[np.int64]], sold: NDArray[np.int64]
) -> dict[int, NDArray[np.int64]]:
    """What of each list is among the families sold: all lists are looked through at once."""
    if not lists:
        return {}
    is_sold = np.isin(np.concatenate(list(lists.values())), sold)
    ends = np.cumsum([len(items) for items in lists.values()])
    parts = np.split(is_sold, ends[:-1])
    return {item: items[kept] for (item, items), kept in zip(lists.items(), parts, strict=True)}


def against_lists(
    kind: str,
    live: int,
    arrays: Mapping[str, NDArray[Any]],
    snapshot: Snapshot,
    sold: NDArray[np.int64],
) -> tuple[list[str], dict[str, Any]]:
    """Sentences against the lists of a relation, and figures worth keeping; `sold`: families."""
    lists = Lists(
        kind=kind, item_ids=arrays["item_ids"], indptr=arrays["indptr"], item=arrays["item"]
    )
    reasons = broken(conf.current().assertions, lists, snapshot)
    overlap = overlap_with(live, arrays, sold, taught=RELATIONS[kind] in SUGGESTIBLE)
    if overlap is None:
        return reasons, {}
    return [*gates.overlap_kept(overlap), *reasons], {"overlap": round(overlap, 3)}


def live_items(
    recipe: Recipe, store: int, taught: NDArray[np.int64], figures: Mapping[str, Any]
) -> NDArray[np.int64]:
    """What the live version of these figures covers, by what shoppers taught: a merchant's word
    may be taken back. Of that only what is not `taught` any more is looked into, and what cannot
    be read any more cannot be lost."""
    live = publish.live_version(recipe.kind, store)
    if not live:
        return np.empty(0, dtype=np.int64)
    if recipe.relation:
        items = similarity_store.items_of(live)
        if not figures.get("suggested"):
            return items
        firsts = similarity_store.firsts_of(live, np.setdiff1d(items, taught), k=1, taught=True)
        by_shoppers = [item for item, found in firsts.items() if len(found)]
        return np.union1d(np.intersect1d(items, taught), np.array(by_shoppers, dtype=np.int64))
    try:
        found = artefacts.load(live_artefact(recipe.kind, store), schema=recipe.schema)
    except BadArtefact:
        # Nothing can be lost that cannot be read any more.
        return np.empty(0, dtype=np.int64)
    return found["group_id"]
