"""Each block asked as a page would ask it, so that what is said of it is what shoppers see."""

from __future__ import annotations

import numpy as np

from persona_django.blocks.registry import Block
from persona_django.exceptions import PersonaError
from persona_django.identity.shoppers import Shopper
from persona_django.serving.asks import Seed
from persona_django.serving.knowledge import knowledge_of
from persona_django.serving.recommend import recommend
from persona_django.sources.families import Families


def why_empty(block: Block, store: int) -> str:
    """Why a block has nothing to show beside the shop's best seller; "" where it shows something.

    Asked for a visitor nobody knows. Never raises: what goes wrong is the answer.
    """
    if listed(store) == 0:
        return "The catalogue holds no item."
    slate = recommend(Shopper(store=store), block.slug, seeds=best_seller(store))
    return "" if slate else slate.why_empty


def best_seller(store: int) -> tuple[Seed, ...]:
    """The product with most behind it: the first of what is popular, else the newest on sale, else
    any. Nothing where no catalogue was read."""
    try:
        known = knowledge_of(store)
    except PersonaError:
        # The block says the same, with what to do.
        return ()
    snapshot = known.snapshot
    popular = known.popular.whole if known.popular is not None else None
    for ordering in (popular, known.newest):
        first = ordering.first(1) if ordering is not None else np.empty(0, dtype=np.int64)
        if len(first):
            row = int(snapshot.group_rows(first)[0])
            return ((snapshot.label_of(row), snapshot.key_of(row)),)
    return ((snapshot.label_of(0), snapshot.key_of(0)),) if len(snapshot) else ()


def listed(store: int) -> int | None:
    """Items of the catalogue as blocks know it. None where none was read."""
    families = _families(store)
    return None if families is None else len(families.snapshot)


def on_sale(store: int) -> int | None:
    """Those of them that blocks may show: available, and in stock where that is counted."""
    families = _families(store)
    if families is None:
        return None
    return int(np.count_nonzero(families.sellable(np.arange(len(families.snapshot)))))


def _families(store: int) -> Families | None:
    try:
        return knowledge_of(store).families
    except PersonaError:
        return None
