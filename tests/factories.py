"""Makes what a shop has and what learning would have found, by hand and in a line each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
from django.conf import settings
from django.test import override_settings

from persona_django.artefacts import store as artefacts
from persona_django.catalogue import registry, state
from persona_django.catalogue.maps import ItemMap
from persona_django.catalogue.models import Item
from persona_django.catalogue.refs import label_of, ref_of
from persona_django.catalogue.snapshot import build_snapshot, current_snapshot
from persona_django.catalogue.sync import sync
from persona_django.model_registry.live import POPULAR, POPULAR_SCHEMA, TRENDING, TRENDING_SCHEMA
from persona_django.model_registry.models import ModelVersion
from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.packing import pack_rows
from persona_django.similarity.relations import RELATIONS
from persona_django.similarity.store import REVERSE_SCHEMA
from persona_django.tracking.situations import SITUATIONS
from tests.shop.models import Category, Product

_fences = iter(range(1_000, 10**9))
TEA = "Drinks > Tea"


def product(
    name: str = "Tea", *, category: str = TEA, price: Any = "4.50", **fields: Any
) -> Product:
    """One product of the test shop, on sale and in stock unless said otherwise."""
    place, _ = Category.objects.get_or_create(path=category)
    return Product.objects.create(name=name, category=place, price=price, **fields)


def products(n: int, *, category: str = TEA, **fields: Any) -> list[Product]:
    """Several products, in the order in which they were created."""
    return [product(f"Tea {number}", category=category, **fields) for number in range(n)]


def read_catalogue() -> None:
    """Bring the shop's products into the mirror and serve from a snapshot of it."""
    sync()
    build_snapshot()
    state.forget()


def item_id(obj: Any) -> int:
    """Id of an object's item in the mirror."""
    return Item.objects.values_list("pk", flat=True).get(ref=ref_of(label_of(obj), obj.pk))


def family_of(obj: Any) -> int:
    """The family that relations, popularity and slots know the object by."""
    return families_of([obj])[obj]


def families_of(objects: Iterable[Any]) -> dict[Any, int]:
    """The family of each object, asked for in one query."""
    snapshot = current_snapshot()
    assert snapshot is not None, "call read_catalogue() first"
    refs = {obj: ref_of(label_of(obj), obj.pk) for obj in objects}
    ids = dict(Item.objects.filter(ref__in=set(refs.values())).values_list("ref", "pk"))
    families = snapshot.group_of([ids[ref] for ref in refs.values()])
    return dict(zip(refs, map(int, families), strict=True))


def publish_neighbours(
    kind: str,
    neighbours: Mapping[Any, Iterable[tuple[Any, float, int]]],
    *,
    buyers: int = 3_050,
    gap_days: float | None = None,
) -> ModelVersion:
    """Make a hand-made version live: object to its (other object, score, support), best first.

    `buyers` is how many shoppers each object itself has, the 3,050 of "214 of 3,050"; `gap_days`
    how long afterwards all of them come.
    """
    relation = RELATIONS[kind]
    version = _version(kind, relation=relation)
    rows = {obj: list(others) for obj, others in neighbours.items()}
    families = families_of([*rows, *(one[0] for others in rows.values() for one in others)])
    made = []
    for obj, others in rows.items():
        ids = np.array([families[obj], *(families[other] for other, _, _ in others)])
        packed = pack_rows(_one_row([row[1:] for row in others], buyers, gap_days), ids)
        key = {"version_id": version.pk, "relation": relation, "item_id": ids[0]}
        made.append(NeighbourRow(**key, data=packed[0]))
    NeighbourRow.objects.bulk_create(made)
    return _go_live(version, relation=relation)


def tell_people(version: ModelVersion, behind: Mapping[Any, int], *, everyone: int) -> None:
    """Give a hand-made version the people behind its objects, of whom there are so many in all."""
    families = families_of(behind)
    by_family = sorted((families[obj], people) for obj, people in behind.items())
    arrays = {
        "item_id": np.array([family for family, _ in by_family], dtype=np.int64),
        "leading": np.array([[people for _, people in by_family]], dtype=np.int32),
        "everyone": np.array([everyone], dtype=np.int64),
    }
    version.artefact_id = artefacts.save("reverse/made", arrays, schema=REVERSE_SCHEMA)
    version.save()


