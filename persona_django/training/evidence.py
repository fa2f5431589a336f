"""What shoppers did, reduced to the columns that learning needs.

Three kinds of evidence are kept apart all the way to the published row. What visitors looked at
with their consent counts once `min_support` of them agree. Purchases, and interest that was
imported without consent, count only behind a crowd of `min_buyers`, each behind its own: one
buyer can never complete a crowd of viewers. Otherwise someone who plants all but one of the
viewers could read from a public list what one customer bought.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.catalogue.snapshot import Snapshot
from persona_django.catalogue.state import read_state
from persona_django.identity.erasure import ERASURES
from persona_django.numeric.attention import attention
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.interactions import Interactions
from persona_django.numeric.lone_pairs import visits_that_count
from persona_django.numeric.sorting import coded, count_distinct, distinct
from persona_django.tracking.events import EventColumns, read_events
from persona_django.tracking.history import read_history
from persona_django.tracking.orders import OrderLines, read_orders
from persona_django.tracking.schema import AGAINST, DERIVED, LAST_KIND, SHARES, Basis, Kind
from persona_django.tracking.visits import gap_seconds

Progress = Callable[[str, int, int], None]
"""Told the stage in words, how much is done, and of how much; 0 when nobody knows."""

LOOKS_PRIOR = 20.0
"""With as many looks of its own, what is usual for an item is half its own and half the shop's."""
_IN_PARTS = np.isin(np.arange(LAST_KIND + 1), sorted(SHARES | DERIVED))
"""By number of kind, whether its value says how much of its weight counts, in thousandths."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How much there was before anything was left out: what chance is reckoned against."""

    people: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Each shopper once, by the number that stands for them in this evidence and nowhere else."""
    baskets: int = 0

    @property
    def shoppers(self) -> int:
        return len(self.people)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Interactions with families, ready to be reduced."""

    browsed: Interactions
    """Consented interest, with its circumstances. No baskets."""
    aggregated: Interactions
    """Interest imported without consent, of families with a crowd only. No baskets."""
    bought: Interactions
    """Purchases on any basis, of families with a crowd of buyers only, in their baskets."""
    rows_read: int
    now: int
    seconds: float
    erasures: int = 0
    """How many erasures there had been before the history was read."""
    aggregated_seen: Seen = Seen()
    bought_seen: Seen = Seen()

    def people(self, browsed: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many shoppers were read, whether or not a crowd did the same, as one number in an
        array; told those who browsed, each once, whom the reduction has named anyway."""
        every = (browsed, self.aggregated_seen.people, self.bought_seen.people)
        return np.array([len(distinct(np.concatenate(every)))], dtype=np.int64)


def gather(
    store: int,
    snapshot: Snapshot,
    *,
    browsing: bool = True,
    looks_back: timedelta | None = None,
    by_day: bool = False,
    progress: Progress | None = None,
) -> Evidence:
    """Read events and orders. Without `browsing` only what was bought; with `looks_back` only what
    happened that lately; `by_day` also weeks of which nothing but the days is known any more.

    Purchases are read whatever they weigh: what goes into one order does not hang on the weight
    that a purchase has in `similar`.
    """
    settings, started = conf.current(), time.perf_counter()
    weights = _weights(settings.event_weights)
    liked = np.flatnonzero(weights).tolist() if browsing else []
    kinds = sorted({int(Kind.PURCHASE), *liked})
    say = progress or _silent
    # Before the history: whoever is erased meanwhile may still be in it.
    erasures = read_state(fresh=True).get(ERASURES, 0)
    say("reading events", 0, 0)
    since = int(time.time() - looks_back.total_seconds()) if looks_back else None
    heard = partial(_heard, say)
    if by_day and browsing and since is None:
        events = read_history(store, kinds, progress=heard)
    else:
        events = read_events(store, kinds, since=since, progress=heard)
    lines = None
    if settings.learn_from_orders:
        lines = read_orders(
            store, since=since, progress=lambda done, all_: say("reading orders", done, all_)
        )
    events, lines = _numbered(events, lines)
    evidence = combine(events, lines, snapshot, now=int(time.time()), started=started)
    # Millions of rows as they were read are let go before what they came to is looked through.
    del events, lines
    evidence = of_visits_that_count(evidence)
    evidence = replace(evidence, seconds=time.perf_counter() - started)
    return replace(evidence, erasures=erasures)


def _numbered(
    events: EventColumns, lines: OrderLines | None
) -> tuple[EventColumns, OrderLines | None]:
    """With numbers from 0 for the shoppers in the place of their keys, in the same order: every
    step that asks whose a row is would have to sort the keys again."""
    if lines is None:
        return replace(events, shopper=coded(events.shopper)[0]), None
    both, _ = coded(np.concatenate([events.shopper, lines.shopper]))
    n = len(events)
    return replace(events, shopper=both[:n]), replace(lines, shopper=both[n:])


def combine(
    events: EventColumns,
    lines: OrderLines | None,
    snapshot: Snapshot,
    *,
    now: int,
    started: float | None = None,
) -> Evidence:
    """Columns as read, turned into evidence: families, weights, and the crowd of each family."""
    settings = conf.current()
    family = family_of(events.item, snapshot)
    weights = _weights(settings.event_weights)
    weight = weights[events.kind] * _strength(events, family)
    purchase, imported = events.kind == Kind.PURCHASE, events.basis == Basis.AGGREGATE
    known = family != 0
    interest = known & ~purchase & (weight > 0)
    browsed = _interactions(events, family, weight, interest & ~imported)
    aggregated = _interactions(events, family, weight, interest & imported)
    bought = _interactions(events, family, weight, known & purchase, baskets=True)
    rows_read = len(events)
    if lines is not None and len(lines):
        rows_read += len(lines)
        bought = _joined(bought, _purchases(lines, snapshot, weights[Kind.PURCHASE]))
    return Evidence(
        browsed=browsed,
        aggregated=behind_a_crowd(aggregated, crowd=settings.min_buyers),
        aggregated_seen=seen(aggregated),
        bought=behind_a_crowd(bought, crowd=settings.min_buyers),
        bought_seen=seen(bought),
        rows_read=rows_read,
        now=now,
        seconds=time.perf_counter() - started if started else 0.0,
    )


def of_visits_that_count(evidence: Evidence) -> Evidence:
    """Without what too many visits to the same two things, and to nothing else, would say."""
    settings = conf.current()
    counted = visits_that_count(
        evidence.browsed,
        gap_seconds=gap_seconds(),
        most_times=settings.rush_times,
        least=settings.min_support,
    )
    return replace(evidence, browsed=evidence.browsed.take(counted))


def behind_a_crowd(interactions: Interactions, *, crowd: int) -> Interactions:
    """Only families that at least `crowd` distinct shoppers bought or took an interest in.

    A family below it could be in no pair anyway; leaving it out before anything is counted keeps
    its buyers from moving any other number. What is left of a purchase whose pairs stay below the
    crowd is taken out when the rows are known, see `numeric.crowds`.
    """
    if not len(interactions.item):
        return interactions
    code, families = coded(interactions.item)
    buyers = count_distinct(code, interactions.shopper, n_items=len(families))
    return interactions.take((buyers >= crowd)[code])


def seen(interactions: Interactions) -> Seen:
    """Distinct shoppers and distinct baskets."""
    if not len(interactions.item):
        return Seen()
    shopper, shoppers = coded(interactions.shopper)
    if interactions.basket is None:
        return Seen(people=shoppers)
    basket, baskets = coded(interactions.basket)
    _, orders = coded(shopper * len(baskets) + basket)
    return Seen(people=shoppers, baskets=len(orders))


def family_of(items: NDArray[np.int64], snapshot: Snapshot) -> NDArray[np.int64]:
    """Family of each item; 0 where it is unknown or where a member is sensitive."""
    if not len(items) or not len(snapshot.item_id):
        return np.zeros(len(items), dtype=np.int64)
    group = snapshot.group_id.astype(np.int64)
    # One sensitive variant makes its whole family sensitive: the slot could show any of them.
    group = np.where(np.isin(group, group[snapshot.sensitive]), 0, group)
    highest = int(snapshot.item_id[-1])
    if highest > 4 * len(snapshot.item_id) + 10_000_000:
        rows = snapshot.rows_of(items)
        return np.where(rows >= 0, group[rows], 0)
    # Ids are nearly dense: one look into a table instead of a search in every row's name.
    table = np.zeros(highest + 2, dtype=np.int64)
    table[snapshot.item_id] = group
    return table[np.clip(items, 0, highest + 1)]


def _strength(events: EventColumns, family: NDArray[np.int64]) -> NDArray[np.float32]:
    """The share of its kind's weight that each event has: what was seen of it, how sure a task is
    of it, or how long somebody looked against how long others do.

    A look is told in pieces, each time the page is hidden, and a film with a growing share: all
    of one day's pieces have the strength of the whole, because one of them counts.
    """
    strength = np.ones(len(events), dtype=np.float32)
    in_parts = np.flatnonzero(_IN_PARTS[events.kind])
    if len(in_parts):
        of, whole = _days(events, family, in_parts)
        most = np.zeros(len(whole), dtype=np.float32)
        np.maximum.at(most, of, events.value[in_parts] / np.float32(1_000))
        strength[in_parts] = np.minimum(most, 1)[of]
    looked = np.flatnonzero(events.kind == Kind.DWELL)
    if len(looked):
        of, whole = _days(events, family, looked)
        seconds = np.bincount(of, weights=events.value[looked]).astype(np.int64)
        strength[looked] = attention(family[looked][whole], seconds, prior=LOOKS_PRIOR)[of]
    return strength


def _days(
    events: EventColumns, family: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each row the number of its shopper's day with that family and kind, and one row of each
    such day."""
    day = events.at[rows] // DAY_SECONDS
    columns = (events.shopper[rows], family[rows], events.kind[rows].astype(np.int64), day)
    number = np.zeros(len(rows), dtype=np.int64)
    for column in columns:
        code, values = coded(column)
        number = number * len(values) + code
        # Numbered afresh each time, so that four columns cannot outgrow one number.
        number = coded(number)[0]
    _, first = np.unique(number, return_index=True)
    return number, first


def _weights(given: Mapping[str, float]) -> NDArray[np.float32]:
    """Weight by number of kind. What speaks against an item speaks for one shopper only, and never
    goes into what everybody is shown, whatever weight it was given."""
    table = np.zeros(LAST_KIND + 1, dtype=np.float32)
    for kind in set(Kind) - AGAINST:
        table[kind] = given.get(kind.name.lower(), 0.0)
    for own in conf.current().event_kinds.values():
        table[own["number"]] = own.get("weight", 0.0)
    return np.maximum(table, 0)


def _interactions(
    events: EventColumns,
    family: NDArray[np.int64],
    weight: NDArray[np.float32],
    keep: NDArray[np.bool_],
    *,
    baskets: bool = False,
) -> Interactions:
    # All of a column is taken as it is: history is mostly of one sort, and long.
    rows = slice(None) if keep.all() else np.flatnonzero(keep)
    at, basket = events.at[rows], None
    if baskets:
        # Without a named order it is what a shopper bought in one day.
        order = events.order[rows]
        basket = np.where(order > 0, order, -1 - at // DAY_SECONDS)
    return Interactions(
        shopper=events.shopper[rows],
        item=family[rows],
        at=at,
        weight=weight[rows],
        basket=basket,
        kind=events.kind[rows],
        # The time of an order is often its day alone, and nobody knows what it was placed on.
        context=None if baskets else events.context[rows],
    )


def _purchases(lines: OrderLines, snapshot: Snapshot, weight: np.float32) -> Interactions:
    family = family_of(lines.item, snapshot)
    whole = Interactions(
        shopper=lines.shopper,
        item=family,
        at=lines.at,
        weight=np.full(len(family), weight, dtype=np.float32),
        basket=lines.order,
        kind=np.full(len(family), Kind.PURCHASE, dtype=np.int16),
    )
    return whole.take((family != 0) & (lines.quantity > 0))


def _joined(first: Interactions, second: Interactions) -> Interactions:
    """Purchases from two places, one after the other."""
    if not len(first):
        return second
    return Interactions(
        **{
            f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)])
            for f in fields(Interactions)
            if getattr(first, f.name) is not None
        }
    )


def _heard(say: Progress, done: int) -> None:
    say("reading events", done, 0)


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
