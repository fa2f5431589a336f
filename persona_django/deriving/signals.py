"""What silence and coming back say, worked out of the log of some people.

Everything here follows from the log and the moment alone, so that working it out again gives the
same, in whatever order the log came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_django import conf
from persona_django.deriving.left_early import left_early
from persona_django.deriving.log import Log
from persona_django.deriving.purchases import Purchases
from persona_django.numeric import carts, passed_over
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.revisits import revisits
from persona_django.numeric.sorting import distinct, paired, pairs_among
from persona_django.tracking.codes import mixed
from persona_django.tracking.context import told_by_task
from persona_django.tracking.derived import COMPARED
from persona_django.tracking.schema import LOOKS, Basis, Kind
from persona_django.tracking.visits import gap_seconds

IntArray = NDArray[np.int64]
Columns = Mapping[str, IntArray]

LONGEST_REACH = 30 * DAY_SECONDS
"""Seconds. What was looked at longer ago than that is new again."""
MOST_SKIPS = 20
"""Skips of one visit that are kept, the surest: who scrolls far passes hundreds of items over."""
CART_SEEN_AGAIN, CART_NOT_SEEN_AGAIN = 900, 600
"""Confidence, in parts of a thousand, that a cart was left on purpose: higher for those who came
back and left it alone again."""
KINDS = (Kind.REVISIT, Kind.SKIP, Kind.CART_ABANDONED)
"""What is worked out here."""
INTEREST = (
    Kind.VIEW, Kind.CLICK, Kind.DWELL, Kind.ENGAGE, Kind.PLAY, Kind.PROGRESS, Kind.FINISH,
    Kind.CART_ADD, Kind.SAVE, Kind.MORE_LIKE, Kind.PURCHASE,
)  # fmt: skip
"""Who did one of these has not passed it over."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which derived events are looked at, by what is known at a moment."""

    now: int
    """Seconds since 1970, UTC."""
    oldest: int
    """What happened before may have been deleted."""
    reach: int
    """Seconds before an event that say whether it is a revisit."""

    @classmethod
    def at(cls, now: int) -> Span:
        """All that can be worked out at that moment, as long as events are kept."""
        kept = int(conf.current().events_kept.total_seconds())
        return cls(now=now, oldest=now - kept, reach=min(LONGEST_REACH, kept // 2))

    @property
    def settled(self) -> int:
        """What happened before stays as it is: what it was worked out of may be gone."""
        return self.oldest + self.reach


def derived(log: Log, purchases: Purchases, span: Span) -> Columns:
    """Every revisit, skip and abandoned cart of these people within the span."""
    left = left_early(log, is_over=_is_over(log, span), within_seconds=max(span.reach, 1))
    again = _revisits(log, span, left)
    parts = (again, _skips(log, span), left, _carts(log, purchases, span))
    whole = {name: np.concatenate([part[name] for part in parts]) for name in COMPARED}
    kept = whole["at"] >= span.settled
    return {name: values[kept] for name, values in whole.items()}


def _is_over(log: Log, span: Span) -> NDArray[np.bool_]:
    """Whether each visit is."""
    return log.visits.end + gap_seconds() <= span.now


def _revisits(log: Log, span: Span, left: Columns) -> Columns:
    """One for each visit that came back to something, but not to leave it again."""
    looked = log.events.take(np.isin(log.events.kind, LOOKS) & (log.events.family > 0))
    found = revisits(
        looked.person,
        looked.family,
        looked.visit,
        looked.at,
        within_seconds=max(span.reach, 1),
        tie=looked.uid,
    )
    again = looked.take(found)
    again = again.take(_is_over(log, span)[again.visit])
    again = again.take(~pairs_among(again.visit, again.family, (left["visit"], left["family"])))
    # Coming back is a fact, not a guess.
    return again.marked(Kind.REVISIT, np.full(len(again), 1_000))


def _skips(log: Log, span: Span) -> Columns:
    """One for each item and visit, however often it was passed over in it."""
    slates, slate = log.slates, log.slates.slate
    visit = log.slate_visit[slate]
    sure = passed_over.doubt(
        slate,
        slates.position,
        is_seen=slates.is_seen,
        is_chosen=slates.is_chosen,
        went_on=_last_page(log)[visit] > slates.at[slate],
    )
    counts = (sure > 0) & (log.slot_family > 0) & ~slates.is_dismissed
    counts &= _is_over(log, span)[visit]
    counts &= ~_shown_interest(log, visit)
    rows = np.flatnonzero(counts)
    if not len(rows):
        return {name: np.empty(0, dtype=np.int64) for name in COMPARED}
    group = paired(visit[rows], log.slot_family[rows])
    together = passed_over.together(group, sure[rows], n_groups=int(group.max()) + 1)
    # It bears the name of its first sighting, and the time of its last.
    order = np.lexsort((slates.uid[slate[rows]], slates.at[slate[rows]], group))
    starts = np.searchsorted(group[order], np.arange(len(together)))
    first, last = rows[order[starts]], rows[order[np.append(starts[1:], len(rows)) - 1]]
    kept = passed_over.surest(visit[first], together, log.slot_family[first], most=MOST_SKIPS)
    first, last, together = first[kept], last[kept], together[kept]
    name = mixed(slates.uid[slate[first]], seed=Kind.SKIP)
    return {
        "shopper": slates.shopper[slate[first]],
        "uid": mixed(name ^ log.slot_family[first], seed=Kind.SKIP),
        "kind": np.full(len(first), Kind.SKIP),
        "item_id": slates.item[first],
        "at": slates.at[slate[last]],
        "basis": np.full(len(first), Basis.CONSENT),
        "value": np.rint(1_000 * together).astype(np.int64),
        "context": told_by_task(slates.context[slate[last]]),
    }


def _last_page(log: Log) -> IntArray:
    """When the last page of each visit was opened."""
    last = np.zeros(len(log.visits), dtype=np.int64)
    opened = np.isin(log.events.kind, LOOKS)
    np.maximum.at(last, log.events.visit[opened], log.events.at[opened])
    np.maximum.at(last, log.slate_visit, log.slates.at)
    return last


def _shown_interest(log: Log, visit: IntArray) -> NDArray[np.bool_]:
    """For each slot, whether its family was looked at, or refused, in the same visit."""
    return log.was_told((*INTEREST, Kind.DISMISS), visit, log.slot_family)


def _carts(log: Log, purchases: Purchases, span: Span) -> Columns:
    events = log.events
    after = int(conf.current().abandoned_after.total_seconds())
    added = events.take((events.kind == Kind.CART_ADD) & (events.family > 0))
    settles = np.isin(events.kind, (Kind.CART_REMOVE, Kind.PURCHASE))
    ordered = events.kind == Kind.ORDERED
    own = purchases.of(distinct(log.people.person))
    found = carts.left_alone(
        added.person,
        added.item,
        added.at,
        closer=(
            np.append(events.person[settles], own.person),
            np.append(events.item[settles], own.item),
            np.append(events.at[settles], own.at),
        ),
        emptier=(events.person[ordered], events.at[ordered]),
        after_seconds=after,
        now=span.now,
        tie=added.uid,
    )
    left = added.take(found)
    came_back = _came_back(log, left.person, left.visit, left.at + after)
    return left.marked(
        Kind.CART_ABANDONED, np.where(came_back, CART_SEEN_AGAIN, CART_NOT_SEEN_AGAIN)
    )


def _came_back(log: Log, person: IntArray, visit: IntArray, until: IntArray) -> NDArray[np.bool_]:
    """Whether each person's next visit began before that moment."""
    visits = log.visits
    if not len(visits) or not len(visit):
        return np.zeros(len(visit), dtype=bool)
    following = np.minimum(visit + 1, len(visits) - 1)
    is_theirs = (following > visit) & (visits.shopper[following] == person)
    return is_theirs & (visits.start[following] <= until)
