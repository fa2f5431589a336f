"""What visitors found useful after a search, counted in crowds and under no name.

It is counted in the moment in which the words are forgotten: later nobody knows who searched for
what. So what came of a search is what came of it in the same visit. A crowd is complete when so
many distinct visitors did the same; then it is counted as a whole, and the next one gathers. One
visitor, however often they come, is one of a crowd and never the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from django.db import DatabaseError, router
from numpy.typing import NDArray

from persona_django import conf, counters
from persona_django.catalogue import state
from persona_django.catalogue.snapshot import current_snapshot
from persona_django.columns.write import update_rows
from persona_django.exceptions import BrokenMap, Resting
from persona_django.identity.keys import keyed
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.queries import query_key
from persona_django.numeric.sorting import distinct
from persona_django.tracking.items import every_sensitive, families
from persona_django.tracking.models import SearchFind
from persona_django.tracking.orders import read_orders
from persona_django.tracking.schema import Basis, Kind
from persona_django.tracking.search_marks import AT_ONCE, apart, marks_of

IntArray = NDArray[np.int64]
What = SearchFind.What

CAME_OF_IT: Mapping[int, What] = {
    Kind.VIEW: What.LOOKED,
    Kind.CLICK: What.LOOKED,
    Kind.PLAY: What.LOOKED,
    Kind.CART_ADD: What.CHOSEN,
    Kind.SAVE: What.CHOSEN,
    Kind.PURCHASE: What.BOUGHT,
}
"""A search after which one of these follows led somewhere."""
MOST_FINDS = 60
"""Of one search in one visit, the first; nobody looks through more results."""
_UNREAD = (
    "The shop's orders could not be read, so what was bought after some searches is not learnt "
    "from. The next searches are counted with their orders again once they can be read."
)
_CLOSED = {"visitors": 0, "term": 0, "item_id": 0, "what": 0}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing done in a visit."""

    at: int
    kind: int
    families: tuple[int, ...]
    """None where the catalogue does not know it, or where it is sensitive."""


@dataclass(kw_only=True)
class Find:
    """What is new about one family after one search."""

    term: int
    item_id: int
    what: What
    finders: set[int] = field(default_factory=set)
    last_at: int = 0


def key_of(words: str) -> str:
    """What a search asks for, in the language of the shop; empty where it holds no word."""
    return query_key(words, language=settings.LANGUAGE_CODE)


def term_of_key(key: str) -> int:
    """The number that stands for all searches that ask for this."""
    return keyed("search", f"asks for\0{key}")


def number_of(key: str, what: What, family: int) -> int:
    """The number of the row for what came of all searches that ask for this."""
    return keyed("search", f"found\0{key}\0{int(what)}\0{family}")


def crowd_of(what: int) -> int:
    """Distinct visitors who must do the same: as many as anything from purchases needs, where
    only purchases speak."""
    least = conf.current().min_support
    is_bought = what in (What.BOUGHT, What.IN_THE_END)
    return max(conf.current().min_buyers, least) if is_bought else least


def steps_of(
    visit: IntArray,
    at: IntArray,
    kind: IntArray,
    item: IntArray,
    order: IntArray,
    basis: IntArray,
    *,
    store: int,
) -> dict[int, list[Step]]:
    """What was looked at, chosen or bought, by visit, in order of time."""
    told = np.flatnonzero(np.isin(kind, [*CAME_OF_IT, Kind.ORDERED]))
    told = told[np.argsort(at[told], kind="stable")]
    # What names nobody was done in nobody's visit.
    known = np.where(basis[told] == Basis.AGGREGATE, 0, item[told])
    family = _families(known, store)
    is_order = kind[told] == Kind.ORDERED
    ordered = _ordered(order[told][is_order], at[told][is_order], store=store)
    steps: dict[int, list[Step]] = {}
    columns = (visit[told], at[told], kind[told], family, order[told])
    for place, moment, kind_, one, number in zip(*map(np.ndarray.tolist, columns), strict=True):
        found = ordered.get(number, ()) if kind_ == Kind.ORDERED else (one,) if one else ()
        steps.setdefault(place, []).append(Step(at=moment, kind=kind_, families=found))
    return steps


def _families(items: IntArray, store: int) -> IntArray:
    snapshot = current_snapshot(store)
    return np.zeros(len(items), np.int64) if snapshot is None else families(items, snapshot)


