"""What this shopper said lately about items, read on the request, so that the next page answers.

Only of visitors who agreed to be personalised for, and only what they said themselves in so many
words; what they merely did is learnt from by tasks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db import router

from persona_django.breaker import database_call
from persona_django.catalogue.snapshot import Snapshot
from persona_django.identity.models import Visitor
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind

MOST_SAID = 1_000
"""Of one shopper, the latest; more would make everybody's page wait for one who clicks all day."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was said about one item, and when."""

    item_id: int
    kind: int
    at: int
    """Seconds since 1970, UTC."""


def said_by(visitor: int, *, store: int = 1) -> list[Said]:
    """What a visitor, and whoever else is linked to the same account and still agrees, said; the
    latest last.

    One query; Resting while the database is left alone. The two halves of it are apart, because
    a database that is asked for both at once reads the whole log.
    """
    events = Event.objects.using(router.db_for_read(Event)).filter(
        store=store, kind__in=(Kind.DISMISS, Kind.RESTORE)
    )
    visitors = Visitor.objects.using(events.db)
    accounts = visitors.filter(key=visitor, account__isnull=False).values("account")
    others = visitors.filter(account__in=accounts).exclude(key=visitor).exclude(purposes="")
    columns = ("at", "id", "item_id", "kind")
    own = events.filter(shopper=visitor).values_list(*columns)
    linked = events.filter(shopper__in=others.values("key")).values_list(*columns)
    latest = own.union(linked, all=True).order_by("-at", "-id")[:MOST_SAID]
    with database_call(events.db):
        found = list(latest)
    return [Said(item_id=item_id, kind=kind, at=at) for at, _, item_id, kind in reversed(found)]


def dismissed_families(said: Iterable[Said], snapshot: Snapshot) -> frozenset[int]:
    """Families that are not to be shown: what was said last about any member of one counts."""
    told = list(said)
    if not told:
        return frozenset()
    families = snapshot.group_of(np.array([one.item_id for one in told], dtype=np.int64))
    last = dict(zip(families.tolist(), (one.kind for one in told), strict=True))
    return frozenset(family for family, kind in last.items() if family and kind == Kind.DISMISS)
