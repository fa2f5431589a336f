"""The question that every source and every ranker is asked."""

from __future__ import annotations

import numpy as np
import pytest

from persona_django.catalogue.snapshot import build_snapshot, current_snapshot
from persona_django.catalogue.state import forget
from persona_django.catalogue.sync import sync
from persona_django.similarity.packing import NeighbourList
from persona_django.similarity.relations import RELATIONS
from persona_django.sources.families import Families
from persona_django.sources.orderings import ordering_by_age, ordering_by_score
from persona_django.sources.query import Query
from persona_django.tracking.orders import OwnPurchases
from tests.shop.models import Category, Product

NOW = 1_790_000_000


@pytest.fixture
def query(db: None) -> Query:
    """A shop of twelve products of which everything there is to know is known."""
    teas = Category.objects.create(path="Drinks > Tea")
    for number in range(12):
        Product.objects.create(name=f"Tea {number}", price=number + 1, category=teas)
    sync()
    build_snapshot()
    forget()
    snapshot = current_snapshot()
    assert snapshot is not None
    families = Families(snapshot)
    ids = families.group_id
    seed = int(ids[0])
    others = NeighbourList(
        item_id=ids[1:9],
        score=np.linspace(0.9, 0.1, 8, dtype=np.float32),
        support=np.full(8, 40, dtype=np.int32),
        llr=np.full(8, 50, dtype=np.float32),
        item_support=100,
    )
    return Query(
        families=families,
        seeds=(seed,),
        neighbours={(relation, seed): others for relation in RELATIONS.values()},
        popular=ordering_by_score(families, ids, np.arange(len(ids), 0, -1, dtype=np.float64)),
        newest=ordering_by_age(families),
        own=OwnPurchases(
            item=ids[:4],
            times=np.array([4, 3, 2, 1]),
            last_at=np.full(4, NOW - 40 * 86_400),
            quantity=np.array([4, 3, 2, 1]),
        ),
        now=NOW,
    )
