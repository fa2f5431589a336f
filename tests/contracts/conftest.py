"""The question that every source and every ranker is asked."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from persona_django.catalogue.snapshot import build_snapshot, current_snapshot
from persona_django.catalogue.state import forget
from persona_django.catalogue.sync import sync
from persona_django.numeric.steps import Steps
from persona_django.ranking.stored import pipeline_arrays
from persona_django.ranking.visits import known_visits, learn_visits
from persona_django.similarity.packing import NeighbourList
from persona_django.similarity.relations import RELATIONS
from persona_django.sources.families import Families
from persona_django.sources.orderings import ordering_by_age, ordering_by_score
from persona_django.sources.query import Query
from persona_django.sources.visits import KnownVisits
from persona_django.tracking.orders import OwnPurchases
from tests.shop.models import Brand, Category, Product

NOW = 1_790_000_000


@pytest.fixture
def query(db: None) -> Query:
    """A shop of twelve products of which everything there is to know is known."""
    teas = Category.objects.create(path="Drinks > Tea")
    brand = Brand.objects.create(name="Kusmi")
    for number in range(12):
        Product.objects.create(name=f"Tea {number}", price=number + 1, category=teas, brand=brand)
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
        trending=ordering_by_score(families, ids, np.arange(len(ids), 0, -1, dtype=np.float64)),
        newest=ordering_by_age(families),
        own=OwnPurchases(
            item=ids[:4],
            times=np.array([4, 3, 2, 1]),
            last_at=np.full(4, NOW - 40 * 86_400),
            quantity=np.array([4, 3, 2, 1]),
        ),
        visits=visits_to(ids, n=3),
        now=NOW,
    )


def visits_to(ids: NDArray[np.int64], *, n: int) -> KnownVisits:
    """So many visitors who looked at everything, one after the other."""
    steps = Steps(
        indptr=np.arange(n + 1) * len(ids),
        item=np.tile(np.arange(len(ids)), n),
        at=np.full(n * len(ids), NOW - 86_400),
        owner=np.arange(n),
        n_items=len(ids),
        n_owners=n,
    )
    pipeline = learn_visits(steps, min_support=3)
    return known_visits({**pipeline_arrays(pipeline), "group_id": ids}, min_support=3)
