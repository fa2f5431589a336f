"""What changed between two versions of a relation, for whoever looks before publishing one.

Both are read in order of item, some hundred lists at a time, so that memory does not grow with
the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappush, heappushpop, merge
from itertools import groupby
from operator import itemgetter

from django.db import router

from persona_django.similarity.models import NeighbourRow
from persona_django.similarity.packing import unpack

FIRST = 10
"""Neighbours of a list that are compared: those that pages show."""
BUSIEST = 1_000
"""Changed lists among which those that changed most are looked for: what most pages show."""
MOST_NAMED = 20
"""Lists, and items that came or went, that are named and not only counted."""
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """The first ten beside one item, in two versions."""

    item_id: int
    people: int
    """Distinct shoppers of the item, in the later version where it has a list there."""
    before: tuple[int, ...]
    after: tuple[int, ...]
    kept: float
    """Share of those before that are still there."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two versions of one relation side by side."""

    before: int
    """Lists of the earlier version."""
    after: int
    """Lists of the later one."""
    in_both: int
    """Items that have a list in either."""
    changed: int
    """Of those, how many have others among their first ten, or the same in another order."""
    overlap: float | None
    """Mean share of the first ten that is still there; None where no item has two lists."""
    most: tuple[ListChange, ...]
    """Of the busiest lists those that kept least, and of equals the busiest first."""
    came: tuple[int, ...]
    """The busiest items that have a list in the later version only."""
    went: tuple[int, ...]
    """The busiest that have one in the earlier version only."""

    @property
    def n_came(self) -> int:
        """How many items have a list in the later version only."""
        return self.after - self.in_both

    @property
    def n_went(self) -> int:
        """How many have one in the earlier version only."""
        return self.before - self.in_both


def difference(before: int, after: int, *, relation: int) -> Difference:
    """Compare every list of two versions, given by id. Raises BadArtefact for a damaged row.

    One list that only grew has kept everything, as for `MIN_OVERLAP_KEPT`.
    """
    changed, came, went = _Busiest(BUSIEST), _Busiest(MOST_NAMED), _Busiest(MOST_NAMED)
    in_both, kept = 0, 0.0
    sides = merge(_rows(before, relation, side=0), _rows(after, relation, side=1))
    for item_id, rows in groupby(sides, key=itemgetter(0)):
        found = {side: data for _, side, data in rows}
        if len(found) == 1:
            side, data = found.popitem()
            (came if side else went).add(_change(item_id, data, data))
            continue
        in_both += 1
        # Most lists are the same to the last byte, and need not be unpacked.
        if found[0] == found[1]:
            kept += 1
            continue
        change = _change(item_id, found[0], found[1])
        kept += change.kept
        if change.before != change.after:
            changed.add(change)
    most = sorted(changed, key=lambda one: (one.kept, -one.people, one.item_id))
    return Difference(
        before=in_both + went.seen,
        after=in_both + came.seen,
        in_both=in_both,
        changed=changed.seen,
        overlap=kept / in_both if in_both else None,
        most=tuple(most[:MOST_NAMED]),
        came=tuple(one.item_id for one in came),
        went=tuple(one.item_id for one in went),
    )


def _rows(version_id: int, relation: int, *, side: int) -> Iterator[tuple[int, int, bytes]]:
    """Item, side and packed list, in order of item."""
    rows = NeighbourRow.objects.using(router.db_for_write(NeighbourRow))
    rows = rows.filter(version_id=version_id, relation=relation).order_by("item_id")
    some = list(rows.values_list("item_id", "data")[:_AT_ONCE])
    while some:
        yield from ((item_id, side, bytes(data)) for item_id, data in some)
        later = rows.filter(item_id__gt=some[-1][0])
        some = list(later.values_list("item_id", "data")[:_AT_ONCE])


def _change(item_id: int, old: bytes, new: bytes) -> ListChange:
    now, was = unpack(new), unpack(old)
    before, after = (tuple(one.item_id[:FIRST].tolist()) for one in (was, now))
    return ListChange(
        item_id=item_id,
        people=now.item_support,
        before=before,
        after=after,
        kept=len({*before} & {*after}) / len(before),
    )


class _Busiest:
    """How many were seen, and those with the most people behind them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.seen = 0
        self._kept: list[tuple[int, int, ListChange]] = []

    def add(self, one: ListChange) -> None:
        self.seen += 1
        # No two have the same item, so lists themselves are never compared.
        entry = (one.people, -one.item_id, one)
        if len(self._kept) < self.most:
            heappush(self._kept, entry)
        else:
            heappushpop(self._kept, entry)

    def __iter__(self) -> Iterator[ListChange]:
        """The busiest first."""
        return (one for *_, one in sorted(self._kept, reverse=True, key=itemgetter(0, 1)))
