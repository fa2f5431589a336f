"""Two versions of a relation side by side, in titles and not in numbers of items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from persona_django.catalogue.models import Item
from persona_django.model_registry.models import ModelVersion
from persona_django.similarity.difference import Difference, ListChange, difference


@dataclass(frozen=True, kw_only=True)
class Named:
    """An item by its title."""

    item_id: int
    item: Item | None
    """None once it is gone from the mirror."""
    moved: bool = False
    """Whether it is in this list and not in the one beside it."""


@dataclass(frozen=True, kw_only=True)
class ChangedList:
    """One item's list in both versions."""

    item_id: int
    item: Item | None
    kept: str
    before: list[Named]
    after: list[Named]


def compared(before: ModelVersion, after: ModelVersion) -> dict[str, Any]:
    """What a page says of the two: figures, the lists that changed most, what came and went."""
    found = difference(before.pk, after.pk, relation=before.relation)
    shown = {item for one in found.most for item in (one.item_id, *one.before, *one.after)}
    items = Item.objects.in_bulk(shown.union(found.came, found.went))
    return {
        "figures": _figures(found),
        "lists": [_by_title(one, items) for one in found.most],
        "sides": [
            (_("The busiest items that have a list now"), _named(found.came, items)),
            (_("The busiest items that have none any more"), _named(found.went, items)),
        ],
    }


def _figures(found: Difference) -> list[tuple[str, str]]:
    counts = [
        (_("Lists before"), found.before),
        (_("Lists after"), found.after),
        (_("Items that came"), found.n_came),
        (_("Items that went"), found.n_went),
        (_("Lists that changed among the first ten"), found.changed),
    ]
    figures = [(name, number_format(count, force_grouping=True)) for name, count in counts]
    if found.overlap is not None:
        figures.append((_("Of the first ten kept, on average"), _percent(found.overlap)))
    return figures


def _by_title(change: ListChange, items: dict[int, Item]) -> ChangedList:
    return ChangedList(
        item_id=change.item_id,
        item=items.get(change.item_id),
        kept=_percent(change.kept),
        before=_named(change.before, items, beside=change.after),
        after=_named(change.after, items, beside=change.before),
    )


def _named(
    ids: Iterable[int], items: dict[int, Item], *, beside: Iterable[int] | None = None
) -> list[Named]:
    there = None if beside is None else {*beside}
    return [
        Named(item_id=one, item=items.get(one), moved=there is not None and one not in there)
        for one in ids
    ]


def _percent(share: float) -> str:
    return _("%(percent)s %%") % {"percent": number_format(100 * share, decimal_pos=0)}
