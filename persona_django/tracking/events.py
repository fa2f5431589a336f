"""The event log as columns, for learning."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from django.db import router
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet
from numpy.typing import NDArray

from persona_django import conf
from persona_django.columns.keys import highest_key, lowest_key
from persona_django.columns.read import read_columns, read_queryset
from persona_django.identity import restrictions
from persona_django.identity.models import Visitor
from persona_django.identity.standing import does_not_count
from persona_django.numeric.sorting import paired
from persona_django.tracking.context import CIRCUMSTANCE_BITS, SENDER_BITS
from persona_django.tracking.models import Event
from persona_django.tracking.schema import Kind


@dataclass(frozen=True, kw_only=True)
class EventColumns:
    """Events as aligned columns, in no order."""

    shopper: NDArray[np.int64]
    """Keyed hash of the account where the visitor is linked to one, else of the visitor."""
    item: NDArray[np.int64]
    kind: NDArray[np.int16]
    at: NDArray[np.int64]
    """Seconds since 1970, UTC."""
    order: NDArray[np.int64]
    """Keyed hash of the order of a purchase; 0 elsewhere."""
    quantity: NDArray[np.int32]
    basis: NDArray[np.int16]
    """See schema.Basis: what is AGGREGATE may teach relations, never describe a shopper."""
    value: NDArray[np.int16]
    """Seconds, share or confidence, by kind."""
    context: NDArray[np.int16]
    """Device, entry and local hour, as `tracking.context` packs them; the rest of it is 0."""

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: NDArray[Any]) -> EventColumns:
        """The given rows, by position or by mask."""
        return EventColumns(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


_KIND_BITS, _BASIS_BITS, _VALUE_BITS = 7, 2, 11
_BITS = _KIND_BITS + _BASIS_BITS + _VALUE_BITS + CIRCUMSTANCE_BITS
"""All four travel in the low bits of the time: each column costs time by the million. The time has
the 32 that are left, until 2106."""
BOUGHT = {Kind.PURCHASE, Kind.REFUND}
"""Kinds whose quantity and order mean something."""


def read_events(
    store: int = 1,
    kinds: Collection[int] | None = None,
    *,
    since: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> EventColumns:
    """Every event of the given kinds, all kinds by default. `progress` hears the rows read so far.

    Refunds are taken off the purchases of the same shopper and item, and never appear themselves.
    Visitors who took their consent back, who paused or were erased are left out, and so are those
    who only passed by or are robots.
    """
    wanted = with_refunds(Kind if kinds is None else kinds)
    return that_count(read_raw(store, wanted, since=since, progress=progress), store)


def with_refunds(kinds: Collection[int]) -> set[int]:
    """The kinds that have to be read to learn from some: refunds with purchases, else none."""
    wanted = set(kinds) - {Kind.REFUND}
    return wanted | {Kind.REFUND} if Kind.PURCHASE in wanted else wanted


def that_count(events: EventColumns, store: int) -> EventColumns:
    """What may teach anything of events as they stand in the log, each under its account, and
    refunds taken off the purchases among them."""
    # By their own key, and by that of the customer they are linked to.
    events = _of_nobody_restricted(_linked(_of_nobody_restricted(events), store))
    return _refunded(events)


def read_raw(
    store: int,
    kinds: Collection[int],
    *,
    since: int | None = None,
    until: int | None = None,
    first_key: int | None = None,
    alias: str = "",
    progress: Callable[[int], None] | None = None,
) -> EventColumns:
    """Events as they stand in the log: refunds too, and of those whose events teach nothing.

    `until` itself is not among the times; keys are read from `first_key` on. Everything is read
    with the columns that all have, then what was bought with the columns it needs: most shops'
    purchases stand in tables of their own, and then the log is read once.
    """
    alias = alias or router.db_for_read(Event)
    rows = Event.objects.using(alias).filter(store=store).order_by()
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    first, last = _ends(rows.db, since, until)
    ends = (first if first_key is None else first_key, last)
    if BOUGHT.issuperset(kinds):
        return _columns(rows, kinds, ends, progress)
    events = _columns(rows, kinds, ends, progress)
    is_bought = np.isin(events.kind, sorted(BOUGHT))
    places = np.flatnonzero(is_bought)
    if not len(places):
        return events
    shown = len(events) - len(places)
    heard = (lambda more: progress(shown + more)) if progress else None
    bought = _columns(rows, set(kinds) & BOUGHT, ends, heard)
    if not _are_the_same(events, places, bought):
        # Some of it was written or deleted meanwhile.
        return joined(events.take(~is_bought), bought)
    order, quantity = np.zeros(len(events), np.int64), np.ones(len(events), np.int32)
    order[places], quantity[places] = bought.order, bought.quantity
    return replace(events, order=order, quantity=quantity)


def _are_the_same(events: EventColumns, places: NDArray[np.int64], bought: EventColumns) -> bool:
    """Whether what stands at these places is what was read again, in the same order."""
    return len(places) == len(bought) and all(
        np.array_equal(getattr(events, name)[places], getattr(bought, name))
        for name in ("shopper", "item", "kind", "at")
    )


def _ends(alias: str, since: int | None, until: int | None) -> tuple[int | None, int | None]:
    """The lowest and the highest key of the log, of all stores, between two times.

    Lowest it is and not that of the oldest event: imports tell late of what happened before.
    """
    log = Event.objects.using(alias)
    keys = log.order_by("id").values_list("id", flat=True)
    # On most databases the index by time holds the keys as well and nothing else: to ask for the
    # store, too, would look up each row.
    within = log.filter(at__gte=since or 0)
    if until is not None:
        within = within.filter(at__lt=until)
        return lowest_key(within), highest_key(within)
    return (keys.first() if since is None else lowest_key(within)), keys.last()


def _columns(
    rows: QuerySet[Event],
    kinds: Collection[int],
    ends: tuple[int | None, int | None],
    progress: Callable[[int], None] | None,
) -> EventColumns:
    # The key only cuts the read into ranges.
    context = F("context").bitrightshift(SENDER_BITS).bitand(2**CIRCUMSTANCE_BITS - 1)
    low_bits = context * 2**_VALUE_BITS + F("value")
    low_bits = (low_bits * 2**_BASIS_BITS + F("basis")) * 2**_KIND_BITS + F("kind")
    packed = ExpressionWrapper(F("at") * 2**_BITS + low_bits, output_field=BigIntegerField())
    columns: list[Any] = ["shopper", "item_id", packed]
    is_bought = BOUGHT.issuperset(kinds)
    if is_bought:
        columns += ["quantity", "order"]
    found = [np.empty(0, np.int64) for _ in columns]
    if kinds:
        # From the first to the last of them: a list costs more than the few that are not wanted.
        rows = rows.filter(kind__range=(min(kinds), max(kinds))).values_list(*columns, "id")
        sql, params = rows.query.get_compiler(rows.db).as_sql()
        found = read_columns(
            rows.db,
            sql,
            params,
            "n" * len(columns),
            by=len(columns),
            ends=ends,
            threads=conf.current().learning_threads,
            progress=progress,
        )
    shopper, item, packed_at, *more = found
    # Shifts, because divisions of whole numbers are what takes longest here.
    small = packed_at.astype(np.int32)
    small &= 2**_BITS - 1
    n = len(shopper)
    events = EventColumns(
        shopper=shopper,
        item=item,
        kind=(small & (2**_KIND_BITS - 1)).astype(np.int16),
        at=packed_at >> _BITS,
        order=more[1] if is_bought else np.broadcast_to(np.int64(0), n),
        # One number for all of them takes no room.
        quantity=more[0].astype(np.int32) if is_bought else np.broadcast_to(np.int32(1), n),
        basis=(small >> _KIND_BITS & (2**_BASIS_BITS - 1)).astype(np.int16),
        value=(small >> _KIND_BITS + _BASIS_BITS & (2**_VALUE_BITS - 1)).astype(np.int16),
        context=(small >> _BITS - CIRCUMSTANCE_BITS << SENDER_BITS).astype(np.int16),
    )
    if len(kinds) == 0 or len(kinds) == max(kinds) - min(kinds) + 1:
        return events
    return events.take(np.isin(events.kind, sorted(kinds)))


def _linked(events: EventColumns, store: int) -> EventColumns:
    """Put each visitor's account in the visitor's place, and leave out whose events teach nothing:
    who withdrew, only passed by, is a robot, or is one of too many of one network."""
    # Where they are written: a replica that lags does not know yet who took their consent back.
    visitors = Visitor.objects.using(router.db_for_write(Visitor)).order_by()
    gone = read_queryset(visitors.filter(does_not_count()).values_list("key"), "i")[0]
    if len(gone):
        _, rows = _places(events.shopper, np.sort(gone))
        if len(rows):
            kept = np.ones(len(events), dtype=bool)
            kept[rows] = False
            events = events.take(kept)
    linked = visitors.filter(account__isnull=False).values_list("key", "account")
    visitor, account = read_queryset(linked, "ii")
    if not len(visitor):
        return events
    order = np.argsort(visitor)
    place, rows = _places(events.shopper, visitor[order])
    shopper = events.shopper.copy()
    shopper[rows] = account[order][place]
    columns = {f.name: getattr(events, f.name) for f in fields(events)}
    return EventColumns(**{**columns, "shopper": shopper})


def _places(
    shopper: NDArray[np.int64], keys: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in ascending `keys` some shoppers stand, and in which rows those shoppers are.

    Keys of visitors are hashes, so their low bits tell most others apart at one look into a small
    table; only what is left is searched for.
    """
    bits = min(max(len(keys).bit_length() + 3, 10), 24)
    mask = 2**bits - 1
    there = np.zeros(2**bits, dtype=bool)
    there[keys & mask] = True
    rows = np.flatnonzero(there[shopper & mask])
    place = np.minimum(np.searchsorted(keys, shopper[rows]), len(keys) - 1)
    found = keys[place] == shopper[rows]
    return place[found], rows[found]


