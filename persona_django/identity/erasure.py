"""Telling people everything that is held about them, and deleting it for good.

Erasing first puts up the tombstones (a number each, in `Restriction`), then deletes. So whatever
kills it half-way, nothing more is recorded, and the next sweep over the tombstones finishes it;
the same sweep deletes what a message on its way still wrote, and what a restored backup brought
back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from django.db import DatabaseError, router

from persona_django import counters
from persona_django.catalogue.state import bump
from persona_django.exceptions import Resting
from persona_django.identity import remembered, restrictions
from persona_django.identity.holdings import CHUNK_ROWS, Holding, holdings, moment, plain
from persona_django.identity.models import Restriction, Visitor
from persona_django.identity.restrictions import AT_ONCE, Kind
from persona_django.identity.subjects import Subject, subject_of_keys

ERASURES = "erasures"
"""Name of the state that moves with each erasure. What was learnt before it must be learnt anew
before it can go live."""

Beat = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What came of an erasure."""

    rows: dict[str, int] = field(default_factory=dict)
    """Rows deleted, by name of the holding."""
    failed: tuple[str, ...] = ()
    """Holdings that raised; their rows are still there."""
    left: tuple[str, ...] = ()
    """Holdings that the next sweep empties, within minutes."""


def erase(
    subject: Subject, *, on_chunk: Beat | None = None, seconds: float | None = None
) -> Erased:
    """Delete everything about a subject, here and in every registered table, for good.

    Harmless when repeated, and repeated it finishes what was cut off. With `seconds`, for a person
    who waits, no more of our own tables than about so long takes: the next sweep over the
    tombstones does the rest. Tables of the shop are always emptied, for no tombstone finds theirs.
    """
    if subject.is_nobody and not subject.customer:
        return Erased()
    bury(subject.keys - subject.strangers)
    if subject.strangers:
        # They taught nothing, so nothing need be learnt anew.
        until = restrictions.end_of_strangers()
        restrictions.restrict(subject.strangers, Kind.ERASED, until=until)
    done = _sweep(_with_linked(subject), holdings(), on_chunk, seconds=seconds)
    if subject.strangers and any(done.rows.values()):
        # Their first page was faster than we are.
        bump(ERASURES)
    return done


def bury(keys: Collection[int], *, at: int | None = None) -> int:
    """Put up tombstones: nothing is taken in under these numbers any more. How many are new.

    A mapping of keys tells since when, as in a file of tombstones.
    """
    return restrictions.restrict(keys, Kind.ERASED, at=at, moving=[ERASURES])


def replay(*, since: int = 0, on_chunk: Beat | None = None) -> Erased:
    """Delete again whatever stands under a tombstone put up `since` then, or under any.

    After a backup was restored, and every now and then for what was on its way at the time.
    Tables of the shop that go by its own key of a customer cannot be searched by a tombstone.
    """
    _bury_linked(since)
    quick = [holding for holding in holdings() if not holding.goes_through_all]
    slow = [holding for holding in holdings() if holding.goes_through_all]
    everybody: set[int] = set()
    done = Erased()
    for keys in _tombstones(since):
        everybody.update(keys)
        done = _together(done, _sweep(subject_of_keys(keys), quick, on_chunk))
    # Through all rows once, however many were erased.
    done = _together(done, _sweep(subject_of_keys(everybody), slow, on_chunk))
    if any(done.rows.values()):
        bump(ERASURES)
    return done


def _together(one: Erased, other: Erased) -> Erased:
    rows = {name: one.rows.get(name, 0) + n for name, n in other.rows.items()}
    failed = tuple(dict.fromkeys(one.failed + other.failed))
    return Erased(rows={**one.rows, **rows}, failed=failed)


def tombstones() -> Iterator[tuple[int, int]]:
    """Key and time of each, to be kept beside a backup that may be older than they are."""
    rows = Restriction.objects.using(router.db_for_write(Restriction)).filter(kind=Kind.ERASED)
    yield from rows.order_by("key").values_list("key", "at").iterator()


def _tombstones(since: int) -> Iterator[list[int]]:
    rows = Restriction.objects.using(router.db_for_write(Restriction))
    rows = rows.filter(kind=Kind.ERASED, at__gte=since).order_by("key")
    last: int | None = None
    while True:
        part = rows if last is None else rows.filter(key__gt=last)
        keys = list(part.values_list("key", flat=True)[:AT_ONCE])
        if not keys:
            return
        yield keys
        last = keys[-1]