def _one_row(figures: Sequence[tuple[float, int]], buyers: int, gap_days: float | None) -> Any:
    """Neighbours of which only the first item has any."""
    n = len(figures)
    return SimpleNamespace(
        indptr=np.array([0] + [n] * (n + 1), dtype=np.int64),
        item=np.arange(1, n + 1, dtype=np.int32),
        score=np.array([score for score, _ in figures], dtype=np.float32),
        support=np.array([support for _, support in figures], dtype=np.int32),
        llr=np.full(n, 50, dtype=np.float32),
        item_support=np.full(n + 1, buyers, dtype=np.int32),
        owners=10 * buyers,
        gap=None if gap_days is None else np.full(n, gap_days * 86_400, dtype=np.float32),
    )


def publish_popular(
    best_first: Sequence[Any], *, lift: Mapping[str, Mapping[Any, float]] | None = None
) -> ModelVersion:
    """Make a version of what is popular live, the most popular object first.

    `lift` holds, by situation and object, how many times as much it is wanted there.
    """
    groups = np.array([*families_of(best_first).values()], dtype=np.int64)
    order = np.argsort(groups)
    score = np.arange(len(groups), 0, -1, dtype=np.float64)
    lifts = np.ones((len(groups), len(SITUATIONS)), dtype=np.float32)
    for situation, by_object in (lift or {}).items():
        for obj, times in by_object.items():
            lifts[list(best_first).index(obj), SITUATIONS.index(situation)] = times
    arrays = {
        "group_id": groups[order],
        "score": score[order],
        "shoppers": (score[order] * 10).astype(np.int64),
        "lift": lifts[order],
    }
    version = _version(POPULAR)
    version.artefact_id = artefacts.save("popular/1", arrays, schema=POPULAR_SCHEMA)
    version.save()
    return _go_live(version)


def publish_trending(best_first: Sequence[Any]) -> ModelVersion:
    """Make a version of what is sought after live, learnt just now, the first object foremost."""
    groups = np.array([*families_of(best_first).values()], dtype=np.int64)
    order = np.argsort(groups)
    arrays = {
        "group_id": groups[order],
        "score": np.arange(len(groups), 0, -1, dtype=np.float64)[order],
        "made_at": np.array([int(time.time())]),
    }
    version = _version(TRENDING)
    version.artefact_id = artefacts.save("trending/1", arrays, schema=TRENDING_SCHEMA)
    version.save()
    return _go_live(version)


def _version(kind: str, *, relation: int = 0) -> ModelVersion:
    return ModelVersion.objects.create(
        kind=kind,
        relation=relation,
        status=ModelVersion.Status.LIVE,
        fence=next(_fences),
    )


def _go_live(version: ModelVersion, *, relation: int = 0) -> ModelVersion:
    assert state.point(version.kind, version.pk, fence=version.fence, relation=relation)
    return version


@contextmanager
def mapped(model: type, **attributes: Any) -> Iterator[None]:
    """The shop with one product model, mapped as the attributes say, for as long as it lasts."""
    plain = {"title": "name", "price": "price", "url": "get_absolute_url"}
    with registry.isolated():
        registry.register(model)(type("Items", (ItemMap,), {**plain, **attributes}))
        yield


def with_templates(**templates: str) -> Any:
    """The shop overriding templates of ours, or adding its own."""
    given = deepcopy(settings.TEMPLATES)
    given[0]["APP_DIRS"] = False
    given[0]["OPTIONS"]["loaders"] = [
        (
            "django.template.loaders.locmem.Loader",
            {name.replace("__", "/") + ".html": text for name, text in templates.items()},
        ),
        "django.template.loaders.app_directories.Loader",
    ]
    return override_settings(TEMPLATES=given)
