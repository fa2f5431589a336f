"""Writes what a task worked out of the log, so that the table holds exactly that and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django.catalogue.paced import in_chunks
from persona_django.tracking import writing
from persona_django.tracking.models import Event

COMPARED = ("shopper", "uid", "kind", "item_id", "at", "basis", "value", "context")
"""What makes a derived event what it is; the first three are its name."""
NOTHING: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Changed:
    """How many derived events came and went; one that changed did both."""

    added: int = 0
    removed: int = 0

    def __add__(self, other: Changed) -> Changed:
        return Changed(added=self.added + other.added, removed=self.removed + other.removed)


def replace(
    columns: Mapping[str, NDArray[np.int64]],
    *,
    shoppers: Collection[int],
    kinds: Collection[int],
    since: int,
    store: int = 1,
    none_new_before: Mapping[int, int] = NOTHING,
) -> Changed:
    """Let the derived events of these shoppers, kinds and times be these and no others.

    What is there already stays as it is, so that doing it again changes nothing, and being killed
    half way leaves nothing that the next time would not mend. `columns` are those of `COMPARED`.
    Of a kind in `none_new_before`, what happened before that moment may be changed or taken back,
    but not added: whoever asks did not look at all that speaks against it.
    """
    alias = router.db_for_write(Event)
    rows = Event.objects.using(alias).filter(
        store=store, shopper__in=sorted(shoppers), kind__in=sorted(kinds), at__gte=since
    )
    there = {tuple(row[1:]): row[0] for row in rows.values_list("id", *COMPARED)}
    names = {row[:3] for row in there}
    columns = _taken(columns, names, none_new_before)
    wanted = list(zip(*(columns[name].tolist() for name in COMPARED), strict=True))
    gone = sorted(there[row] for row in there.keys() - set(wanted))
    new = np.array([row not in there for row in wanted], dtype=bool)
    # First those that go: one that changed keeps its name.
    in_chunks(alias, gone, lambda ids: _delete(alias, ids))
    added = _insert({name: columns[name][new] for name in COMPARED}, store)
    return Changed(added=added, removed=len(gone))


def _taken(
    columns: Mapping[str, NDArray[np.int64]],
    names: Set[tuple[int, ...]],
    none_new_before: Mapping[int, int],
) -> Mapping[str, NDArray[np.int64]]:
    """Without what is new and too old to be new."""
    kept = np.ones(len(columns["uid"]), dtype=bool)
    for kind, moment in none_new_before.items():
        for row in np.flatnonzero((columns["kind"] == kind) & (columns["at"] < moment)).tolist():
            kept[row] = tuple(int(columns[name][row]) for name in COMPARED[:3]) in names
    return {name: columns[name][kept] for name in COMPARED}


def _delete(alias: str, ids: Collection[int]) -> None:
    Event.objects.using(alias).filter(pk__in=list(ids))._raw_delete(alias)


def _insert(columns: Mapping[str, NDArray[np.int64]], store: int) -> int:
    n = len(columns["uid"])
    if not n:
        return 0
    one = np.ones(n, dtype=np.int64)
    return writing.insert_columns(
        {**columns, "store": store * one, "order": 0 * one, "quantity": one, "price": -one}
    )
