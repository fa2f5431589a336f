"""How long what was noted is kept, and what goes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import router
from django.db.models import Model, Q

from persona_django import conf
from persona_django.columns import ageing
from persona_django.identity.models import Restriction
from persona_django.numeric.durations import DAY_SECONDS
from persona_django.numeric.week_counts import WEEK_SECONDS
from persona_django.tracking import folding
from persona_django.tracking.models import (
    DropCount,
    Event,
    Intent,
    SearchFind,
    SearchTerm,
    UsedNonce,
    WeekEvidence,
)
from persona_django.tracking.schema import Kind
from persona_django.tracking.signatures import FORGET_AFTER

DROP_COUNTS_KEPT = timedelta(days=365)
TERMS_KEPT = timedelta(days=390)
"""Thirteen months, so that a season can be compared with the one before."""
OF_PURCHASES = (Kind.PURCHASE, Kind.REFUND, Kind.ONE_OFF)
"""Kinds that are kept as long as purchases. Without the last, a present would become a taste."""
OVERDUE_AFTER = timedelta(days=2)
"""What is this much older than it should be says that the job does not run."""
OnChunk = Callable[[], None] | None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How long the rows of one table are kept."""

    name: str
    """What they are, in words."""
    model: type[Model]
    kept: timedelta
    by: str = "at"
    """Its column of time, which has an index."""
    unit: int = 1
    """Seconds that one of that column stands for."""
    goes_with_first: bool = False
    """Whether a row goes when the first of those seconds is too old, and not the last."""
    most: int = ageing.MOST_ROWS
    """Rows deleted at once, where each is large."""
    where: Q = field(default_factory=Q)

    def cutoff(self, now: int) -> int:
        """What lies below is to go."""
        oldest = now - int(self.kept.total_seconds())
        return -(-oldest // self.unit) if self.goes_with_first else oldest // self.unit

    def delete(self, now: int, on_chunk: OnChunk = None) -> int:
        """Delete what is too old, in chunks; how much there was."""
        alias = router.db_for_write(self.model)
        return ageing.delete_older(
            alias,
            self.model,
            by=self.by,
            than=self.cutoff(now),
            where=self.where,
            most=self.most,
            on_chunk=on_chunk,
        )

    def oldest(self) -> int | None:
        """When the oldest row is of, in seconds since 1970; None when there is none."""
        alias = router.db_for_read(self.model)
        found = ageing.oldest(alias, self.model, by=self.by, where=self.where)
        return None if found is None else found * self.unit


def policies() -> tuple[Policy, ...]:
    """Those of this room, by the settings in force."""
    settings = conf.current()
    return (
        Policy(
            name="events of visitors",
            model=Event,
            kept=settings.events_kept,
            where=~Q(kind__in=OF_PURCHASES),
        ),
        Policy(
            name="purchases",
            model=Event,
            kept=settings.purchases_kept,
            where=Q(kind__in=OF_PURCHASES),
        ),
        Policy(
            name="evidence of weeks",
            model=WeekEvidence,
            kept=folding.evidence_kept(),
            by="week",
            unit=WEEK_SECONDS,
            goes_with_first=True,
            most=1,
        ),
        Policy(name="searches and filters", model=Intent, kept=settings.events_kept),
        Policy(
            name="terms that no crowd searched for",
            model=SearchTerm,
            kept=settings.events_kept,
            by="last_at",
            where=Q(words=""),
        ),
        Policy(
            name="terms that were searched for", model=SearchTerm, kept=TERMS_KEPT, by="last_at"
        ),
        Policy(
            name="what was found after searches",
            model=SearchFind,
            kept=settings.events_kept,
            by="last_at",
        ),
        Policy(name="signed messages", model=UsedNonce, kept=FORGET_AFTER),
        Policy(
            name="strangers who are left alone",
            model=Restriction,
            kept=timedelta(0),
            by="until",
            where=Q(until__isnull=False),
        ),
        Policy(
            name="counts of what was refused",
            model=DropCount,
            kept=DROP_COUNTS_KEPT,
            by="day",
            unit=DAY_SECONDS,
        ),
    )