def _ordered(numbers: IntArray, at: IntArray, *, store: int) -> dict[int, tuple[int, ...]]:
    """The families of some orders, read from the shop's own tables; nothing where they cannot be
    read, for words must not wait for that."""
    if not len(numbers):
        return {}
    try:
        # A shop may keep the day alone, of which the beginning counts.
        lines = read_orders(store, since=int(at.min()) - DAY_SECONDS)
    except (BrokenMap, DatabaseError, Resting) as error:
        counters.failed("search_orders_unread", _UNREAD, error=error)
        return {}
    of_these = np.isin(lines.order, numbers)
    order, family = lines.order[of_these], _families(lines.item[of_these], store)
    found: dict[int, dict[int, None]] = {}
    for number, one in zip(order.tolist(), family.tolist(), strict=True):
        found.setdefault(number, {})[one] = None
    return {number: tuple(one for one in ones if one) for number, ones in found.items()}


def found_after(
    steps: Iterable[Step], *, since: int, until: int, led: bool
) -> list[tuple[What, int]]:
    """What came of a search, from when it was made until the next one; and where it led nowhere,
    what was bought in the end, whatever was searched for meanwhile."""
    found: dict[tuple[What, int], None] = {}
    for step in steps:
        if step.at < since:
            continue
        what = CAME_OF_IT.get(step.kind, What.BOUGHT)
        for family in step.families:
            if step.at < until:
                found[what, family] = None
            if what == What.BOUGHT and not led:
                found[What.IN_THE_END, family] = None
    return list(found)[:MOST_FINDS]


class Finds:
    """What is new after some searches, each under the number of its row."""

    def __init__(self) -> None:
        self._new: dict[int, Find] = {}

    def add(self, words: str, found: Sequence[tuple[What, int]], *, person: int, at: int) -> None:
        """Note what one person found after they had searched for these words."""
        key = key_of(words)
        if not key:
            return
        for what, family in found:
            one = self._new.setdefault(
                number_of(key, what, family),
                Find(term=term_of_key(key), item_id=family, what=what),
            )
            one.finders.add(person)
            one.last_at = max(one.last_at, at)

    def write(self, alias: str, store: int) -> None:
        """Add to the rows, in order, so that no two writers wait in a circle. Within the
        transaction that forgets the words."""
        rows = SearchFind.objects.using(alias)
        wanted = sorted(self._new)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            rows.bulk_create(
                [SearchFind(store=store, find=find, marks=b"") for find in some],
                ignore_conflicts=True,
            )
            there = rows.filter(store=store, find__in=some).order_by("find")
            changed = list(there.select_for_update())
            for row in changed:
                _add_to(row, self._new[row.find])
            update_rows(alias, changed, (*_CLOSED, "marks", "last_at"))


def _add_to(row: SearchFind, new: Find) -> None:
    crowd = crowd_of(new.what)
    if row.visitors < crowd:
        # Also where the shop asks for more by now than it did.
        row.visitors = row.term = row.item_id = row.what = 0
    gathered = apart(bytes(row.marks)) | apart(marks_of(new.finders, row.find).tobytes())
    if len(gathered) >= crowd:
        row.term, row.item_id, row.what = new.term, new.item_id, new.what
        row.visitors, row.marks = row.visitors + len(gathered), b""
        row.last_at = max(row.last_at, new.last_at)
        return
    row.marks = b"".join(sorted(gathered))
    # A crowd that gathers is as old as its first mark: who comes again must not keep the marks of
    # others. One that is known grows old by the last crowd, for two tell nothing new.
    row.last_at = row.last_at or new.last_at


def forget_small() -> int:
    """Forget what smaller crowds found than the shop wants by now; how many there were."""
    rows = SearchFind.objects.using(router.db_for_write(SearchFind))
    return sum(
        rows.filter(what=what, visitors__lt=crowd_of(what)).update(**_CLOSED) for what in What
    )


def forget_sensitive() -> int:
    """Forget what was found before it was called sensitive; how many finds there were."""
    rows = SearchFind.objects.using(router.db_for_write(SearchFind)).filter(what__gt=0)
    gone = 0
    for store in state.stores():
        here = rows.filter(store=store)
        found = distinct(np.fromiter(here.values_list("item_id", flat=True), dtype=np.int64))
        sensitive = sorted(every_sensitive(store) & set(found.tolist())) if len(found) else []
        for start in range(0, len(sensitive), AT_ONCE):
            some = here.filter(item_id__in=sensitive[start : start + AT_ONCE])
            gone += some.update(**_CLOSED, marks=b"")
    return gone
