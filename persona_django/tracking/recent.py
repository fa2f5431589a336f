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
from django.db.models import Case, Q, QuerySet, Value, When

from persona_django.breaker import database_call
from persona_django.catalogue.snapshot import Snapshot
from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event
from persona_django.tracking.schema import DERIVED, LOOKS, Basis, Kind
from persona_django.tracking.visits import gap_seconds

SAYS = (Kind.DISMISS, Kind.RESTORE)
MOST_LOOKS = 60
"""Of the present visit, the latest."""
MOST_DONE = 300
"""Of what else was done in it, the latest, which says that the visit went on."""
LONGEST_VISIT = timedelta(hours=12)
"""What somebody looked at longer ago is no part of a visit."""
MOST_SAID = 1_000
"""Of one shopper, the latest; more would make everybody's page wait for one who clicks all day."""

_SAID, _LOOKED, _DID = range(3)
"""The order in which they are read."""
_Row = tuple[int, int, int, int]
"""When, its number, the item, the kind."""


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
    of looks pushes any of it out, and the looks before what only says that the visit went on.
    """
    events = Event.objects.using(router.db_for_read(Event)).filter(store=store)
    said = Q(kind__in=SAYS)
    visitors = Visitor.objects.using(events.db)
    accounts = visitors.filter(key=visitor, account__isnull=False).values("account")
    others = visitors.filter(account__in=accounts).exclude(key=visitor).exclude(purposes="")
    parts: list[tuple[QuerySet[Event], Value | Case]] = [
        (events.filter(said, shopper=visitor), Value(_SAID)),
        (events.filter(said, shopper__in=others.values("key")), Value(_SAID)),
    ]
    if looks:
        lately = events.filter(shopper=visitor, at__gte=now - int(LONGEST_VISIT.total_seconds()))
        done = lately.exclude(kind__in=DERIVED).exclude(basis=Basis.AGGREGATE)
        parts.append((done, Case(When(kind__in=LOOKS, then=_LOOKED), default=_DID)))
    first, *more = (
        part.annotate(turn=turn).values_list("turn", "at", "id", "item_id", "kind")
        for part, turn in parts
    )
    # All of them share one bound, so that more may be here than is wanted of each.
    bound = MOST_SAID + MOST_LOOKS + MOST_DONE
    latest = first.union(*more, all=True).order_by("turn", "-at", "-id")[:bound]
    with database_call(events.db):
        found = list(latest)
    spoke, looked, did = (
        [row[1:] for row in found if row[0] == turn][:most]
        for turn, most in ((_SAID, MOST_SAID), (_LOOKED, MOST_LOOKS), (_DID, MOST_DONE))
    )
    return Recent(
        said=tuple(
            Said(item_id=item_id, kind=kind, at=at) for at, _, item_id, kind in reversed(spoke)
        ),
        looked_at=_of_this_visit(sorted(looked + did, reverse=True), now=now),
    )


def _of_this_visit(latest_first: Iterable[_Row], *, now: int) -> tuple[int, ...]:
    """Items looked at until the first silence that is long enough to end a visit, which is one in
    which nothing else was done either: nobody looks at another page during a film."""
    items: list[int] = []
    last = now
    for at, _, item, kind in latest_first:
        if last - at >= gap_seconds():
            break
        if kind in LOOKS:
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