def _of_nobody_restricted(events: EventColumns) -> EventColumns:
    gone = restrictions.restricted_keys()
    return events.take(~np.isin(events.shopper, gone)) if len(gone) else events


def _refunded(events: EventColumns) -> EventColumns:
    """Take refunds off purchases: off the order they name first, what is left of them off the
    latest purchases made before."""
    is_refund = events.kind == Kind.REFUND
    if not is_refund.any():
        return events
    others = events.take(~is_refund)
    refunds = events.take(is_refund)
    touched = others.kind == Kind.PURCHASE
    touched &= np.isin(others.shopper, refunds.shopper) & np.isin(others.item, refunds.item)
    bought = np.flatnonzero(touched)
    if not len(bought):
        return others
    some = joined(others.take(bought), refunds)
    pieces = np.abs(some.quantity.astype(np.int64))
    pieces[len(bought) :] *= -1
    goes_out = pieces < 0
    pair = paired(some.shopper, some.item)
    named = np.flatnonzero(some.order > 0)
    # An order that is refunded was placed before, whatever the clocks of two systems say.
    in_order = np.lexsort((some.at[named], goes_out[named], some.order[named], pair[named]))
    named = named[in_order]
    pieces[named] = _settled(paired(pair, some.order)[named], pieces[named])
    in_time = np.lexsort((goes_out, some.at, pair))
    pieces[in_time] = _settled(pair[in_time], pieces[in_time])
    kept = others.quantity.copy()
    kept[bought] = pieces[: len(bought)]
    columns = {f.name: getattr(others, f.name) for f in fields(others)}
    return EventColumns(**{**columns, "quantity": kept}).take(kept > 0)