def _sweep(
    subject: Subject,
    which: Iterable[Holding],
    on_chunk: Beat | None,
    *,
    seconds: float | None = None,
) -> Erased:
    """Delete all rows of some holdings. One that raises does not keep the others from it."""
    if subject.is_nobody and not subject.customer:
        return Erased()
    remembered.forget_some(subject.keys)
    until = None if seconds is None else time.monotonic() + seconds
    rows: dict[str, int] = {}
    failed: list[str] = []
    left: list[str] = []
    for holding in which:
        latest = None if holding.is_of_shop else until
        if latest is not None and holding.goes_through_all:
            left.append(holding.name)
            continue
        try:
            rows[holding.name], is_empty = _empty(holding, subject, on_chunk, latest)
        except Exception as error:
            if not holding.is_of_shop:
                raise
            counters.failed("erasure_incomplete", _incomplete(holding), error=error)
            failed.append(holding.name)
        else:
            left += [] if is_empty else [holding.name]
    return Erased(rows=rows, failed=tuple(failed), left=tuple(left))


def _with_linked(subject: Subject) -> Subject:
    """The subject with every visitor that was linked to it while it was being erased: by a
    process that had not heard of the tombstones yet. They get tombstones, too."""
    if new := _linked_to(subject.keys) - subject.keys:
        bury(new)
    return replace(subject, visitors=subject.visitors | new)


def _bury_linked(since: int) -> None:
    """The same for all who were erased `since` then, at once: each process reads all tombstones
    again whenever there are new ones."""
    found: set[int] = set()
    for keys in _tombstones(since):
        found |= _linked_to(keys)
    bury(found)


def _linked_to(keys: Collection[int]) -> set[int]:
    rows = Visitor.objects.using(router.db_for_write(Visitor))
    return set(rows.filter(account__in=sorted(keys)).values_list("key", flat=True))


def _empty(
    holding: Holding, subject: Subject, on_chunk: Beat | None, until: float | None
) -> tuple[int, bool]:
    """How many rows were deleted, and whether those were all; at least one chunk is."""
    deleted = 0
    while True:
        n = holding.erase(subject, CHUNK_ROWS)
        deleted += n
        if on_chunk is not None:
            on_chunk()
        if n < CHUNK_ROWS:
            return deleted, True
        if until is not None and time.monotonic() >= until:
            return deleted, False


def _incomplete(holding: Holding) -> str:
    return (
        f"{holding.name!r}, which the shop registered, could not be erased. Everything of ours "
        "was. Correct it and erase again: that is harmless."
    )


def export(subject: Subject) -> dict[str, Any]:
    """Everything held about a subject, with the meaning of each value, for a machine to read.

    What cannot be told is named by `failed`, and keeps nothing else from being told.
    """
    kept = Restriction.objects.using(router.db_for_write(Restriction))
    restricted = kept.filter(key__in=sorted(subject.keys)).order_by("at")
    failed: list[str] = []
    data = [_section(holding, subject, failed) for holding in holdings()]
    return {
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "known": bool(subject.keys - subject.strangers),
        "left_alone": [
            {"kind": Kind(row.kind).name.lower(), "since": moment(row.at)} for row in restricted
        ],
        "data": data,
        "failed": failed,
    }


def _section(holding: Holding, subject: Subject, failed: list[str]) -> dict[str, Any]:
    rows: list[Any] = []
    try:
        # What a function of the shop's gives may be anything; of ours it is JSON already.
        told = holding.tell(subject)
        rows = [plain(row) for row in told] if holding.is_of_shop else list(told)
    except Exception as error:
        if not holding.is_of_shop and isinstance(error, (DatabaseError, Resting)):
            # Ours all stand in one database: the others could not be told either.
            raise
        counters.failed("export_incomplete", _untold(holding), error=error)
        failed.append(holding.name)
    return {
        "name": holding.name,
        "about": holding.about,
        "fields": dict(holding.fields),
        "rows": rows,
    }


def _untold(holding: Holding) -> str:
    return (
        f"{holding.name!r} could not be told to somebody who asked what is held about them; all "
        "else was. Correct its `tell`, and let them ask again."
    )
