"""What the shop says about its products, for learning what they are alike in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import router
from django.db.models.functions import Left
from numpy.typing import NDArray

from persona_django.catalogue.categories import LEVELS
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import Snapshot

CHUNK = 2_000
MOST_CHARACTERS = 2_000
"""Of one text: what a product is stands at its beginning, and all texts are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Descriptions:
    """Families in words; aligned, ascending by family."""

    group_id: NDArray[np.int64]
    texts: Mapping[str, list[str]]
    """Title and the beginning of the text of the first member, by name of the field; "" where
    there is none."""
    labels: list[list[str]]
    """Brand, category at every level, and attributes, of all members."""
    rows_read: int


def read_descriptions(
    store: int, snapshot: Snapshot, *, progress: Callable[[int, int], None]
) -> Descriptions:
    """Everything on sale that is not sensitive, in the words of the mirror."""
    group = snapshot.group_id
    # One sensitive variant makes its whole family sensitive.
    left_out = snapshot.retired | np.isin(group, group[snapshot.sensitive])
    family_of = dict(
        zip(snapshot.item_id[~left_out].tolist(), group[~left_out].tolist(), strict=True)
    )
    told: dict[int, tuple[str, str, dict[str, None]]] = {}
    same: dict[str, str] = {}
    done = 0
    for done, row in enumerate(_rows(store), 1):
        family = family_of.get(row["id"])
        if done % CHUNK == 0:
            progress(done, len(snapshot))
        if family is not None:
            _, _, labels = told.setdefault(family, (row["title"], row["words"], {}))
            # Thousands share a brand or a category: one text of each is held, not thousands.
            labels.update(dict.fromkeys(same.setdefault(one, one) for one in _labels(row)))
    families = sorted(told)
    return Descriptions(
        group_id=np.array(families, dtype=np.int64),
        texts={
            "title": [told[family][0] for family in families],
            "text": [told[family][1] for family in families],
        },
        labels=[[*told[family][2]] for family in families],
        rows_read=done,
    )


def _rows(store: int) -> Iterator[dict[str, Any]]:
    rows = Item.objects.using(router.db_for_read(Item)).filter(store=store, retired_at=None)
    rows = rows.order_by("id").annotate(words=Left("text", MOST_CHARACTERS))
    columns = ("id", "title", "words", "brand", "category", "attributes")
    last = 0
    # Page by page along the key: no cursor is held while somebody learns.
    while chunk := list(rows.filter(id__gt=last).values(*columns)[:CHUNK]):
        yield from chunk
        last = chunk[-1]["id"]


def _labels(row: Mapping[str, Any]) -> Iterator[str]:
    if row["brand"]:
        yield f"brand: {row['brand']}"
    path = row["category"].split(LEVELS) if row["category"] else []
    for depth in range(len(path)):
        yield f"category: {LEVELS.join(path[: depth + 1])}"
    for name, value in row["attributes"].items():
        for one in value if isinstance(value, list) else [value]:
            if one not in (None, ""):
                yield f"{name}: {one}"