def joined(*parts: EventColumns) -> EventColumns:
    """Events from several places, one after the other."""
    columns = ([getattr(part, f.name) for part in parts] for f in fields(EventColumns))
    names = [f.name for f in fields(EventColumns)]
    return EventColumns(**dict(zip(names, map(_one_after_another, columns), strict=True)))


def _one_after_another(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Columns as one; where all are the same one number, that number, which takes no room."""
    some = [part for part in parts if len(part)]
    if some and all(part.strides == (0,) and part[0] == some[0][0] for part in some):
        return np.broadcast_to(some[0][:1], sum(map(len, some)))
    return np.concatenate(parts)


def _settled(group: NDArray[np.int64], pieces: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is left of pieces that come in (above 0) and go out (below 0), the last in first out.

    Rows of a group stand together in the order in which they happened. Pieces go out only as far
    as some are there; what could not go out is left as it is, below 0.
    """
    if not len(group):
        return pieces
    total = np.cumsum(pieces)
    starts = np.r_[True, group[1:] != group[:-1]]
    number = np.cumsum(starts) - 1
    total -= (total - pieces)[starts][number]
    # One pass over all groups: each is moved so far from the next that none sees another's.
    apart = 2 * np.abs(total).max() + 1
    lowest = np.minimum.accumulate(total - number * apart) + number * apart
    stock = total - np.minimum(lowest, 0)
    before = np.where(starts, 0, np.r_[0, stock[:-1]])
    later = (stock + number * apart)[::-1]
    lowest_later = np.minimum.accumulate(later)[::-1] - number * apart
    came_in = np.clip(lowest_later - before, 0, None)
    return np.where(pieces > 0, came_in, pieces + before - stock)
