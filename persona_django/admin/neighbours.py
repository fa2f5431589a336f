"""What stands beside an item, with the figures behind it and what a merchant decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from persona_django.catalogue.links import safe_url
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.merchandising.decisions import hidden_beside
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.relations import RELATIONS


@dataclass(frozen=True, kw_only=True)
class NeighbourLine:
    """One neighbour in the words and numbers of its row."""

    item: Item | None
    item_id: int
    score: float
    support: int
    support_of: int
    log_likelihood: float
    hidden: bool

    @property
    def picture(self) -> str:
        """Its first picture, small."""
        return picture_of(self.item)


_HEADINGS = {
    "similar": gettext_lazy("Similar: liked by the same shoppers"),
    "bought-together": gettext_lazy("Bought together: in the same orders"),
}


def picture_of(item: Item | None) -> str:
    """The item's first picture, small; nothing where it has none."""
    address = item.images[0] if item and item.images else ""
    if not safe_url(address):
        return "–"
    return format_html('<img src="{}" alt="" width="48" height="48" loading="lazy">', address)


def family_of(item: Item) -> int:
    """The family that relations know this item by."""
    snapshot = current_snapshot(item.store)
    if snapshot is None:
        return item.pk
    found = int(snapshot.group_of(np.array([item.pk], dtype=np.int64))[0])
    return found if found > 0 else item.pk


def relations_of(item: Item) -> list[tuple[str, list[NeighbourLine]]]:
    """Every relation's live neighbours of this item, with pictures, scores and support."""
    family = family_of(item)
    rows = neighbours_of([family], store=item.store)
    shown = {int(other) for row in rows.values() for other in row.item_id}
    items = Item.objects.in_bulk(shown)
    hidden = hidden_beside(family, store=item.store)
    sections = []
    for name, relation in RELATIONS.items():
        row = rows.get((relation, family))
        lines = [] if row is None else [
            NeighbourLine(
                item=items.get(int(other)),
                item_id=int(other),
                score=float(score),
                support=int(support),
                support_of=int(row.item_support),
                log_likelihood=float(llr),
                hidden=int(other) in hidden,
            )
            for other, score, support, llr in zip(
                row.item_id, row.score, row.support, row.llr, strict=True
            )
        ]  # fmt: skip
        sections.append((str(_HEADINGS[name]), lines))
    return sections
