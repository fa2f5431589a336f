"""What some people did, as columns, cut into the visits of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np
from django.db import router
from numpy.typing import NDArray

from persona_django.catalogue.snapshot import Snapshot
from persona_django.columns.read import read_queryset
from persona_django.deriving.people import People
from persona_django.feedback.slates import Slates, read_slates
from persona_django.numeric.sorting import pairs_among
from persona_django.numeric.visits import Visits, visits_of
from persona_django.tracking.codes import mixed
from persona_django.tracking.context import told_by_task
from persona_django.tracking.items import families
from persona_django.tracking.models import Event, Intent
from persona_django.tracking.schema import DERIVED, Basis, Kind
from persona_django.tracking.visits import gap_seconds

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Events:
    """What was reported, as aligned columns in order of shopper and name."""

    shopper: IntArray
    person: IntArray
    uid: IntArray
    kind: IntArray
    item: IntArray
    family: IntArray
    """0 for what the catalogue does not know, and for what is sensitive."""
    at: IntArray
    basis: IntArray
    value: IntArray
    context: IntArray
    visit: IntArray
    """Number of its visit."""

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: NDArray[np.bool_] | IntArray) -> Events:
        """The given rows, by position or by mask."""
        return Events(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def marked(self, kind: Kind, value: IntArray) -> dict[str, IntArray]:
        """A derived event for each, about the same item at the same time."""
        return {
            "shopper": self.shopper,
            "uid": mixed(self.uid, seed=kind),
            "kind": np.full(len(self), kind),
            "item_id": self.item,
            "at": self.at,
            "basis": self.basis,
            "value": value,
            "context": told_by_task(self.context),
        }


@dataclass(frozen=True, kw_only=True)
class Log:
    """Everything that was stored of some people since a moment."""

    people: People
    events: Events
    slates: Slates
    slate_visit: IntArray
    """Number of each slate's visit."""
    slot_family: IntArray
    visits: Visits
    """Of people, not of their browsers: who signs in half way is in one visit."""

    def was_told(
        self, kinds: Collection[Kind], visit: IntArray, family: IntArray
    ) -> NDArray[np.bool_]:
        """Whether each visit said something of these kinds about a family."""
        events = self.events
        told = np.isin(events.kind, tuple(kinds)) & (events.family > 0)
        return pairs_among(visit, family, (events.visit[told], events.family[told]))


def read_log(people: People, snapshot: Snapshot, *, since: int, store: int = 1) -> Log:
    """The log of these people. What was imported without consent describes nobody: left out."""
    shoppers = people.shopper.tolist()
    rows = Event.objects.using(router.db_for_read(Event)).filter(
        store=store, shopper__in=shoppers, at__gte=since
    )
    rows = rows.exclude(kind__in=DERIVED).exclude(basis=Basis.AGGREGATE)
    names = ("shopper", "uid", "kind", "item_id", "at", "basis", "value", "context")
    shopper, uid, kind, item, at, basis, value, context = read_queryset(
        rows.order_by("shopper", "uid").values_list(*names), "i" * len(names)
    )
    slates = read_slates(shoppers, since=since, store=store)
    asked = Intent.objects.using(router.db_for_read(Intent)).filter(
        store=store, shopper__in=shoppers, at__gte=since
    )
    who_asked, asked_uid, asked_at = read_queryset(
        asked.order_by("shopper", "uid").values_list("shopper", "uid", "at"), "iii"
    )
    visits = visits_of(
        people.of(np.concatenate([shopper, slates.shopper, who_asked])),
        np.concatenate([at, slates.at, asked_at]),
        gap_seconds=gap_seconds(),
        tie=np.concatenate([uid, slates.uid, asked_uid]),
    )
    return Log(
        people=people,
        events=Events(
            shopper=shopper,
            person=people.of(shopper),
            uid=uid,
            kind=kind,
            item=item,
            family=families(item, snapshot),
            at=at,
            basis=basis,
            value=value,
            context=context,
            visit=visits.number[: len(at)],
        ),
        slates=slates,
        slate_visit=visits.number[len(at) : len(at) + len(slates)],
        slot_family=families(slates.item, snapshot),
        visits=visits,
    )
