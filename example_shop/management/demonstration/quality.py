"""Measures what was learnt against the truth of the simulated shop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from example_shop.progress import Progress, silent
from example_shop.simulator.scoring import LONG, Quality, judge_similar, judge_together
from example_shop.simulator.world import World
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.relations import RELATIONS
from persona_django.tracking.items import ItemIds

Ints = NDArray[np.int64]

MOST_PRODUCTS = 3_000
"""Above this the truth of all pairs would not fit beside the demo in a small machine's memory."""


def measure(world: World, product_keys: Ints, *, progress: Progress = silent) -> list[Quality]:
    """Judge the live versions. `product_keys` are the shop's keys of the world's variants.

    Nothing where the shop is too large for the oracle, or nothing was published.
    """
    snapshot = current_snapshot()
    if world.catalogue.size > MOST_PRODUCTS or snapshot is None:
        return []
    items = ItemIds().of("shop.product", product_keys.tolist())
    family = world.catalogue.variants.family
    groups = snapshot.group_of(items)
    product_of = dict(zip(groups.tolist(), family.tolist(), strict=True))
    found = neighbours_of(product_of)
    measured = []
    judges = (("similar", judge_similar), ("bought-together", judge_together))
    for number, (name, judge) in enumerate(judges):
        progress(name, number, len(judges))
        lists = np.full((world.catalogue.size, LONG), -1, dtype=np.int64)
        for group, product in product_of.items():
            neighbours = found.get((RELATIONS[name], group))
            if neighbours is None:
                continue
            others = [product_of.get(int(item), -1) for item in neighbours.item_id[:LONG]]
            lists[product, : len(others)] = others
        if (lists >= 0).any():
            measured += judge(world, lists)
        progress(name, number + 1, len(judges))
    return measured
