"""What visitors do, in a line each, and the look of the jobs at it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from persona_django.deriving import derive, gifts
from persona_django.feedback.models import ServedSlate
from persona_django.identity.models import Standing, Visitor
from persona_django.tracking.context import Context, Sender
from persona_django.tracking.derived import Changed
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import DERIVED, Kind

HOUR, DAY = 3_600, 86_400
_uids = count(1)


def now() -> int:
    return int(time.time())


def ago(seconds: float) -> int:
    return now() - int(seconds)


def did(shopper: int, kind: Kind, item: int = 0, *, at: int, **fields: Any) -> Event:
    """One event, as the endpoint would have stored it."""
    uid = fields.pop("uid", None) or next(_uids) * 1_000_003
    sender = fields.pop("sender", Sender.SCRIPT)
    context = fields.pop("context", Context(sender=sender).packed())
    event = Event(
        shopper=shopper, uid=uid, kind=kind, item_id=item, at=at, context=context, **fields
    )
    event.save()
    return event


def saw(
    shopper: int,
    items: Sequence[int],
    *,
    at: int,
    seen: Sequence[int] = (),
    chosen: Sequence[int] = (),
    dismissed: Sequence[int] = (),
) -> ServedSlate:
    """A slate of these items, with the positions (from 0) that were seen, chosen, dismissed."""
    return ServedSlate.objects.create(
        shopper=shopper,
        uid=next(_uids) * 1_000_003,
        block="similar-items",
        at=at,
        items=np.array(items, dtype="<i8").tobytes(),
        seen=bits(seen),
        clicked=bits(chosen),
        dismissed=bits(dismissed),
    )


def bits(positions: Sequence[int]) -> int:
    return sum(1 << position for position in positions)


def searched(shopper: int, words: str, *, at: int, results: int | None = 3) -> Intent:
    return Intent.objects.create(
        shopper=shopper,
        uid=next(_uids) * 1_000_003,
        kind=Intent.Kind.SEARCH,
        at=at,
        words=words,
        results=results,
    )


def visitor(
    key: int, *, account: int | None = None, standing: Standing = Standing.QUALIFIED, **fields: Any
) -> Visitor:
    fields.setdefault("purposes", "measure")
    return Visitor.objects.create(key=key, account=account, standing=standing, **fields)


def look_again(*, from_scratch: bool = False) -> Changed:
    """The look of the job, at whatever is new."""
    changed = derive.derive(beat=lambda: None, from_scratch=from_scratch)
    assert changed is not None
    return changed


def look_for_gifts() -> Changed:
    changed = gifts.find_gifts(beat=lambda: None)
    assert changed is not None
    return changed


def worked_out(*kinds: Kind) -> list[tuple[int, str, int, int]]:
    """Shopper, kind, item and confidence of every derived event."""
    rows = Event.objects.filter(kind__in=kinds or DERIVED)
    found = rows.values_list("shopper", "kind", "item_id", "value").order_by(
        "shopper", "kind", "item_id", "value"
    )
    return [(who, Kind(kind).name.lower(), item, value) for who, kind, item, value in found]


def rows_of_derived() -> set[tuple[int, ...]]:
    """Everything about every derived event but the number of its row."""
    names = ("store", "shopper", "uid", "kind", "item_id", "at", "basis", "value", "context")
    return set(Event.objects.filter(kind__in=DERIVED).values_list(*names))
