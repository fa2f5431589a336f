"""What stands beside an item, with the figures behind it and what a merchant decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from persona_django.blocks.reasons import expected, number
from persona_django.catalogue.links import safe_url
from persona_django.catalogue.models import Item
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.exceptions import NotReady
from persona_django.merchandising.decisions import hidden_beside
from persona_django.model_registry.publish import live_version
from persona_django.numeric.chance import lift
from persona_django.serving.knowledge import knowledge_of
from persona_django.similarity.chance import by_chance
from persona_django.similarity.lookup import neighbours_of
from persona_django.similarity.packing import NO_NEIGHBOURS, NeighbourList
from persona_django.similarity.relations import RELATIONS, SUGGESTIBLE
from persona_django.sources.levels import BRAND, CATEGORY, SHOP, SUB_CATEGORY


@dataclass(frozen=True, kw_only=True)
class NeighbourLine:
    """One neighbour in the words and numbers of its row."""

    relation: str
    item: Item | None
    item_id: int
    score: float
    support: int
    support_of: int
    by_chance: float
    """How many of them would be there by chance; 0: not known."""
    lift: float
    log_likelihood: float
    gap_days: float | None
    hidden: bool
    suggested: bool
    """There for a merchant's word alone."""

    @property
    def whole_days(self) -> int:
        """The gap as it is shown, which decides between one day and several."""
        return round(self.gap_days or 0)

    @property
    def sentence(self) -> str:
        """Who stands behind it, of how many, and how many would by chance."""
        figures = {"support": number(self.support), "all": number(self.support_of)}
        said = str(_SENTENCES[self.relation]) % figures
        if not self.by_chance:
            return said
        return _("%(said)s; by chance %(chance)s") % {
            "said": said,
            "chance": expected(self.by_chance),
        }

    @property
    def picture(self) -> str:
        """Its first picture, small."""
        return picture_of(self.item)


_HEADINGS = {
    "similar": gettext_lazy("Similar: liked by the same shoppers"),
    "bought-together": gettext_lazy("Bought together: in the same orders"),
    "bought-after": gettext_lazy("Bought after: in one of the next orders"),
    "viewed-next": gettext_lazy("Viewed next: later in the same visit"),
    "content": gettext_lazy("Content: alike in words, brand, category and attributes"),
    "viewed-then-bought": gettext_lazy("Viewed, then bought: what visitors of this one ordered"),
}


_SENTENCES = {
    "similar": gettext_lazy("%(support)s of %(all)s who liked this item liked it, too"),
    "bought-together": gettext_lazy(
        "%(support)s of %(all)s buyers of this item bought it in the same order"
    ),
    "bought-after": gettext_lazy("%(support)s of %(all)s buyers of this item bought it later"),
    "viewed-next": gettext_lazy(
        "%(support)s of %(all)s visitors of this item looked at it later in the visit"
    ),
    "viewed-then-bought": gettext_lazy(
        "%(support)s of %(all)s visitors of this item bought it in the end"
    ),
}
"""What the figures say, for relations that people stand behind."""

_LEVELS = {
    SUB_CATEGORY: gettext_lazy("Sub-category"),
    CATEGORY: gettext_lazy("Category"),
    BRAND: gettext_lazy("Brand"),
    SHOP: gettext_lazy("The whole shop"),
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
        row = rows.get((relation, family), NO_NEIGHBOURS)
        version = live_version(name, item.store)
        chance = by_chance(version, family, row.item_id, row.support)
        lines = [
            NeighbourLine(
                relation=name,
                item=items.get(int(other)),
                item_id=int(other),
                score=float(score),
                support=int(support),
                support_of=int(row.item_support),
                by_chance=float(expectation),
                lift=float(times),
                log_likelihood=float(llr),
                gap_days=None if gap is None else float(gap),
                hidden=int(other) in hidden,
                suggested=relation in SUGGESTIBLE and not support,
            )
            for other, score, support, expectation, times, llr, gap in zip(
                row.item_id,
                row.score,
                row.support,
                chance,
                lift(row.support, chance),
                row.llr,
                _gaps(row),
                strict=True,
            )
        ]
        sections.append((str(_HEADINGS[name]), lines))
    return sections


def stand_ins_of(item: Item) -> list[tuple[str, str, int]]:
    """What fills the blocks of this item where too little goes with it, from the nearest on: the
    level in words, its name, and how many products of it are known to be popular."""
    try:
        known = knowledge_of(item.store)
    except NotReady:
        return []
    row = int(known.families.rows_of(np.array([family_of(item)], dtype=np.int64))[0])
    if known.popular is None or row < 0:
        return []
    return [
        (str(_LEVELS[level.kind]), level.name, count)
        for level, count in known.popular.whole.known_near(row)
    ]


def _gaps(row: NeighbourList) -> Iterable[float | None]:
    return repeat(None, len(row)) if row.gap_days is None else row.gap_days
