"""Slates in visitors' pages: what of each was seen, chosen and not wanted.

A slate is reported more than once, each time with more of it seen. What is reported only ever
adds, so that neither repetition nor order makes a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db import router

from persona_django import counters
from persona_django.feedback.models import ServedSlate
from persona_django.feedback.slates import ITEM, slots_of
from persona_django.feedback.tokens import SlotProof
from persona_django.tracking.inserting import insert_new
from persona_django.tracking.report_values import LAST_POSITION

LONGEST_BLOCK = 60
"""Characters of the block's name; the width of its column."""
_FIELDS = (
    "shopper", "uid", "store", "block", "version", "at", "items", "seen", "clicked", "dismissed",
    "context",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SlateNews:
    """What one report adds to one slate."""

    uid: int
    at: int
    context: int
    block: str
    version: int
    items: Mapping[int, int]
    """Item by position, from 1, as our own signatures prove."""
    seen: int = 0
    clicked: int = 0
    dismissed: int = 0


def bits(positions: Sequence[int]) -> int:
    """Positions, from 1, as the bits of one number.

    >>> bits([1, 3])
    5
    """
    marks = 0
    for position in positions:
        marks |= 1 << position - 1
    return marks


def proven(proofs: Sequence[SlotProof]) -> dict[int, int] | None:
    """Item by position as tokens prove; None when they are not all of one slate."""
    if len({(proof.block, proof.version) for proof in proofs}) != 1:
        return None
    items = {proof.position: proof.item_id for proof in proofs}
    sound = all(1 <= position <= LAST_POSITION for position in items)
    return items if sound and len(items) == len(proofs) else None


@dataclass(kw_only=True)
class _Row:
    """A slate's row while reports are added to it."""

    block: str
    version: int
    at: int
    context: int
    items: dict[int, int] = field(default_factory=dict)
    seen: int = 0
    clicked: int = 0
    dismissed: int = 0

    def add(self, news: SlateNews) -> bool:
        """Whether that changed anything. The first to name a slot's item is believed."""
        if news.block[:LONGEST_BLOCK] != self.block or any(
            self.items.get(position, item_id) != item_id
            for position, item_id in news.items.items()
        ):
            counters.count("event_mismatch")
            return False
        before = (len(self.items), self.seen, self.clicked, self.dismissed)
        self.items.update(news.items)
        known = bits(list(self.items))
        self.seen |= news.seen & known
        self.clicked |= news.clicked & known
        self.dismissed |= news.dismissed & known
        return before != (len(self.items), self.seen, self.clicked, self.dismissed)

    def packed(self) -> bytes:
        ids = np.zeros(max(self.items, default=0), dtype=ITEM)
        for position, item_id in self.items.items():
            ids[position - 1] = item_id
        return ids.tobytes()


def merge(shopper: int, store: int, news: Sequence[SlateNews]) -> list[bool]:
    """Add reports to the slates of one visitor in the caller's transaction; whether each, in its
    order, brought anything new."""
    by_slate: dict[int, list[int]] = {}
    for at, one in enumerate(news):
        by_slate.setdefault(one.uid, []).append(at)
    fresh = {uid: _begun(news[places[0]]) for uid, places in by_slate.items()}
    told = [False] * len(news)

    def add(row: _Row, uid: int) -> None:
        for at in by_slate[uid]:
            told[at] = row.add(news[at])

    for uid, row in fresh.items():
        add(row, uid)
    rows = [_values(shopper, store, uid, row) for uid, row in fresh.items()]
    standing = fresh.keys() - {uid for _, uid in insert_new(ServedSlate, _FIELDS, rows)}
    if not standing:
        return told
    alias = router.db_for_write(ServedSlate)
    locked = ServedSlate.objects.using(alias).select_for_update()
    for found in locked.filter(shopper=shopper, uid__in=standing).order_by("uid"):
        row = _of(found)
        add(row, found.uid)
        if any(told[at] for at in by_slate[found.uid]):
            ServedSlate.objects.using(alias).filter(pk=found.pk).update(
                items=row.packed(),
                seen=row.seen,
                clicked=row.clicked,
                dismissed=row.dismissed,
            )
    return told


def _begun(news: SlateNews) -> _Row:
    return _Row(
        block=news.block[:LONGEST_BLOCK], version=news.version, at=news.at, context=news.context
    )


def _of(found: ServedSlate) -> _Row:
    ids = slots_of(found.items).tolist()
    return _Row(
        block=found.block,
        version=found.version,
        at=found.at,
        context=found.context,
        items={position: item_id for position, item_id in enumerate(ids, 1) if item_id},
        seen=found.seen,
        clicked=found.clicked,
        dismissed=found.dismissed,
    )


def _values(shopper: int, store: int, uid: int, row: _Row) -> tuple[object, ...]:
    return (
        shopper, uid, store, row.block, row.version, row.at, row.packed(), row.seen, row.clicked,
        row.dismissed, row.context,
    )  # fmt: skip
