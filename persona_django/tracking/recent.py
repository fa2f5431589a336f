"""What this shopper said lately about items, read on the request, so that the next page answers.

Only of visitors who agreed to be personalised for, and only what they said themselves in so many
words; what they merely did is learnt from by tasks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.db import router
from django.db.models import Q, Value

from persona_django.breaker import database_call
from persona_django.catalogue.snapshot import Snapshot
from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event
from persona_django.tracking.schema import LOOKS, Kind
from persona_django.tracking.visits import gap_seconds

SAYS = (Kind.DISMISS, Kind.RESTORE)
MOST_LOOKS = 60
"""Of the present visit, the latest."""
LONGEST_VISIT = timedelta(hours=12)
"""What somebody looked at longer ago is no part of a visit."""
MOST_SAID = 1_000
"""Of one shopper, the latest; more would make everybody's page wait for one who clicks all day."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said about one item, and when."""

    item_id: int
    kind: int
    at: int
    """Seconds since 1970, UTC."""


@dataclass(frozen=True, kw_only=True)
class Recent:
    """What one shopper did lately that the next page answers to."""

    said: tuple[Said, ...] = ()
    """By them, and by whoever else is linked to the same account and still agrees; latest last."""
    looked_at: tuple[int, ...] = ()
    """Items of the present visit of this visitor alone, the latest last: what somebody else of
    the same account is looking at is another visit."""


def recent_of(visitor: int, *, now: int, looks: bool = False, store: int = 1) -> Recent:
    """What a visitor said and, where that is asked for, looked at in this visit.

    One query; Resting while the database is left alone. Its parts are apart, because a database
    that is asked for all at once reads the whole log. What was said comes first, so that no number
    of looks pushes any of it out.
    """
    events = Event.objects.using(router.db_for_read(Event)).filter(store=store)
    said = Q(kind__in=SAYS)
    looked = Q(kind__in=LOOKS, at__gte=now - int(LONGEST_VISIT.total_seconds()))
    visitors = Visitor.objects.using(events.db)
    accounts = visitors.filter(key=visitor, account__isnull=False).values("account")
    others = visitors.filter(account__in=accounts).exclude(key=visitor).exclude(purposes="")
    parts = [
        (events.filter(said, shopper=visitor), 0),
        (events.filter(said, shopper__in=others.values("key")), 0),
    ]
    if looks:
        parts.append((events.filter(looked, shopper=visitor), 1))
    first, *more = (
        part.annotate(turn=Value(turn)).values_list("turn", "at", "id", "item_id", "kind")
        for part, turn in parts
    )
    latest = first.union(*more, all=True).order_by("turn", "-at", "-id")[: MOST_SAID + MOST_LOOKS]
    with database_call(events.db):
        found = list(latest)
    spoke = [row for row in found if row[0] == 0][:MOST_SAID]
    looked_at = [(at, item_id) for turn, at, _, item_id, _ in found if turn]
    # The parts share one bound, so that more may be here than is wanted.
    return Recent(
        said=tuple(
            Said(item_id=item_id, kind=kind, at=at) for _, at, _, item_id, kind in reversed(spoke)
        ),
        looked_at=_of_this_visit(looked_at[:MOST_LOOKS], now=now),
    )


def _of_this_visit(latest_first: Iterable[tuple[int, int]], *, now: int) -> tuple[int, ...]:
    """Items until the first silence that is long enough to end a visit."""
    items: list[int] = []
    last = now
    for at, item in latest_first:
        if last - at >= gap_seconds():
            break
        items.append(item)
        last = at
    return tuple(reversed(items))


def dismissed_families(said: Iterable[Said], snapshot: Snapshot) -> frozenset[int]:
    """Families that are not to be shown: what was said last about any member of one counts."""
    told = list(said)
    if not told:
        return frozenset()
    families = snapshot.group_of(np.array([one.item_id for one in told], dtype=np.int64))
    last = dict(zip(families.tolist(), (one.kind for one in told), strict=True))
    return frozenset(family for family, kind in last.items() if family and kind == Kind.DISMISS)
